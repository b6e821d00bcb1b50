/** Keyset pages: a key range in short statements, in the order of a unique NOT NULL key. */
import type { Dialect } from "../ports/source.ts";
import { columnRef, type ComparedType, literalOf, outerSelect } from "./select.ts";

export interface PageShape {
  readonly base: string;
  readonly key: string;
  readonly keyType?: ComparedType;
  /** Bounds as text: rows with `after < key <= until`; null is open. */
  readonly after: string | null;
  readonly until: string | null;
}

/** `after < column <= until`, or undefined when both ends are open. */
export function keyRange(
  dialect: Dialect,
  column: string,
  after: string | null,
  until: string | null,
  type?: ComparedType,
): string | undefined {
  const terms: string[] = [];
  if (after !== null) terms.push(`${column} > ${literalOf(dialect, after, type)}`);
  if (until !== null) terms.push(`${column} <= ${literalOf(dialect, until, type)}`);
  return terms.length === 0 ? undefined : terms.join(" AND ");
}

/** @param after the last key already read; the shape's own lower bound for the first page. */
export function pageSql(
  dialect: Dialect,
  shape: PageShape,
  after: string | null,
  rows: number,
  selectList: readonly string[],
): string {
  const key = columnRef(dialect, shape.key);
  return outerSelect(dialect, {
    selectList,
    base: shape.base,
    where: keyRange(dialect, key, after, shape.until, shape.keyType),
    orderBy: [key],
    limit: rows,
  });
}
