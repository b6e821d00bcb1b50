/**
 * An export's query is one SELECT and stays one: every statement reads it as `FROM (<query>) AS _rivet`, so
 * a text that closes that parenthesis, or goes on behind a semicolon, would add statements of its own.
 */
import { ConfigError } from "../base/errors.ts";
import type { SqlLexis } from "../ports/lexis.ts";
import { scanSql, UnclearSql } from "./scan_sql.ts";

const lineOf = (text: string, at: number): number => text.slice(0, at).split("\n").length;

/** Why the text is not one statement that stays within its parenthesis; null when it is. */
export function statementProblem(sql: string, lexis: SqlLexis): string | null {
  const where = (at: number) => `line ${lineOf(sql, at)}`;
  const open: number[] = [];
  let ended: number | null = null;
  try {
    for (const { kind, at } of scanSql(sql, lexis)) {
      if (ended !== null && kind !== ";") {
        return `another statement follows the semicolon in ${where(ended)}`;
      }
      if (kind === "(") open.push(at);
      else if (kind === ")" && open.pop() === undefined) {
        return `it closes a parenthesis that it did not open, in ${where(at)}`;
      } else if (kind === ";") ended ??= at;
    }
  } catch (error) {
    if (error instanceof UnclearSql) return `${error.why}, in ${where(error.at)}`;
    throw error;
  }
  const [first] = open;
  return first === undefined ? null : `it does not close the parenthesis in ${where(first)}`;
}

/** @throws ConfigError naming the export and the line */
export function requireOneStatement(query: string, exportName: string, lexis: SqlLexis): void {
  const problem = statementProblem(query, lexis);
  if (problem === null) return;
  throw new ConfigError(`export '${exportName}': its query is not one statement: ${problem}`, [], {
    hint: "Write one SELECT. What --param and variables put into a query is part of its text: " +
      "pass values that you trust only.",
  });
}
