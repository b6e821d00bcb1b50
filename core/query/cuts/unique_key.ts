/** `chunk_by_key`: ranges `(start, end]` of a key of any type, read in pages. */
import { ConfigError } from "../../base/errors.ts";
import { requireComparable } from "../comparable.ts";
import { keyRange } from "../page.ts";
import { columnRef } from "../select.ts";
import type { TableKey } from "../../ports/source.ts";
import { type Cut, type CutRequest, sizeText } from "./cut.ts";
import { keyBoundaries } from "./key_boundaries.ts";
import { openRangeProblem, openRanges } from "./open_ranges.ts";

async function tableKey({ source, exported, column }: CutRequest): Promise<TableKey | undefined> {
  const keys = exported.table === null ? [] : await source.keys(exported.table);
  return keys.find((key) => key.column === column.name);
}

/** A column of a table that has an index for its pages; of a query, any that cannot be NULL. */
async function requireKey(request: CutRequest): Promise<void> {
  const { exported, column } = request;
  const key = await tableKey(request);
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
  wanted: ({ byKey }) => byKey,
  columnSetting: "chunk_by_key",
  columnKinds: null,
  anyKey: true,
  nullChunk: false,
  open: true,
  integers: false,
  paged: true,
  unique: async (request) => (await tableKey(request))?.unique ?? false,
  measure: sizeText,
  async required(request) {
    await requireKey(request);
    await requireComparable(request, request.column, "chunk_by_key");
  },
  lookUps: false,
  bounds: async (request) => openRanges(await keyBoundaries(request)),
  rows: (_dialect, { base }) => base,
  where: (dialect, shape, { start, end }) =>
    keyRange(dialect, columnRef(dialect, shape.column), start, end, shape.columnType),
  order: (dialect, shape) => columnRef(dialect, shape.column),
  accepts: () => true,
  problem: openRangeProblem,
};
