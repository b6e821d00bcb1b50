/** A table that does not exist, and the one that was probably meant. */
import { SourceError } from "../../../core/base/errors.ts";
import { nearest } from "../../../core/base/suggest.ts";

/**
 * The table whose name is nearest to `wanted`, as `schema.table`.
 * @param found rows of schema and name; of several tables of one name the first counts.
 */
export function nearestTable(
  wanted: string,
  found: readonly (readonly (string | null)[])[],
): string | undefined {
  const tables = found.map(([schema, table]) => ({ schema: schema ?? "", table: table ?? "" }));
  const match = nearest(wanted, tables.map((t) => t.table));
  const table = tables.find((t) => t.table === match);
  return table === undefined ? undefined : `${table.schema}.${table.table}`;
}

/** A missing table's error with what `look` finds as its hint; whatever becomes of that, the error stays. */
export async function withSimilarTable(
  error: SourceError,
  look: () => Promise<string | undefined>,
): Promise<SourceError> {
  const similar = await look().catch(() => undefined);
  if (similar === undefined) return error;
  return new SourceError(error.code, error.message, {
    category: error.category,
    nativeCode: error.nativeCode,
    hint: `Did you mean ${similar}?`,
    cause: error,
  });
}
