/** What became of an export's columns, asked before a row is read. */
import { fileColumns } from "../encode/stage_plan.ts";
import type { ExportPlan } from "../plan/strategy.ts";
import type { Dialect } from "../ports/source.ts";
import { checkTable } from "./commit_run.ts";
import type { ExportContext } from "./context.ts";
import { checkDrift } from "./drift.ts";

/**
 * Compares them with those of the last run and, where the export has a table, with the table's.
 * @returns whether they changed since the last run; null on the first.
 * @throws RivetError SCHEMA_DRIFT, TABLE_SCHEMA, TABLE_MISSING
 */
export async function checkColumns(
  ctx: ExportContext,
  { description: { columns }, stages }: Pick<ExportPlan, "description" | "stages">,
  dialect: Pick<Dialect, "typeNames">,
): Promise<boolean | null> {
  const changed = await checkDrift(ctx, columns, dialect);
  await checkTable(ctx, fileColumns(columns, stages));
  return changed;
}
