/** `cursor_lag`: a stored time, and the time that long before it. */
import { civilDate } from "../types/civil.ts";
import { RivetError } from "../base/errors.ts";

/** As `core/batch/values.ts` writes dates and timestamps, and ISO 8601 as people set them; years 1 to 9999. */
const STORED = /^(\d{4}-\d\d-\d\d)(?:[ T](\d\d:\d\d:\d\d)(?:\.(\d+))?(\+00(?::?00)?|Z)?)?$/;
const DAY_MS = 86_400_000;

/**
 * @param cursor a date or timestamp as a cursor stores it; of a date, the days that the lag reaches into.
 * @throws RivetError for a time that has no calendar year of four digits.
 */
export function earlier(cursor: string, lagMs: number): string {
  const match = STORED.exec(cursor);
  if (match === null) {
    throw new RivetError("CONFIG_INVALID", `cursor_lag: the stored cursor '${cursor}' is no time`, {
      hint: "Start over with 'rivet state reset', or leave cursor_lag out.",
    });
  }
  const [, date, clock, fraction, utc] = match;
  const zone = utc === undefined ? undefined : "+00";
  const at = Date.parse(`${date}T${clock ?? "00:00:00"}Z`);
  // Whole milliseconds and what is left of them are kept apart: a number has no room for nanoseconds.
  const digits = (fraction ?? "").padEnd(3, "0");
  const ms = at + Number(digits.slice(0, 3)) - lagMs;
  const days = Math.floor(ms / DAY_MS);
  const { year, month, day } = civilDate(days);
  if (year < 1) return earliest(clock !== undefined, zone);
  const two = (n: number) => String(n).padStart(2, "0");
  const text = `${String(year).padStart(4, "0")}-${two(month)}-${two(day)}`;
  if (clock === undefined) return text;
  const time = new Date(ms - days * DAY_MS).toISOString().slice(11, 23);
  return `${text} ${time}${digits.slice(3)}${zone ?? ""}`;
}

/** Before all times that a lag can be taken from. */
function earliest(clock: boolean, zone: string | undefined): string {
  return clock ? `0001-01-01 00:00:00${zone ?? ""}` : "0001-01-01";
}
