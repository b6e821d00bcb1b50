/** The queue of an export's units: in memory, or the chunk checkpoint in state. */
import type { ChunkedStrategy, PlannedChunk } from "../plan/strategy.ts";
import type { ChunkRun } from "../ports/state.ts";
import type { ReadSpec } from "../query/unit_read.ts";
import type { Review } from "./review.ts";
import { openChunkRun } from "./checkpoint.ts";
import type { ExportContext } from "./context.ts";
import type { PlannedRun } from "./plan_run.ts";
import { CheckpointQueue, chunkUnit, MemoryQueue, type RunQueue } from "./queues.ts";
import { reviewResumed } from "./resume.ts";
import type { Unit } from "./units.ts";

/** How many units there are to share among readers. */
export function unitCount({ plan: { strategy } }: PlannedRun): number {
  switch (strategy.kind) {
    case "whole":
      return strategy.reads.length;
    case "incremental":
      return 1;
    case "chunked":
      return strategy.chunks.length;
  }
}

/** @param open the unfinished chunk run that is continued, or null. */
export async function openQueue(
  ctx: ExportContext,
  planned: PlannedRun,
  open: ChunkRun | null,
): Promise<RunQueue> {
  const { strategy } = planned.plan;
  switch (strategy.kind) {
    case "whole":
      return wholeQueue(ctx, planned, strategy.reads);
    case "incremental":
      return wholeQueue(ctx, planned, [strategy.read]);
    case "chunked":
      return await chunkQueue(ctx, planned, strategy, open);
  }
}

function wholeQueue(
  ctx: ExportContext,
  { plan }: PlannedRun,
  reads: readonly ReadSpec[],
): RunQueue {
  ctx.tracker.planned(plan.estimatedRows, null);
  const label = ctx.exported.name;
  return new MemoryQueue(reads.map((spec) => ({ chunkIndex: null, label, spec })));
}

async function chunkQueue(
  ctx: ExportContext,
  { plan, dialect }: PlannedRun,
  strategy: ChunkedStrategy,
  open: ChunkRun | null,
): Promise<RunQueue> {
  const { state, exported, runId, journal, tracker } = ctx;
  const toUnit = (chunk: PlannedChunk): Unit =>
    chunkUnit(dialect, strategy, plan.description, chunk);
  const { mode } = exported;
  if (mode.kind !== "chunked" || !mode.checkpoint && open === null) {
    tracker.planned(plan.estimatedRows, { done: 0, total: strategy.chunks.length });
    return new MemoryQueue(strategy.chunks.map(toUnit));
  }
  const ids = { runId, exportName: exported.name };
  await openChunkRun(state, { ...ids, maxAttempts: mode.maxAttempts }, strategy, open);
  const tasks = await state.chunkTasks(runId);
  const review = open === null ? null : await reviewResumed(ctx, tasks);
  const rewrites: Review["rewrites"] = review?.rewrites ?? new Map();
  const done = tasks.filter((task) => task.status === "completed").length - rewrites.size;
  tracker.planned(plan.estimatedRows, { done, total: tasks.length });
  return new CheckpointQueue(state, ids, journal, toUnit, { tasks, rewrites });
}
