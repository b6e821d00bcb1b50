/** The SQL of a chunk, built here for extraction, reconcile and repair alike (RC2, RR3). */
import type { Dialect } from "../ports/source.ts";
import { columnRef, outerSelect } from "./select.ts";

/** How an export is cut; stored with the chunk run, so that a resume builds the same SQL. */
export interface ChunkShape {
  readonly kind: "range";
  readonly base: string;
  readonly column: string;
}

/** One chunk: inclusive integer bounds, or the rows whose key is NULL. */
export type ChunkBounds =
  | { readonly kind: "between"; readonly start: string; readonly end: string }
  | { readonly kind: "null" };

function chunkWhere(dialect: Dialect, shape: ChunkShape, bounds: ChunkBounds): string {
  const column = columnRef(dialect, shape.column);
  switch (bounds.kind) {
    case "between":
      return `${column} BETWEEN ${bounds.start} AND ${bounds.end}`;
    case "null":
      return `${column} IS NULL`;
  }
}

export function chunkSql(
  dialect: Dialect,
  shape: ChunkShape,
  bounds: ChunkBounds,
  selectList: readonly string[],
): string {
  return outerSelect(dialect, {
    selectList,
    base: shape.base,
    where: chunkWhere(dialect, shape, bounds),
    orderBy: bounds.kind === "null" ? [] : [columnRef(dialect, shape.column)],
  });
}

/** A chunk as reports and messages name it (RC5): `chunk 3 [1000..2000]`. */
export function chunkIdentifier(index: number, start: string | null, end: string | null): string {
  return start === null || end === null
    ? `chunk ${index} [NULL]`
    : `chunk ${index} [${start}..${end}]`;
}
