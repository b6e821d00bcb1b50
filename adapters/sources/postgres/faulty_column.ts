/**
 * Which column a value is of that the server itself could not give: bytes that are no text in the
 * database's encoding, a text that is no number. Its error names the value at most.
 */
import { SourceError } from "../../../core/base/errors.ts";
import type { ReadRequest } from "../../../core/ports/source.ts";
import type { Column } from "../../../core/types/types.ts";
import { quoteIdentifier } from "./dialect.ts";
import type { RunRows } from "../kit/run_rows.ts";

/** Not UTF-8, no such character in UTF-8. */
const ENCODING_CODES = ["22021", "22P05"];
/** No such number, date, uuid, json; out of its type's range. */
const VALUE_CODES = ["22P02", "22003", "22007", "22008"];
/** The search is an answer to an error: it must not become a load of its own. */
const SEARCH_MS = 20_000;

/** A column's values as they are sent, and converted as the connection converts them. */
function valueSql({ name, type }: Column): string {
  const column = `q.${quoteIdentifier(name)}`;
  const sentAsText = ["text", "json", "interval", "list"].includes(type.kind);
  return sentAsText ? `pg_catalog.convert_to(${column}::text, 'UTF8')` : column;
}

type Verdict = "fails" | "passes" | "unknown";

/** What a statement that computes nothing but `condition` over the rows comes to. */
async function verdictOf(
  rows: RunRows,
  sql: string,
  condition: string,
  code: string,
): Promise<Verdict> {
  try {
    await rows(`SELECT count(*) FROM (\n${sql}\n) AS q WHERE ${condition}`);
    return "passes";
  } catch (error) {
    return error instanceof SourceError && error.nativeCode === code ? "fails" : "unknown";
  }
}

async function faultyColumn(
  rows: RunRows,
  { sql, columns }: Pick<ReadRequest, "sql" | "columns">,
  code: string,
): Promise<Column | null> {
  const deadline = Date.now() + SEARCH_MS;
  // A statement that fails without its columns fails for another reason.
  if (await verdictOf(rows, sql, "true", code) !== "passes") return null;
  for (const column of columns) {
    if (Date.now() > deadline) return null;
    const verdict = await verdictOf(rows, sql, `${valueSql(column)} IS NULL`, code);
    if (verdict === "fails") return column;
  }
  return null;
}

/**
 * The error of a read with the column that it is about, where that can be found.
 * @param rows runs each statement in a transaction of its own, for `SEARCH_MS` at most.
 */
export async function namedFault(
  error: unknown,
  request: Pick<ReadRequest, "sql" | "columns">,
  rows: (timeoutMs: number) => RunRows,
): Promise<unknown> {
  if (!(error instanceof SourceError) || error.nativeCode === undefined) return error;
  const code = error.nativeCode;
  const encoding = ENCODING_CODES.includes(code);
  if (!encoding && !VALUE_CODES.includes(code)) return error;
  const column = await faultyColumn(rows(SEARCH_MS), request, code);
  if (column === null) return error;
  const name = JSON.stringify(column.name);
  return new SourceError("VALUE_OUT_OF_RANGE", `column ${name}: ${error.message}`, {
    nativeCode: code,
    hint: encoding
      ? `Read its bytes as the database stores them: columns: { ${name}: binary }, or mend the values.`
      : `Read it as it is: columns: { ${name}: text }, or leave such rows out of the query.`,
    cause: error,
  });
}
