/** Names that a warehouse takes for columns, and those that it takes for the same one. */
import type { Target } from "./targets.ts";

/** Why a warehouse refuses a column of this name, or null. */
type NameRule = (name: string) => string | null;

/** https://cloud.google.com/bigquery/docs/schemas#column_names */
const BIGQUERY_RESERVED = ["_TABLE_", "_FILE_", "_PARTITION", "_ROW_TIMESTAMP", "__ROOT__"];

function bigqueryName(name: string): string | null {
  if (!/^[A-Za-z_][A-Za-z0-9_]{0,299}$/.test(name)) {
    return "a column is named by at most 300 letters, digits and underscores, no digit first";
  }
  const reserved = BIGQUERY_RESERVED.find((prefix) => name.toUpperCase().startsWith(prefix));
  return reserved === undefined ? null : `names must not begin with ${reserved}`;
}

const anyName: NameRule = () => null;

const NAMES: Record<Target, { readonly rule: NameRule; readonly ignoresCase: boolean }> = {
  bigquery: { rule: bigqueryName, ignoresCase: true },
  snowflake: { rule: anyName, ignoresCase: false },
  duckdb: { rule: anyName, ignoresCase: false },
  clickhouse: { rule: anyName, ignoresCase: false },
  // Names are folded to lower case: https://docs.aws.amazon.com/redshift/latest/dg/r_names.html
  redshift: { rule: anyName, ignoresCase: true },
  // spark.sql.caseSensitive is off by default.
  spark: { rule: anyName, ignoresCase: true },
};

/** Why the warehouse cannot load the column `name` of a table with these columns, or null. */
export function targetNameProblem(
  target: Target,
  name: string,
  columns: readonly string[],
): string | null {
  const { rule, ignoresCase } = NAMES[target];
  const problem = rule(name);
  if (problem !== null || !ignoresCase) return problem;
  const folded = name.toLowerCase();
  const twin = columns.find((other) => other !== name && other.toLowerCase() === folded);
  return twin === undefined ? null : `the same name as ${JSON.stringify(twin)}, but for its case`;
}
