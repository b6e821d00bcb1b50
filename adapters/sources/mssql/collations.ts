/** The names of collations, which literals of `char` and `varchar` keys are written with. */
import { onlyHelps } from "../../../core/access/only_helps.ts";
import { quoteLiteral } from "./literal.ts";
import type { Collation } from "./wire/collation.ts";
import { type ColumnMetadata, type Field, UNKNOWN_COLLATION, withCollation } from "./fields.ts";
import type { RunRows } from "../kit/run_rows.ts";

function same(a: Collation | undefined, b: Collation | undefined): boolean {
  return a !== undefined && b !== undefined && a.lcid === b.lcid && a.flags === b.flags &&
    a.version === b.version && a.sortId === b.sortId;
}

/** By position; null for a column without one. */
async function askNames(rows: RunRows, probe: string): Promise<(string | null)[]> {
  const found = await rows(
    "SELECT c.collation_name FROM " +
      `sys.dm_exec_describe_first_result_set(${quoteLiteral(probe)}, NULL, 0) AS c ` +
      "WHERE c.is_hidden = 0 ORDER BY c.column_ordinal",
  );
  return found.map(([name]) => name);
}

/**
 * The fields of `probe`, whose native types name the collations that are not the database's. The server
 * is asked only when there are any.
 */
export async function nameCollations(
  rows: RunRows,
  probe: string,
  metadata: readonly ColumnMetadata[],
  fields: readonly Field[],
  database: Collation | undefined,
): Promise<readonly Field[]> {
  const foreign = fields.map(({ wire }, i) =>
    wire === "codepage" && !same(metadata[i].collation, database)
  );
  if (!foreign.includes(true)) return fields;
  const names = await onlyHelps("collations of the query", () => askNames(rows, probe), []);
  return fields.map((field, i) =>
    foreign[i]
      ? { ...field, nativeType: withCollation(field.nativeType, names[i] ?? UNKNOWN_COLLATION) }
      : field
  );
}
