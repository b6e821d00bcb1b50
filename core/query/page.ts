/** Keyset pages: a whole table in short statements, in the order of a unique NOT NULL key. */
import type { Dialect } from "../ports/source.ts";
import { columnRef, outerSelect } from "./select.ts";

export interface PageShape {
  readonly base: string;
  readonly key: string;
}

/** @param after the last key already read, as text; null for the first page. */
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
    where: after === null ? undefined : `${key} > ${dialect.literal(after)}`,
    orderBy: [key],
    limit: rows,
  });
}
