/** `quality:` of a run (contracts section 8): after its parts are written, before its cursor moves. */
import { RivetError } from "../base/errors.ts";
import { logger } from "../base/log.ts";
import { type QualityVerdict, qualityVerdict } from "../encode/quality_verdict.ts";
import { type GateTotals, storedTotals } from "../encode/chunk_counts.ts";
import type { StageTotals } from "../encode/totals.ts";
import { committedParts, type PartRecord } from "../manifest/parts.ts";
import type { ExportContext } from "./context.ts";

const NO_GATES: QualityVerdict = { failures: [], warnings: [], gates: [] };

/**
 * A chunk run is closed by then: its chunks are facts, and a fresh run starts over. Where `--resume` finds no
 * counters of its chunks to judge it by, the first verdict stays.
 */
async function failedBefore(ctx: ExportContext): Promise<boolean> {
  const runs = await ctx.state.journal({ exportName: ctx.exported.name, runId: ctx.runId });
  return runs.some((run) => run.events.some(({ event }) => event === "quality_failed"));
}

/** What there is to judge, that other processes read included. */
export interface JudgedRun {
  readonly rows: number;
  readonly parts: readonly PartRecord[];
  /** Columns of which no two chunks have a value in common. */
  readonly apart: ReadonlySet<string>;
}

/** What this process counted, or what the state holds of all chunks where that is more. */
function totalsOf({ quality }: StageTotals, { rows, parts, apart }: JudgedRun): GateTotals {
  if (quality.rows === rows) return quality;
  const chunks = committedParts(parts).flatMap(({ counts }) => counts ?? []);
  const stored = storedTotals(chunks, apart);
  return stored.rows === rows ? stored : quality;
}

export async function checkQuality(
  ctx: ExportContext,
  totals: StageTotals,
  run: JudgedRun,
): Promise<QualityVerdict> {
  const { quality } = ctx.exported;
  if (quality === null) return NO_GATES;
  const { rows } = run;
  const judged = totalsOf(totals, run);
  const verdict = qualityVerdict(quality, judged, rows);
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
