/** What an export reads, as one SELECT that every other statement wraps. */
import type { LoadedExport } from "../config/loaded.ts";
import { withoutSemicolon } from "../config/statement.ts";
import { requireOneStatement } from "./one_statement.ts";
import type { Source } from "../ports/source.ts";

type Named = Pick<Source, "dialect" | "hiddenColumns">;

/**
 * `table:` as SELECT, or the query without its trailing semicolon.
 * @throws ConfigError when the query is not one statement
 */
export async function baseQuery(
  source: Named,
  exported: Pick<LoadedExport, "name" | "table" | "query">,
): Promise<string> {
  if (exported.table !== null) return await tableQuery(source, exported.table);
  const query = withoutSemicolon(exported.query ?? "");
  requireOneStatement(query, exported.name, source.dialect.lexis);
  return query;
}

/** All columns of a table, those that `*` leaves out behind the others. */
export async function tableQuery(source: Named, table: string): Promise<string> {
  const { dialect } = source;
  const hidden = await source.hiddenColumns?.(table) ?? [];
  return `SELECT ${["*", ...hidden.map(dialect.quote)].join(", ")} FROM ${dialect.table(table)}`;
}
