/** The SQL of incremental exports (CC5, CC6, CC9, CC10). */
import type { Dialect } from "../ports/source.ts";
import { ALIAS, columnRef, type ComparedType, literalOf, outerSelect, textOf } from "./select.ts";

/** CC5: selected, stored, and stripped before any file is written. */
export const COALESCED_CURSOR = "_rivet_coalesced_cursor";

/** What an incremental export is read by. */
export interface CursorShape {
  readonly base: string;
  readonly column: string;
  readonly columnType?: ComparedType;
  /** Set for `incremental_cursor_mode: coalesce`. */
  readonly fallback: string | null;
  /** How the coalesced cursor is selected so that it can be decoded; absent: as it is. */
  readonly coalesced?: string;
}

/** A bound of the cursor's values, as text. */
export interface CursorLimit {
  readonly value: string;
  readonly inclusive: boolean;
}

/** The cursor values that a run reads. */
export interface CursorWindow {
  /** Where it begins; null on the first run, which also reads the rows without a cursor. */
  readonly after: CursorLimit | null;
  /** Where it ends; absent: nowhere. null: no value with a cursor is read. */
  readonly until?: CursorLimit | null;
}

/** The expression that is compared and ordered by; CC7: probes use the same one. */
export function cursorExpression(dialect: Dialect, shape: CursorShape): string {
  const column = columnRef(dialect, shape.column);
  if (shape.fallback === null) return column;
  return `COALESCE(${column}, ${columnRef(dialect, shape.fallback)})`;
}

/** The WHERE condition of a window; undefined when every row is in it. */
function windowCondition(
  dialect: Dialect,
  shape: CursorShape,
  { after, until }: CursorWindow,
): string | undefined {
  const cursor = cursorExpression(dialect, shape);
  const limit = (than: "<" | ">", { value, inclusive }: CursorLimit) =>
    `${cursor} ${than}${inclusive ? "=" : ""} ${literalOf(dialect, value, shape.columnType)}`;
  if (until === null) return after === null ? `${cursor} IS NULL` : "1 = 0";
  if (after === null) {
    return until === undefined ? undefined : `(${limit("<", until)} OR ${cursor} IS NULL)`;
  }
  const lower = limit(">", after);
  return until === undefined ? lower : `${lower} AND ${limit("<", until)}`;
}

/** The rows of the window up to `last`, the highest cursor value that was read, for counting. */
export function incrementalRowsSql(
  dialect: Dialect,
  shape: CursorShape,
  { after }: CursorWindow,
  last: string,
): string {
  const where = windowCondition(dialect, shape, {
    after,
    until: { value: last, inclusive: true },
  });
  return outerSelect(dialect, { selectList: [`${ALIAS}.*`], base: shape.base, where });
}

/** The highest cursor value, as text, in one row; no row when there is none. */
export function highestCursorSql(dialect: Dialect, shape: CursorShape): string {
  const cursor = cursorExpression(dialect, shape);
  // Not MAX: some types have an order and no MAX (uuid).
  return outerSelect(dialect, {
    selectList: [textOf(dialect, cursor, shape.columnType)],
    base: shape.base,
    where: `${cursor} IS NOT NULL`,
    orderBy: [`${cursor} DESC`],
    limit: 1,
  });
}

/** Rows of the window, in the order of the cursor (CC6). */
export function incrementalSql(
  dialect: Dialect,
  shape: CursorShape,
  window: CursorWindow,
  selectList: readonly string[],
): string {
  const cursor = cursorExpression(dialect, shape);
  const where = windowCondition(dialect, shape, window);
  if (shape.fallback === null) {
    return outerSelect(dialect, { selectList, base: shape.base, where, orderBy: [cursor] });
  }
  const columns = [shape.column, shape.fallback].map((c) => columnRef(dialect, c));
  return outerSelect(dialect, {
    selectList: [
      ...selectList,
      shape.coalesced ?? `${cursor} AS ${dialect.quote(COALESCED_CURSOR)}`,
    ],
    base: shape.base,
    where,
    orderBy: [cursor, ...columns],
  });
}
