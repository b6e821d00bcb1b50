/** The SQL of a chunk, built here for extraction, reconcile and repair alike (RC2, RR3). */
import type { Dialect } from "../ports/source.ts";
import { keyRange } from "./page.ts";
import { ALIAS, columnRef, type ComparedType, literalOf, outerSelect } from "./select.ts";

const ROW_NUMBER = "_rivet_row_number";

/**
 * How an export is cut; stored with the chunk run, so that a resume builds the same SQL.
 * `range`: inclusive integer windows of the column. `dense`: windows over the row number in the
 * column's order. `days`: half-open day windows `[start, end)` of a date or timestamp column.
 * `key`: `(start, end]` ranges of a unique key, an end of the outermost ones open.
 */
export interface ChunkShape {
  readonly kind: "range" | "dense" | "days" | "key";
  readonly base: string;
  readonly column: string;
  readonly columnType?: ComparedType;
}

/** One chunk. Bounds are text; both null means all keys for `key`, else the rows whose key is NULL. */
export interface ChunkBounds {
  readonly start: string | null;
  readonly end: string | null;
}

function whereAndOrder(dialect: Dialect, shape: ChunkShape, { start, end }: ChunkBounds) {
  const column = columnRef(dialect, shape.column);
  if (shape.kind === "key") {
    return { where: keyRange(dialect, column, start, end, shape.columnType), order: column };
  }
  if (start === null || end === null) return { where: `${column} IS NULL`, order: null };
  switch (shape.kind) {
    case "range":
      return { where: `${column} BETWEEN ${start} AND ${end}`, order: column };
    case "dense": {
      const number = columnRef(dialect, ROW_NUMBER);
      return { where: `${number} BETWEEN ${start} AND ${end}`, order: number };
    }
    case "days": {
      const [from, to] = [start, end].map((day) => literalOf(dialect, day, shape.columnType));
      return { where: `${column} >= ${from} AND ${column} < ${to}`, order: column };
    }
  }
}

function chunkBase(dialect: Dialect, shape: ChunkShape): string {
  if (shape.kind !== "dense") return shape.base;
  const order = `ROW_NUMBER() OVER (ORDER BY _rivet_dense.${dialect.quote(shape.column)})`;
  return `SELECT _rivet_dense.*, ${order} AS ${dialect.quote(ROW_NUMBER)} ` +
    `FROM (\n${shape.base}\n) AS _rivet_dense`;
}

export function chunkSql(
  dialect: Dialect,
  shape: ChunkShape,
  bounds: ChunkBounds,
  selectList: readonly string[],
): string {
  const { where, order } = whereAndOrder(dialect, shape, bounds);
  return outerSelect(dialect, {
    selectList,
    base: chunkBase(dialect, shape),
    where,
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
  const { where } = whereAndOrder(dialect, shape, bounds);
  return outerSelect(dialect, {
    selectList,
    base: chunkBase(dialect, shape),
    where,
  });
}

/** Both ends, as what the shape compares them with; what is in state is checked before it goes into SQL. */
const BOUND_FORMS: Record<Exclude<ChunkShape["kind"], "key">, RegExp> = {
  range: /^-?\d+$/,
  dense: /^\d+$/,
  days: /^\d{4,}-\d\d-\d\d( 00:00:00\+00)?$/,
};

/** Whether the bounds can be those of a chunk of this shape. */
export function areBoundsOf(shape: ChunkShape, { start, end }: ChunkBounds): boolean {
  if (shape.kind === "key") return true;
  if (start === null || end === null) return start === end && shape.kind !== "dense";
  const form = BOUND_FORMS[shape.kind];
  return form.test(start) && form.test(end);
}

/** A chunk as reports and messages name it (RC5): `chunk 3 [1000..2000]`; an open end is empty. */
export function chunkIdentifier(index: number, { start, end }: ChunkBounds): string {
  if (start === null && end === null) return `chunk ${index} [NULL]`;
  return `chunk ${index} [${start ?? ""}..${end ?? ""}]`;
}
