/**
 * The one place where the outer SELECT around an export's base query is written (CC6, RC2, RR3):
 * one level of SQL over the alias `_rivet`, ordered on the outside.
 */
import type { Dialect } from "../ports/source.ts";
import type { Column } from "../types/types.ts";

/** What the base query is called in every statement around it. */
export const ALIAS = "_rivet";

export interface OuterSelect {
  /** Expressions over `_rivet`; from a `Description` when the rows are read. */
  readonly selectList: readonly string[];
  readonly base: string;
  readonly where?: string;
  readonly orderBy?: readonly string[];
  readonly limit?: number;
}

/** The base query stands on lines of its own; parts that are absent are left out. */
export function outerSelect(dialect: Dialect, select: OuterSelect): string {
  // The base query goes on lines of its own: it may end in a `--` comment.
  let sql = `SELECT ${select.selectList.join(", ")} FROM (\n${select.base}\n) AS ${ALIAS}`;
  if (select.where !== undefined) sql += ` WHERE ${select.where}`;
  if (select.orderBy !== undefined && select.orderBy.length > 0) {
    sql += ` ORDER BY ${select.orderBy.join(", ")}`;
  }
  return select.limit === undefined ? sql : dialect.limit(sql, select.limit);
}

/** A column of the base query, qualified so that it can never mean an output alias. */
export function columnRef(dialect: Dialect, column: string): string {
  return `${ALIAS}.${dialect.quote(column)}`;
}

/** What a column's values are compared as; plain data. */
export type ComparedType = Pick<Column, "type" | "nativeType">;

/** What literals that are compared with the column are written for. */
export function comparedType({ type, nativeType }: Column): ComparedType {
  return { type, nativeType };
}

/** A value of the column as a literal; without `of` the server coerces it. */
export function literalOf(dialect: Dialect, value: string, of?: ComparedType): string {
  return dialect.literal(value, of?.type, of?.nativeType);
}

/** An expression of the column's values as text that `literalOf` takes back. */
export function textOf(dialect: Dialect, expression: string, of?: ComparedType): string {
  return dialect.castText(expression, of?.type, of?.nativeType);
}

/** `SELECT MIN(c), MAX(c)` over the base query. */
export function minMaxSql(
  dialect: Dialect,
  base: string,
  column: string,
  type?: ComparedType,
): string {
  const c = columnRef(dialect, column);
  return outerSelect(dialect, {
    selectList: [textOf(dialect, `MIN(${c})`, type), textOf(dialect, `MAX(${c})`, type)],
    base,
  });
}

/** One row with the number of rows of `query`, as text. */
export function countSql(dialect: Dialect, query: string): string {
  return `SELECT ${dialect.castText("COUNT(*)")} FROM (\n${query}\n) AS _rc`;
}
