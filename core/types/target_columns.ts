/** Names that a warehouse takes for columns, and those that it takes for the same one. */
import { quoted } from "../base/printable.ts";
import type { Target } from "./targets.ts";

/** One warehouse's rules, as its own documents say them (`docs/types.md` cites them). */
interface NameRules {
  /** Why it refuses a column of this name, or null. */
  readonly refusal: (name: string) => string | null;
  /** Names that are equal folded are one column; null: case counts. */
  readonly fold: ((name: string) => string) | null;
}

const lower = (name: string) => name.toLowerCase();
/** Other letters keep their case. */
const asciiLower = (name: string) => name.replace(/[A-Z]/g, (letter) => letter.toLowerCase());

const EMPTY = "a column must have a name";
const notEmpty = (name: string) => name === "" ? EMPTY : null;

/** https://cloud.google.com/bigquery/docs/schemas#column_names */
const BIGQUERY_RESERVED = [
  "_TABLE_",
  "_FILE_",
  "_PARTITION",
  "_ROW_TIMESTAMP",
  "__ROOT__",
  "_COLIDENTIFIER",
  "_CHANGE_SEQUENCE_NUMBER",
  "_CHANGE_TYPE",
  "_CHANGE_TIMESTAMP",
];

/** Without its flexible names, which not every way of reading a table takes. */
function bigqueryRefusal(name: string): string | null {
  if (!/^[A-Za-z_][A-Za-z0-9_]{0,299}$/.test(name)) {
    return "a column is named by at most 300 letters, digits and underscores, no digit first";
  }
  const reserved = BIGQUERY_RESERVED.find((prefix) => name.toUpperCase().startsWith(prefix));
  return reserved === undefined ? null : `names must not begin with ${reserved}`;
}

/** https://docs.snowflake.com/en/sql-reference/identifiers-syntax */
function snowflakeRefusal(name: string): string | null {
  return [...name].length > 255 ? "a name has at most 255 characters" : notEmpty(name);
}

/** https://docs.aws.amazon.com/redshift/latest/dg/r_names.html */
function redshiftRefusal(name: string): string | null {
  if (new TextEncoder().encode(name).length > 127) return "a name has at most 127 bytes";
  return /\p{Cc}/u.test(name) ? "a name has printable characters only" : notEmpty(name);
}

/** Without a mapping of columns: https://github.com/delta-io/delta/blob/master/PROTOCOL.md#column-mapping */
function deltaRefusal(name: string): string | null {
  return /[ ,;{}()\n\t=]/.test(name)
    ? "a name has no spaces, commas, braces or = in it"
    : notEmpty(name);
}

const NAMES: Record<Target, NameRules> = {
  bigquery: { refusal: bigqueryRefusal, fold: lower },
  snowflake: { refusal: snowflakeRefusal, fold: null },
  // It renames the second of two, and a column without a name:
  // https://duckdb.org/docs/stable/sql/dialect/keywords_and_identifiers
  duckdb: { refusal: notEmpty, fold: lower },
  // https://clickhouse.com/docs/sql-reference/syntax#identifiers
  clickhouse: { refusal: notEmpty, fold: null },
  redshift: { refusal: redshiftRefusal, fold: asciiLower },
  // spark.sql.caseSensitive is off by default: https://spark.apache.org/docs/latest/sql-ref-identifier.html
  spark: { refusal: () => null, fold: lower },
  delta: { refusal: deltaRefusal, fold: lower },
  // Of the format: engines that read a table and fold case are warehouses of their own.
  iceberg: { refusal: () => null, fold: null },
};

/** Why the warehouse cannot load the column `name` of a table with these columns, or null. */
export function targetNameProblem(
  target: Target,
  name: string,
  columns: readonly string[],
): string | null {
  const { refusal, fold } = NAMES[target];
  const problem = refusal(name);
  if (problem !== null || fold === null) return problem;
  const folded = fold(name);
  const twin = columns.find((other) => other !== name && fold(other) === folded);
  return twin === undefined ? null : `the same name as ${quoted(twin)}, but for its case`;
}
