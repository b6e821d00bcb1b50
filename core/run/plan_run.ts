/** Planning a run: what state remembers goes in, the plan and its advice go into the journal. */
import { toRivetError } from "../base/errors.ts";
import { logger } from "../base/log.ts";
import { tellWarnings } from "../access/source_warnings.ts";
import type { ExportPlan, PlanInputs } from "../plan/strategy.ts";
import { planExport } from "../plan/export_plan.ts";
import type { Dialect } from "../ports/source.ts";
import type { ChunkRun } from "../ports/state.ts";
import { storedChunks } from "./checkpoint.ts";
import type { ExportContext } from "./context.ts";
import type { ExportSource } from "./export_source.ts";
import { type PlanVerdict, planVerdict } from "./notify.ts";
import { cursorDrift, sealedInputs } from "./sealed.ts";
import { parseTies } from "../extract/ties.ts";

export interface PlannedRun {
  readonly plan: ExportPlan;
  readonly dialect: Dialect;
}

/** @param open the unfinished chunk run that is continued, or null. */
export async function planRun(
  ctx: ExportContext,
  source: ExportSource,
  open: ChunkRun | null,
): Promise<PlannedRun> {
  const inputs = await planInputs(ctx, open);
  const planned = await source.retried("plan", async (connected) => {
    tellWarnings(ctx.config.source, connected.info);
    const plan = await planExport(connected, ctx.exported, inputs);
    return { plan, dialect: connected.dialect };
  });
  const { strategy, estimatedRows } = planned.plan;
  const verdict = await adviceOn(ctx, source, planned.plan);
  ctx.journal.add("planned", {
    strategy: strategy.kind,
    ...(strategy.kind === "chunked" ? { chunks: strategy.chunks.length } : {}),
    estimated_rows: estimatedRows,
    ...verdict,
  });
  if (strategy.kind === "incremental" && strategy.heldBy.length > 0) {
    ctx.journal.add("held_back", { until: strategy.window.until ?? null, by: strategy.heldBy });
  }
  return planned;
}

async function planInputs(ctx: ExportContext, open: ChunkRun | null): Promise<PlanInputs> {
  const { state, exported, journal, options, startedAt, signal } = ctx;
  const cursor = exported.mode.kind === "incremental" ? await state.cursor(exported.name) : null;
  const inputs: PlanInputs = {
    now: startedAt,
    cursor: cursor?.cursor ?? null,
    ties: parseTies(cursor?.ties),
    chunks: open === null ? null : await storedChunks(state, open.runId),
    signal,
  };
  const sealed = options.sealed?.get(exported.name);
  if (sealed === undefined) return inputs;
  // Once more, right before it counts: another export of the plan may have taken hours.
  const drift = await cursorDrift(state, exported.name, sealed, options.force);
  if (drift !== null) logger().warn(`${drift}; --force reads from the plan's cursor`);
  const gates = drift === null ? sealed.forced : [...sealed.forced, "cursor_drift"];
  if (gates.length > 0) journal.add("forced", { gates });
  return sealedInputs(inputs, sealed);
}

/** Advice only (PA8): without it the run goes on. PA1: a sealed plan asks for no preflight. */
async function adviceOn(
  ctx: ExportContext,
  source: ExportSource,
  plan: ExportPlan,
): Promise<PlanVerdict | null> {
  if (ctx.options.sealed?.has(ctx.exported.name)) return null;
  try {
    const { deps: { notifiers }, exported } = ctx;
    return await source.use((connected) => planVerdict(notifiers, exported, connected, plan));
  } catch (error) {
    logger().info(`the verdict for the notification is not known: ${toRivetError(error).message}`);
    return null;
  }
}
