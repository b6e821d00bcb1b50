/**
 * `chunk_dense`: ranges `(start, end]` of a column with about equal counts of rows. The boundaries are
 * values of the column, found once: what is deleted or inserted meanwhile moves no row between chunks.
 */
import type { Dialect } from "../../ports/source.ts";
import { requireComparable } from "../comparable.ts";
import { keyRange } from "../page.ts";
import { columnRef, outerSelect, textOf } from "../select.ts";
import { type Cut, type CutRequest, isNullChunk, sizeText } from "./cut.ts";
import { openRangeProblem, openRanges } from "./open_ranges.ts";
import { MAX_CHUNKS, tooManyChunks } from "./windows.ts";

/** The value of every `size`-th row in the column's order, as text, at most one more than is allowed. */
function boundariesSql(dialect: Dialect, { base, column }: CutRequest, size: number): string {
  const key = columnRef(dialect, column.name);
  const numbered = outerSelect(dialect, {
    selectList: [`${key} AS k`, `ROW_NUMBER() OVER (ORDER BY ${key}) AS n`],
    base,
    where: `${key} IS NOT NULL`,
  });
  const every = `SELECT ${textOf(dialect, "d.k", column)} FROM (\n${numbered}\n) AS d ` +
    `WHERE d.n % ${size} = 0 ORDER BY d.n`;
  return dialect.limit(every, Number(MAX_CHUNKS) + 1);
}

/** The highest value, for a table of less than one chunk; null when there is none. */
async function highest({ source, base, column }: CutRequest): Promise<string | null> {
  const key = columnRef(source.dialect, column.name);
  const rows = await source.rows(outerSelect(source.dialect, {
    selectList: [textOf(source.dialect, key, column)],
    base,
    where: `${key} IS NOT NULL`,
    orderBy: [`${key} DESC`],
    limit: 1,
  }));
  return rows[0]?.[0] ?? null;
}

export const dense: Cut = {
  // Chunks of row numbers were called `dense`: a checkpoint of those must not be read as keys.
  kind: "dense_keys",
  wanted: ({ dense }) => dense,
  columnSetting: "chunk_column",
  columnKinds: null,
  anyKey: false,
  nullChunk: true,
  open: true,
  integers: false,
  paged: false,
  measure: sizeText,
  required: (request) => requireComparable(request, request.column, "chunk_column"),
  lookUps: false,
  async bounds(request) {
    const { source, mode: { size } } = request;
    const found = await source.rows(boundariesSql(source.dialect, request, size));
    if (found.length > MAX_CHUNKS) throw tooManyChunks(`chunk_size ${size} with chunk_dense`);
    const values = found.map(([value]) => value as string);
    const distinct = values.filter((value, i) => value !== values[i - 1]);
    if (distinct.length > 0) return openRanges(distinct);
    // Without a boundary the only chunk would be open on both sides, which names the NULLs.
    const last = await highest(request);
    return last === null ? [] : openRanges([last]);
  },
  rows: (_dialect, { base }) => base,
  where(dialect, shape, bounds) {
    const column = columnRef(dialect, shape.column);
    return isNullChunk(dense, bounds)
      ? `${column} IS NULL`
      : keyRange(dialect, column, bounds.start, bounds.end, shape.columnType);
  },
  order: (dialect, shape) => columnRef(dialect, shape.column),
  accepts: () => true,
  problem: openRangeProblem,
};
