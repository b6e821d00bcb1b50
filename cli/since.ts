/** `--since`: a point in time, or how long ago it was. */
import { ConfigError } from "../core/base/errors.ts";

const UNITS: Readonly<Record<string, number>> = {
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 7 * 86_400_000,
};

/** Dates, and instants with or without a zone; without one they are UTC. */
const INSTANT = /^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(Z|[+-]\d{2}:\d{2})?)?$/;

/** ISO 8601, UTC, with milliseconds. @throws ConfigError USAGE */
export function sinceInstant(text: string, now: Date): string {
  const ago = /^(\d{1,6})([mhdw])$/.exec(text);
  const ms = ago === null ? instantMs(text) : now.getTime() - Number(ago[1]) * UNITS[ago[2]];
  if (ms !== null && !Number.isNaN(ms)) {
    // Years before 0 and behind 9999 are written otherwise, and compare otherwise.
    const at = new Date(ms);
    if (at.getUTCFullYear() >= 0 && at.getUTCFullYear() <= 9999) return at.toISOString();
  }
  throw new ConfigError(`--since: '${text}' is no time`, [], {
    code: "USAGE",
    hint:
      "Give a date (2026-05-01), an instant (2026-05-01T06:00:00Z), or how long ago: 30m, 12h, 7d, 4w.",
  });
}

function instantMs(text: string): number | null {
  const match = INSTANT.exec(text);
  if (match === null) return null;
  const ms = Date.parse(text.includes("T") && match[1] === undefined ? `${text}Z` : text);
  // 2026-02-30 is taken for a day of March.
  const [, , day] = text.split(/[-T]/).map(Number);
  return match[1] === undefined && new Date(ms).getUTCDate() !== day ? null : ms;
}
