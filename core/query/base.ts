/** What an export reads, as one SELECT that every other statement wraps. */
import type { LoadedExport } from "../config/loaded.ts";
import { withoutSemicolon } from "../config/statement.ts";
import type { Dialect } from "../ports/source.ts";

/** `table:` as SELECT, or the query without its trailing semicolon. */
export function baseQuery(
  exported: Pick<LoadedExport, "table" | "query">,
  dialect: Dialect,
): string {
  if (exported.table !== null) return `SELECT * FROM ${dialect.table(exported.table)}`;
  return withoutSemicolon(exported.query ?? "");
}
