/** One export, from its context to its summary. */
import { openExportDestination } from "../tables/export_destination.ts";
import { loggedRetrier } from "../access/logged_retrier.ts";
import { retriedWhereSafe } from "../access/retried_destination.ts";
import type { LoadedExport } from "../config/loaded.ts";
import { RivetError, toRivetError } from "../base/errors.ts";
import type { ChunkRun } from "../ports/state.ts";
import { unfinishedRun } from "./checkpoint.ts";
import type { ExportContext, RunServices } from "./context.ts";
import { ExportRun } from "./export_run.ts";
import { finishRun } from "./finish_run.ts";
import { Journal } from "./journal.ts";
import { type HeldLease, withLease } from "../lease/lease.ts";
import { resolvePlaceholders, runId, runTime } from "../manifest/names.ts";
import { exportHold, usesSnapshot } from "../extract/snapshot.ts";
import { beginRun } from "./order.ts";
import { lastInTable } from "../tables/open_table.ts";
import { requireUnfinished } from "./resume.ts";
import { probeDestination, warnOfTable } from "./probe_destination.ts";
import { runLineage } from "./run_lineage.ts";
import { runDestination, runRetrier } from "./retries.ts";
import { cursorDrift } from "./sealed.ts";
import { settleEarlierRuns } from "./settle.ts";
import { RunTracker } from "./tracker.ts";
import type { ExportSummary } from "../report/summary.ts";
import type { RunOptions } from "./run_options.ts";

/** @throws RivetError LEASE_HELD while another run of the export goes on, and what keeps it from beginning. */
export async function runExport(
  deps: RunServices,
  options: RunOptions,
  exported: LoadedExport,
): Promise<ExportSummary> {
  const { lockWaitMs: waitMs, signal } = options;
  const settings = { lengthMs: deps.leaseMs, waitMs, signal };
  return await withLease(deps.state, exported.name, settings, async (lease) => {
    const summary = await runLeased(deps, options, exported, lease);
    options.listener.finished(summary);
    return summary;
  });
}

/** What an earlier run left is looked at under the lease only: before, that run may still go on. */
async function runLeased(
  deps: RunServices,
  options: RunOptions,
  exported: LoadedExport,
  lease: HeldLease,
): Promise<ExportSummary> {
  const open = await unfinishedRun(lease.state, exported, options.resume);
  if (open !== null) await requireUnfinished(deps, options, exported, open);
  if (open !== null && usesSnapshot(exported)) refuseToJoin(exported, open);
  const startedAt = new Date();
  const id = open?.runId ?? runId(exported.name, startedAt);
  const run = { runId: id, startedAt, lease, begins: true };
  return await withContext(deps, options, exported, run, (ctx) => runIn(ctx, open));
}

/** The run that a context is of. */
export interface ContextRun {
  readonly runId: string;
  /** The moment that a new run's id names. Default: now. */
  readonly startedAt?: Date;
  readonly lease: HeldLease;
  /** The run becomes the newest of its export; a task takes part in one that has begun. */
  readonly begins: boolean;
  /** Nothing is read in the plan's snapshot any more, which may be gone by now. */
  readonly pastSnapshot?: boolean;
}

/** Runs `work` in the run's context, with its destination open. */
export async function withContext<T>(
  deps: RunServices,
  options: RunOptions,
  exported: LoadedExport,
  { runId: id, startedAt = new Date(), lease, begins, pastSnapshot = false }: ContextRun,
  work: (ctx: ExportContext) => Promise<T>,
): Promise<T> {
  // A resumed run goes on in the folder that it began in, whatever the date is now.
  const at = runTime(id, exported.name) ?? startedAt;
  const place = { exportName: exported.name, runId: id, at };
  const config = resolvePlaceholders(exported.destination, place);
  const destination = await openExportDestination(deps, exported, config, options.signal, "work");
  try {
    const retrier = loggedRetrier(exported.tuning, options.signal);
    const retried = retriedWhereSafe(destination, retrier);
    const { signal } = options;
    const order = begins
      ? await beginRun(lease.state, retried, {
        exportName: exported.name,
        runId: id,
        signal,
        lastInTable: lastInTable({ deps, exported, destination: retried, signal }),
      })
      : { sequence: await lease.state.sequenceOf(id) ?? 0, previousRunId: null };
    const begun = { runId: id, startedAt, order, lease, destination, pastSnapshot };
    const ctx = openContext(deps, options, exported, begun);
    try {
      return await work(ctx);
    } catch (error) {
      // What a lost lease stops says that it was stopped, and nobody did.
      throw lease.failure ?? error;
    } finally {
      ctx.tracker.stop();
    }
  } finally {
    await destination.close();
  }
}

/** From a context to its run's summary. @param open the unfinished chunk run that is continued, or null. */
export async function runIn(ctx: ExportContext, open: ChunkRun | null): Promise<ExportSummary> {
  const { deps, exported, options } = ctx;
  const { tuning } = exported;
  options.listener.started({
    exportName: exported.name,
    runId: ctx.runId,
    mode: exported.config.mode,
    profile: tuning.profile,
    batchSize: tuning.batchRows === 0 ? null : tuning.batchRows,
    startedAt: ctx.startedAt.toISOString(),
  });
  const sealed = options.sealed?.get(exported.name);
  ctx.journal.add(open === null ? "started" : "resumed", {
    mode: exported.config.mode,
    ...(sealed === undefined ? {} : { plan_id: sealed.planId }),
  });
  const shared = open !== null && open.planId !== null;
  if (shared) ctx.lineage?.join();
  else ctx.lineage?.begin();
  const run = new ExportRun(ctx, open);
  let error: RivetError | null = null;
  try {
    const access = await probeDestination(ctx, { list: open !== null });
    await warnOfTable(ctx, open !== null);
    await settleEarlierRuns(ctx);
    // Settling may have moved the cursor that a sealed plan was made with (PA4).
    if (sealed !== undefined) await cursorDrift(ctx.state, exported.name, sealed, options.force);
    await run.execute(access);
  } catch (thrown) {
    error = await causeOf(ctx, toRivetError(thrown));
  } finally {
    if (ctx.snapshot !== deps.runSnapshot) await ctx.snapshot?.release();
  }
  const ended = shared ? () => ctx.state.finishChunkRun(open.runId) : undefined;
  return await finishRun(ctx, { ...await run.outcome(), error, ended });
}

/** What ends a lease or a snapshot early shows first in the readers: they were stopped, or could not join. */
async function causeOf(ctx: ExportContext, error: RivetError): Promise<RivetError> {
  if (ctx.lease.failure !== null) return ctx.lease.failure;
  if (ctx.options.signal.aborted || ctx.snapshot === null) return error;
  await ctx.snapshot.check();
  return ctx.snapshot.failure ?? error;
}

/** Chunks that were read then and chunks that are read now are two points in time. */
function refuseToJoin(exported: LoadedExport, open: ChunkRun): never {
  throw new RivetError(
    "CHECKPOINT_MISMATCH",
    `export '${exported.name}': the snapshot of the unfinished run '${open.runId}' is gone, and ` +
      `consistency: ${exported.consistency.kind} does not mix it with another one`,
    {
      hint: `Start over: 'rivet state reset-chunks --export ${exported.name}', then run without ` +
        "--resume.",
    },
  );
}

type BegunRun =
  & Pick<
    ExportContext,
    "runId" | "startedAt" | "order" | "lease" | "destination"
  >
  & { readonly pastSnapshot: boolean };

function openContext(
  deps: RunServices,
  options: RunOptions,
  exported: LoadedExport,
  begun: BegunRun,
): ExportContext {
  const planned = options.sealed?.get(exported.name)?.snapshot;
  const snapshot = exportHold(exported, deps.runSnapshot, planned, begun.pastSnapshot);
  const signals = [options.signal, begun.lease.signal];
  const { runId, startedAt, destination: { uri } } = begun;
  const lineage = runLineage(deps.lineage, options.config, exported, { runId, startedAt, uri });
  const base = {
    ...begun,
    ...{ deps, options, exported, snapshot, lineage },
    config: options.config,
    state: begun.lease.state,
    journal: new Journal(begun.runId, exported.name),
    tracker: new RunTracker(exported.name, options.listener),
    signal: AbortSignal.any(snapshot === null ? signals : [...signals, snapshot.signal]),
  };
  return {
    ...base,
    destination: runDestination(base, begun.destination),
    retrier: runRetrier(base, deps.breaker),
  };
}
