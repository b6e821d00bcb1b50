/** What every unit of an export is read and written with, from its config and plan. */
import type { ExportPlan } from "../plan/strategy.ts";
import { isStream } from "../ports/destination.ts";
import type { EncoderOptions } from "../ports/format.ts";
import { fileColumns } from "../encode/stage_plan.ts";
import { commitKind } from "../tables/covers.ts";
import { withTable } from "../tables/open_table.ts";
import type { Column } from "../types/types.ts";
import type { ExportContext } from "./context.ts";
import type { UnitPlan } from "./units.ts";

/** CC5: the coalesced cursor is read beside the described columns. */
function readColumns(plan: ExportPlan): readonly Column[] {
  const { strategy, description: { columns } } = plan;
  if (strategy.kind !== "incremental" || strategy.coalesced === null) return columns;
  return [...columns, strategy.coalesced];
}

/** As the export's table has them: every process of a run finds the same, before the run's commit. */
async function fieldIdsOf(
  ctx: ExportContext,
  { description, stages }: ExportPlan,
): Promise<Pick<EncoderOptions, "fieldIds">> {
  const settings = ctx.exported.tableFormat;
  if (settings === null) return {};
  const columns = fileColumns(description.columns, stages);
  const fieldIds = await withTable(ctx, (table) => table.fieldIds(columns, commitKind(settings)));
  return fieldIds === null ? {} : { fieldIds };
}

function encoderOptions(ctx: ExportContext): EncoderOptions {
  const { compression, rowGroup, encoding, bloomFilterColumns, csv } = ctx.exported;
  return {
    compression: compression.codec,
    compressionLevel: compression.level,
    rowGroup,
    encoding,
    bloomFilterColumns,
    csv,
    metadata: { "rivet.run_id": ctx.runId, "rivet.export": ctx.exported.name },
  };
}

export interface UnitNames {
  /** Random, at the end of every part's name; null where names that are taken are found out. */
  readonly suffix: string | null;
  /** A repair always leaves checksums behind. */
  readonly repair: boolean;
}

/** The same for all units of a run. Makes the staging folder where the destination has one. */
export async function planUnits(
  ctx: ExportContext,
  plan: ExportPlan,
  { suffix, repair }: UnitNames,
): Promise<UnitPlan> {
  const { destination, exported } = ctx;
  const { tuning, maxFileBytes } = exported;
  const { watch, ties } = plan.strategy.kind === "incremental"
    ? plan.strategy
    : { watch: null, ties: null };
  return {
    job: {
      columns: readColumns(plan),
      watch,
      ties,
      checksum: repair || exported.reconcile === "checksum",
      tuning,
      maxFileBytes,
    },
    output: {
      format: exported.config.format,
      encoder: { ...encoderOptions(ctx), ...await fieldIdsOf(ctx, plan) },
      columns: plan.description.columns,
      stages: plan.stages,
      maxFileBytes,
      pieces: destination.capabilities.pieces,
    },
    // Several reads or partitions of one export need numbered names as much as a split one does.
    numbered: maxFileBytes !== null || plan.stages.partition !== null ||
      plan.strategy.kind === "whole" && plan.strategy.reads.length > 1,
    suffix: suffix ?? undefined,
    stagingDir: isStream(destination) ? null : await destination.stagingDir(),
  };
}
