/** `chunk_by_days`: half-open windows `[start, end)` of whole UTC days of a date or timestamp column. */
import { columnRef, literalOf, minMaxSql } from "../select.ts";
import { type Cut, isNullChunk } from "./cut.ts";
import { dayWindows } from "./windows.ts";

const BOUND = /^\d{4,}-\d\d-\d\d( 00:00:00\+00)?$/;

export const days: Cut = {
  kind: "days",
  wanted: ({ chunk_by_days }) => chunk_by_days !== undefined,
  columnSetting: "chunk_column",
  columnKinds: ["date", "timestamp"],
  anyKey: false,
  nullChunk: true,
  open: false,
  integers: false,
  paged: false,
  measure: ({ chunk_by_days }) => `days=${chunk_by_days}`,
  async bounds({ source, exported, base, column }) {
    const [[min, max]] = await source.rows(minMaxSql(source.dialect, base, column.name, column));
    if (min === null || max === null) return [];
    const suffix = column.type.kind === "timestamp" && column.type.utc ? " 00:00:00+00" : "";
    return dayWindows(min.slice(0, 10), max.slice(0, 10), exported.config.chunk_by_days ?? 1)
      .map(({ start, end }) => ({ start: start + suffix, end: end + suffix }));
  },
  rows: (_dialect, { base }) => base,
  where(dialect, shape, bounds) {
    const column = columnRef(dialect, shape.column);
    if (isNullChunk(days, bounds)) return `${column} IS NULL`;
    const [from, to] = [bounds.start, bounds.end]
      .map((day) => literalOf(dialect, day as string, shape.columnType));
    return `${column} >= ${from} AND ${column} < ${to}`;
  },
  order: (dialect, shape) => columnRef(dialect, shape.column),
  accepts: (bounds) =>
    isNullChunk(days, bounds) || BOUND.test(bounds.start ?? "") && BOUND.test(bounds.end ?? ""),
  problem({ start, end }, before) {
    if (start === null || end === null) return "it is open";
    if (start >= end) return "it ends before it starts";
    return before === undefined || before.end === start
      ? null
      : "it does not begin where the last ends";
  },
};
