/** Keyset pages: a key range in short statements, in the order of a NOT NULL key. */
import type { Dialect } from "../ports/source.ts";
import { columnRef, type ComparedType, literalOf, outerSelect, textOf } from "./select.ts";

export interface PageShape {
  readonly base: string;
  readonly key: string;
  readonly keyType?: ComparedType;
  /** No two rows are equal in the key, so that a page may end after any of them. */
  readonly unique: boolean;
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

/**
 * The key that a page of `rows` rows ends at, as text, in one row; none when no row is left. Costs a walk
 * over that many entries of the key's index.
 */
export function pageEndSql(
  dialect: Dialect,
  { base, key, keyType, until }: Omit<PageShape, "unique">,
  after: string | null,
  rows: number,
): string {
  const column = columnRef(dialect, key);
  const page = outerSelect(dialect, {
    selectList: [`${column} AS k`],
    base,
    where: keyRange(dialect, column, after, until, keyType),
    orderBy: [column],
    limit: rows,
  });
  // MAX is not defined for every key type (uuid), ORDER BY is.
  const last = `SELECT ${
    textOf(dialect, "p.k", keyType)
  } FROM (\n${page}\n) AS p ORDER BY p.k DESC`;
  return dialect.limit(last, 1);
}

/** All rows of a range, whatever their number: the page of a key that may repeat. */
export function wholePageSql(
  dialect: Dialect,
  { base, key, keyType }: PageShape,
  after: string | null,
  end: string,
  selectList: readonly string[],
): string {
  const column = columnRef(dialect, key);
  const where = keyRange(dialect, column, after, end, keyType);
  return outerSelect(dialect, { selectList, base, where, orderBy: [column] });
}

/**
 * A page of a key that does not repeat.
 * @param after the last key already read; the shape's own lower bound for the first page.
 */
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
