/** What is read for one chunk: its statement, or pages of it. */
import type { Description, Dialect } from "../ports/source.ts";
import { chunkSql } from "../query/chunk.ts";
import type { ChunkBounds } from "../query/cuts/cut.ts";
import { CUTS } from "../query/cuts/mod.ts";
import type { ReadSpec } from "../query/unit_read.ts";
import type { ChunkedStrategy } from "./strategy.ts";

/** How one chunk is read: as one statement, or in pages of `pageRows` rows within its bounds. */
export function chunkSpec(
  dialect: Dialect,
  { shape, pageRows }: Pick<ChunkedStrategy, "shape" | "pageRows">,
  { selectList }: Pick<Description, "selectList">,
  chunk: ChunkBounds,
): ReadSpec {
  if (pageRows === null) {
    const kind = CUTS[shape.kind].steps === true ? "cursor" : "statement";
    return { kind, sql: chunkSql(dialect, shape, chunk, selectList) };
  }
  return {
    kind: "pages",
    shape: {
      base: shape.base,
      key: shape.column,
      keyType: shape.columnType,
      unique: shape.unique === true,
      after: chunk.start,
      until: chunk.end,
    },
    selectList,
    pageRows,
  };
}
