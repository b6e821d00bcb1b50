/** `chunk_by_key`: ranges `(start, end]` of a unique key of any type, read in pages. */
import { ConfigError } from "../../base/errors.ts";
import { requireComparable } from "../comparable.ts";
import { keyRange } from "../page.ts";
import { columnRef } from "../select.ts";
import type { Cut, CutRequest } from "./cut.ts";
import { keyBoundaries } from "./key_boundaries.ts";
import { openRangeProblem, openRanges } from "./open_ranges.ts";
import { DEFAULT_CHUNK_SIZE } from "./windows.ts";

/** A key that skips no row: unique and NOT NULL, which only a table's catalog can promise. */
async function requireKey({ source, exported, column }: CutRequest): Promise<void> {
  const keys = exported.table === null ? [] : await source.keys(exported.table);
  const key = keys.find((k) => k.column === column.name);
  if (exported.table !== null && key === undefined) {
    throw new ConfigError(
      `export '${exported.name}': chunk_by_key needs a column that is NOT NULL and unique by ` +
        `itself; '${column.name}' of '${exported.table}' is not`,
      [],
      { hint: "Choose the primary key or another unique NOT NULL column." },
    );
  }
  if (key === undefined && column.nullable) {
    throw new ConfigError(
      `export '${exported.name}': chunk_by_key '${column.name}' can be NULL in the query's result`,
      [],
      { hint: "Use `table:`, or select a column that is NOT NULL in its table." },
    );
  }
}

export const uniqueKey: Cut = {
  kind: "key",
  wanted: ({ chunk_by_key }) => chunk_by_key !== undefined && chunk_by_key !== false,
  columnSetting: "chunk_by_key",
  columnKinds: null,
  anyKey: true,
  nullChunk: false,
  open: true,
  integers: false,
  paged: true,
  measure: ({ chunk_size }) => `size=${chunk_size ?? DEFAULT_CHUNK_SIZE}`,
  async bounds(request) {
    await requireKey(request);
    await requireComparable(request, request.column, "chunk_by_key");
    return openRanges(await keyBoundaries(request));
  },
  rows: (_dialect, { base }) => base,
  where: (dialect, shape, { start, end }) =>
    keyRange(dialect, columnRef(dialect, shape.column), start, end, shape.columnType),
  order: (dialect, shape) => columnRef(dialect, shape.column),
  accepts: () => true,
  problem: openRangeProblem,
};
