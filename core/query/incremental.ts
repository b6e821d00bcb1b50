/** The SQL of incremental exports (CC5, CC6, CC9, CC10). */
import type { Dialect } from "../ports/source.ts";
import { ALIAS, columnRef, type ComparedType, literalOf, outerSelect } from "./select.ts";

/** CC5: selected, stored, and stripped before any file is written. */
export const COALESCED_CURSOR = "_rivet_coalesced_cursor";

export interface CursorShape {
  readonly base: string;
  readonly column: string;
  readonly columnType?: ComparedType;
  /** Set for `incremental_cursor_mode: coalesce`. */
  readonly fallback: string | null;
}

/** The expression that is compared and ordered by; CC7: probes use the same one. */
export function cursorExpression(dialect: Dialect, shape: CursorShape): string {
  const column = columnRef(dialect, shape.column);
  if (shape.fallback === null) return column;
  return `COALESCE(${column}, ${columnRef(dialect, shape.fallback)})`;
}

/** The rows that a run from `after` (exclusive) to `until` (inclusive) reads, for counting. */
export function incrementalRowsSql(
  dialect: Dialect,
  shape: CursorShape,
  after: string | null,
  until: string,
): string {
  const cursor = cursorExpression(dialect, shape);
  const upper = `${cursor} <= ${literalOf(dialect, until, shape.columnType)}`;
  // The first run has no WHERE: it also reads the rows without a cursor.
  const where = after === null
    ? `(${upper} OR ${cursor} IS NULL)`
    : `${cursor} > ${literalOf(dialect, after, shape.columnType)} AND ${upper}`;
  return outerSelect(dialect, { selectList: [`${ALIAS}.*`], base: shape.base, where });
}

/** @param after the stored cursor; null on the first run, which has no WHERE. */
export function incrementalSql(
  dialect: Dialect,
  shape: CursorShape,
  after: string | null,
  selectList: readonly string[],
): string {
  const cursor = cursorExpression(dialect, shape);
  const where = after === null
    ? undefined
    : `${cursor} > ${literalOf(dialect, after, shape.columnType)}`;
  if (shape.fallback === null) {
    return outerSelect(dialect, { selectList, base: shape.base, where, orderBy: [cursor] });
  }
  const columns = [shape.column, shape.fallback].map((c) => columnRef(dialect, c));
  return outerSelect(dialect, {
    selectList: [...selectList, `${cursor} AS ${dialect.quote(COALESCED_CURSOR)}`],
    base: shape.base,
    where,
    orderBy: [cursor, ...columns],
  });
}
