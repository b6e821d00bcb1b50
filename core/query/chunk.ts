/** The SQL of a chunk, built here for extraction, reconcile and repair alike (RC2, RR3). */
import type { Dialect } from "../ports/source.ts";
import type { ChunkBounds, ChunkShape } from "./cuts/cut.ts";
import { isNullChunk } from "./cuts/cut.ts";
import { CUTS } from "./cuts/mod.ts";
import { ALIAS, outerSelect } from "./select.ts";

/** A statement whose rows are those of the chunk and of no other, in the cut's order. */
export function chunkSql(
  dialect: Dialect,
  shape: ChunkShape,
  bounds: ChunkBounds,
  selectList: readonly string[],
): string {
  const cut = CUTS[shape.kind];
  const order = isNullChunk(cut, bounds) ? null : cut.order(dialect, shape);
  return outerSelect(dialect, {
    selectList,
    base: cut.rows(dialect, shape, bounds),
    where: cut.where(dialect, shape, bounds),
    orderBy: order === null ? [] : [order],
  });
}

/** The rows of the chunk in no order, for counting (whole rows) and for hashing (as they are selected). */
export function chunkRowsSql(
  dialect: Dialect,
  shape: ChunkShape,
  bounds: ChunkBounds,
  selectList: readonly string[] = [`${ALIAS}.*`],
): string {
  const cut = CUTS[shape.kind];
  return outerSelect(dialect, {
    selectList,
    base: cut.rows(dialect, shape, bounds),
    where: cut.where(dialect, shape, bounds),
  });
}

/** Whether the bounds can be those of a chunk of this shape. */
export function areBoundsOf(shape: ChunkShape, bounds: ChunkBounds): boolean {
  return CUTS[shape.kind].accepts(bounds);
}

/** A chunk as reports and messages name it (RC5): `chunk 3 [1000..2000]`; an open end is empty. */
export function chunkIdentifier(index: number, { start, end }: ChunkBounds): string {
  if (start === null && end === null) return `chunk ${index} [NULL]`;
  return `chunk ${index} [${start ?? ""}..${end ?? ""}]`;
}
