/** `quality:` of a run (contracts section 8): after its parts are written, before its cursor moves. */
import { RivetError } from "../base/errors.ts";
import { logger } from "../base/log.ts";
import { type QualityVerdict, qualityVerdict } from "../encode/quality_verdict.ts";
import type { StageTotals } from "../encode/totals.ts";
import type { ExportContext } from "./context.ts";

const NO_GATES: QualityVerdict = { failures: [], warnings: [], gates: [] };

/**
 * A chunk run is closed by then: its chunks are facts, and a fresh run starts over. What `--resume`
 * finds of such a run has no counters to judge it by, so that the first verdict stays.
 */
async function failedBefore(ctx: ExportContext): Promise<boolean> {
  const runs = await ctx.state.journal({ exportName: ctx.exported.name, runId: ctx.runId });
  return runs.some((run) => run.events.some(({ event }) => event === "quality_failed"));
}

/** @param rows all rows of the run, those read before it was resumed included. */
export async function checkQuality(
  ctx: ExportContext,
  totals: StageTotals,
  rows: number,
): Promise<QualityVerdict> {
  const { quality } = ctx.exported;
  if (quality === null) return NO_GATES;
  const verdict = qualityVerdict(quality, totals.quality, rows);
  const undecided = verdict.failures.length === 0 && verdict.warnings.length > 0 &&
    totals.quality.rows !== rows;
  const failures = undecided && await failedBefore(ctx)
    ? ["this run failed its quality gates before it was resumed; run without --resume"]
    : verdict.failures;
  for (const warning of verdict.warnings) {
    logger().warn(`export '${ctx.exported.name}': quality: ${warning}`);
  }
  if (failures.length > 0) ctx.journal.add("quality_failed", { failures });
  return { ...verdict, failures };
}

export function qualityFailed(exportName: string, failures: readonly string[]): RivetError {
  return new RivetError(
    "QUALITY_FAILED",
    `export '${exportName}': quality: ${failures.join("; ")}`,
    {
      hint: "The parts are at the destination without _SUCCESS, and the cursor has not moved. " +
        "Correct the source or the gate, then run again.",
    },
  );
}
