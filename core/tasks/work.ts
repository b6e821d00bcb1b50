/** One worker of a shared run: claims, reads, commits, until nothing of its share is left. */
import { type RivetError, toRivetError } from "../base/errors.ts";
import { withGrace } from "../base/wait.ts";
import { HeldLease } from "../lease/lease.ts";
import { randomSuffix } from "../manifest/names.ts";
import type { ChunkShare, TaskState } from "../ports/state.ts";
import type { ExportSummary } from "../report/summary.ts";
import { bestEffort, type ExportContext } from "../run/context.ts";
import { withContext } from "../run/export.ts";
import { ExportSource } from "../run/export_source.ts";
import { summarize } from "../run/finish_run.ts";
import { planRun } from "../run/plan_run.ts";
import { probeDestination } from "../run/probe_destination.ts";
import { chunkUnit } from "../run/queues.ts";
import { planUnits } from "../run/unit_plan.ts";
import { StorageWatch } from "../run/storage_watch.ts";
import { UnitRunner } from "../run/units.ts";
import { SharedQueue } from "./shared_queue.ts";
import { isLost, type SharedRun } from "./shared_run.ts";
import { UntrackedParts } from "./untracked.ts";
import { waitForLease } from "./wait_for_lease.ts";

/** How long a worker that was stopped may still take to move its own leftovers aside. */
const FAREWELL_MS = 30_000;

export interface Work {
  readonly share: ChunkShare;
  /** For people: `3/8`, or `claim`. */
  readonly task: string;
}

/** @returns the worker's own summary, which may be a failure; null when the run was complete before. */
export async function work(
  shared: SharedRun,
  { share, task }: Work,
): Promise<ExportSummary | null> {
  const { deps, options, exported, runId, leaseMs } = shared;
  const worker = { worker: crypto.randomUUID(), task };
  const state = await waitForLease(shared, async () => {
    if ((await deps.state.chunkRun(runId))?.status === "completed") {
      return { kind: "done", value: null };
    }
    const answer = await deps.state.joinRun(exported.name, runId, worker, leaseMs);
    return answer.kind === "held" ? answer : { kind: "done", value: answer.state };
  });
  if (state === null) return null;
  const lease = new HeldLease(state, leaseMs);
  try {
    const context = { runId, lease, begins: false };
    return await withContext(
      deps,
      options,
      exported,
      context,
      (ctx) => workIn(shared, ctx, state, { share, task }),
    );
  } finally {
    await lease.release();
  }
}

async function workIn(
  shared: SharedRun,
  outer: ExportContext,
  state: TaskState,
  { share, task }: Work,
): Promise<ExportSummary> {
  const untracked = new UntrackedParts();
  const destination = untracked.over(outer.destination, () => outer.lease.confirmIfStale());
  const ctx: ExportContext = { ...outer, destination };
  const { exported, journal, runId, startedAt } = ctx;
  ctx.options.listener.started({
    exportName: exported.name,
    runId,
    mode: exported.config.mode,
    profile: exported.tuning.profile,
    batchSize: exported.tuning.batchRows === 0 ? null : exported.tuning.batchRows,
    startedAt: startedAt.toISOString(),
  });
  journal.add("task_started", { task, plan_id: shared.sealed.planId });
  const done = { rows: 0, parts: [] as ExportSummaryParts };
  let error: RivetError | null = null;
  try {
    await workChunks(ctx, state, { share, task }, shared.sealed.chunks, untracked, done);
  } catch (thrown) {
    error = await causeOf(ctx, toRivetError(thrown), share);
  } finally {
    await untracked.quarantine(outer.destination, runId, withGrace(ctx.signal, FAREWELL_MS));
  }
  ctx.tracker.stop();
  return await told(ctx, task, done, error);
}

type ExportSummaryParts = Parameters<typeof summarize>[1]["parts"][number][];

async function workChunks(
  ctx: ExportContext,
  state: TaskState,
  { share, task }: Work,
  chunks: readonly { readonly index: number }[],
  untracked: UntrackedParts,
  done: { rows: number; parts: ExportSummaryParts },
): Promise<void> {
  const { exported, journal, signal, tracker } = ctx;
  const mine = chunks.filter(({ index }) => index % share.of === share.index).length;
  await state.retryFailed(share);
  const open = (await state.openTasks(share)).length;
  if (open === 0) {
    // The source is asked nothing: the snapshot that the share was read in may be gone.
    tracker.planned(null, { done: mine, total: mine });
    return;
  }
  const { createOnly } = await probeDestination(ctx, { list: false });
  const source = new ExportSource(ctx);
  try {
    await source.takeSnapshot();
    const { plan, dialect } = await planRun(ctx, source, null);
    const { strategy, description } = plan;
    if (strategy.kind !== "chunked" || exported.mode.kind !== "chunked") return;
    const estimate = plan.estimatedRows;
    tracker.planned(
      estimate === null ? null : Math.round(estimate * mine / Math.max(1, strategy.chunks.length)),
      { done: mine - open, total: mine },
    );
    const storage = new StorageWatch(ctx, source, plan);
    await storage.begin();
    const queue = new SharedQueue({
      ...{ state, share, journal, untracked, signal },
      what: share.of === 1 ? `run ${ctx.runId}` : `task ${task} of run ${ctx.runId}`,
      maxAttempts: exported.mode.maxAttempts,
      toUnit: (chunk) => chunkUnit(dialect, strategy, description, chunk),
    });
    const readers = await source.openReaders(Math.max(1, mine));
    try {
      const suffix = createOnly ? null : randomSuffix();
      const units = await planUnits(ctx, plan, { suffix, repair: false });
      await new UnitRunner(ctx, units, queue, readers).run();
      await queue.close();
    } finally {
      await Promise.all(readers.map((reader) => reader.close()));
      done.rows = queue.outcome.rows;
      done.parts = [...queue.outcome.parts];
    }
    await storage.end();
  } finally {
    await source.close();
  }
}

/** Whoever finishes takes the lease: no failure of a worker whose share is complete. */
async function causeOf(
  ctx: ExportContext,
  error: RivetError,
  { index, of }: ChunkShare,
): Promise<RivetError | null> {
  const cause = ctx.lease.failure ?? error;
  if (!isLost(cause) || ctx.options.signal.aborted) return cause;
  const tasks = await ctx.state.chunkTasks(ctx.runId);
  const share = tasks.filter((task) => task.chunkIndex % of === index);
  return share.length > 0 && share.every((task) => task.status === "completed") ? null : cause;
}

async function told(
  ctx: ExportContext,
  task: string,
  { rows, parts }: { rows: number; parts: ExportSummaryParts },
  error: RivetError | null,
): Promise<ExportSummary> {
  const outcome = {
    ...{ rows, parts, error, columns: null, fileColumns: null, widths: {}, quality: [] },
    ...{ reconciled: null, schemaChanged: null, cursor: null },
  };
  const { status, ...summary } = summarize(ctx, outcome, null);
  ctx.journal.add("task_finished", { task, status, rows, error: error?.message ?? null });
  await bestEffort("the journal", () => ctx.deps.state.appendJournal(ctx.journal.events));
  // A share without rows is no export without rows.
  return { ...summary, status: status === "skipped" ? "success" : status };
}
