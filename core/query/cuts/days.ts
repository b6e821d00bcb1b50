/**
 * `chunk_by_days`: half-open windows `[start, end)` of whole UTC days of a date or timestamp column. The
 * first and last are open on the outside, and a window reaches to the start of the next that holds rows.
 */
import { columnRef, literalOf } from "../select.ts";
import { boundOf, Calendar, dayOf, LAST_DAY } from "./calendar.ts";
import { type Cut, isNullChunk } from "./cut.ts";
import { openRanges } from "./open_ranges.ts";

const BOUND = /^\d{4}-\d\d-\d\d( 00:00:00\+00)?$/;

const isBound = (bound: string | null) => bound === null || BOUND.test(bound);

/** Any day cuts a column whose values are in no calendar. */
const SOME_DAY = dayOf("1970-01-01") as number;

export const days: Cut = {
  kind: "days",
  wanted: (mode) => mode.days !== null,
  columnSetting: "chunk_column",
  columnKinds: ["date", "timestamp"],
  anyKey: false,
  nullChunk: true,
  open: true,
  integers: false,
  paged: false,
  measure: (mode) => `days=${mode.days}`,
  lookUps: true,
  async bounds(request) {
    const size = request.mode.days as number;
    const starts = await new Calendar(request, size).starts();
    if (starts === null) return [];
    const [first = SOME_DAY, ...inner] = starts;
    // Without a boundary the only chunk would be open on both sides, which names the NULLs.
    if (inner.length === 0) inner.push(first + size <= LAST_DAY ? first + size : first);
    return openRanges(inner.map((day) => boundOf(request.column, day)));
  },
  rows: (_dialect, { base }) => base,
  where(dialect, shape, bounds) {
    const column = columnRef(dialect, shape.column);
    if (isNullChunk(days, bounds)) return `${column} IS NULL`;
    const literal = (day: string) => literalOf(dialect, day, shape.columnType);
    return [
      ...(bounds.start === null ? [] : [`${column} >= ${literal(bounds.start)}`]),
      ...(bounds.end === null ? [] : [`${column} < ${literal(bounds.end)}`]),
    ].join(" AND ");
  },
  order: (dialect, shape) => columnRef(dialect, shape.column),
  accepts: ({ start, end }) => isBound(start) && isBound(end),
  problem({ start, end }, before) {
    if (before === undefined) return start === null ? null : "the first window must be open below";
    if (start === null || start !== before.end) return "it does not begin where the last ends";
    return end !== null && start >= end ? "it ends before it starts" : null;
  },
};
