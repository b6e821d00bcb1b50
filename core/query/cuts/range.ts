/** `chunk_column`: inclusive windows of an integer column, from MIN to MAX. */
import { columnRef, minMaxSql } from "../select.ts";
import { type Cut, isNullChunk } from "./cut.ts";
import { INTEGER, integerBounds, integerProblem, sizeOrCount } from "./integer_windows.ts";

export const range: Cut = {
  kind: "range",
  wanted: () => true,
  columnSetting: "chunk_column",
  columnKinds: ["int"],
  anyKey: false,
  nullChunk: true,
  open: false,
  integers: true,
  paged: false,
  measure: sizeOrCount,
  lookUps: true,
  async bounds({ source, mode, base, column }) {
    const [[min, max]] = await source.rows(minMaxSql(source.dialect, base, column.name, column));
    if (min === null || max === null) return [];
    return integerBounds(BigInt(min), BigInt(max), mode);
  },
  rows: (_dialect, { base }) => base,
  where(dialect, shape, bounds) {
    const column = columnRef(dialect, shape.column);
    return isNullChunk(range, bounds)
      ? `${column} IS NULL`
      : `${column} BETWEEN ${bounds.start} AND ${bounds.end}`;
  },
  order: (dialect, shape) => columnRef(dialect, shape.column),
  accepts: (bounds) =>
    isNullChunk(range, bounds) ||
    INTEGER.test(bounds.start ?? "") && INTEGER.test(bounds.end ?? ""),
  problem: integerProblem,
};
