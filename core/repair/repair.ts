/**
 * `rivet repair`: a plan from a reconcile report, and with `--execute` the flagged chunks of the run
 * written again (RR1 to RR8).
 *
 * What a repair writes becomes visible in this order: parts beside the old ones, the manifest that names
 * the new ones instead, and only then the chunks' stored results. Killed anywhere in between, readers see
 * each row once, from before or after, and the next reconcile still flags what state does not know of.
 */
import { logger } from "../base/log.ts";
import { withLease } from "../lease/lease.ts";
import type { RunDeps } from "../run/context.ts";
import { withSource } from "../access/ask.ts";
import { latestRun, type RecordedRun, requireCheckpoint } from "../reconcile/chunk_run.ts";
import { executeRepair, type RepairExecution, requireRepairable } from "./execute_repair.ts";
import { type ReconcileOptions, reconcileRun } from "../reconcile/reconcile.ts";
import {
  type RepairPlan,
  repairPlan,
  type ReportForRepair,
  requireReportOf,
} from "./repair_plan.ts";

/** What `rivet repair` is asked about one export. */
export interface RepairOptions extends Omit<ReconcileOptions, "checksum"> {
  /** null: reconcile the latest run now. */
  readonly report: ReportForRepair | null;
  /** RR2: without it the plan is all there is. */
  readonly execute: boolean;
  /** How long to wait for a run of the export to end before executing; absent: not at all. */
  readonly lockWaitMs?: number;
}

/** RR1, RR8: the plan, and what came of it when it was executed. */
export type RepairResult = RepairPlan & { readonly execution?: RepairExecution };

/**
 * @throws ConfigError, RivetError for a report that does not fit, RivetError when there is nothing that
 * could be repaired. What went wrong while executing is in the result.
 */
export async function repairExport(deps: RunDeps, options: RepairOptions): Promise<RepairResult> {
  const { exported, execute, lockWaitMs: waitMs, signal } = options;
  requireCheckpoint(exported, "repair");
  if (!execute) return planRepair(deps, options, await latestRun(deps.state, exported));
  const settings = { lengthMs: deps.leaseMs, waitMs, signal };
  return await withLease(deps.state, exported.name, settings, async (lease) => {
    const recorded = await latestRun(lease.state, exported);
    requireRepairable(recorded);
    const plan = await planRepair(deps, options, recorded);
    if (plan.actions.length === 0) return plan;
    return { ...plan, execution: await executeRepair(deps, options, { recorded, plan, lease }) };
  });
}

async function planRepair(
  deps: RunDeps,
  options: RepairOptions,
  recorded: RecordedRun,
): Promise<RepairPlan> {
  const plan = repairPlan(await reportOf(deps, options, recorded), recorded);
  for (const { identifier, reason } of plan.skipped) {
    logger().warn(`export '${options.exported.name}': '${identifier}' is skipped: ${reason}`);
  }
  return plan;
}

async function reportOf(
  deps: RunDeps,
  options: RepairOptions,
  recorded: RecordedRun,
): Promise<ReportForRepair> {
  const { report, exported } = options;
  if (report === null) {
    return await withSource(
      { ...options, factory: deps.source },
      { step: "reconcile", applicationName: `rivet/${exported.name}` },
      (ask) => reconcileRun(ask, recorded, { ...options, checksum: false }),
    );
  }
  requireReportOf(report, recorded, exported);
  return report;
}
