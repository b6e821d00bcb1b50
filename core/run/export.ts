/** One export, from its context to its summary. */
import type { LoadedExport } from "../config/loaded.ts";
import { RivetError, toRivetError } from "../base/errors.ts";
import type { ChunkRun } from "../ports/state.ts";
import { unfinishedRun } from "./checkpoint.ts";
import type { ExportContext, RunServices } from "./context.ts";
import { ExportRun } from "./export_run.ts";
import { finishRun } from "./finish_run.ts";
import { Journal } from "./journal.ts";
import { resolvePlaceholders, runId, runTime } from "../manifest/names.ts";
import { exportHold, usesSnapshot } from "../extract/snapshot.ts";
import { runDestination, runRetrier } from "./retries.ts";
import { cursorDrift } from "./sealed.ts";
import { settleEarlierRuns } from "./settle.ts";
import { RunTracker } from "./tracker.ts";
import type { ExportSummary } from "../report/summary.ts";
import type { RunOptions } from "./types.ts";

export async function runExport(
  deps: RunServices,
  options: RunOptions,
  exported: LoadedExport,
): Promise<ExportSummary> {
  const open = await unfinishedRun(deps.state, exported, options.resume);
  if (open !== null && usesSnapshot(exported)) refuseToJoin(exported, open);
  const ctx = await openContext(deps, options, exported, open);
  const { tuning } = exported;
  options.listener.started({
    exportName: exported.name,
    runId: ctx.runId,
    mode: exported.config.mode,
    profile: tuning.profile,
    batchSize: tuning.batchRows === 0 ? null : tuning.batchRows,
  });
  const sealed = options.sealed?.get(exported.name);
  ctx.journal.add(open === null ? "started" : "resumed", {
    mode: exported.config.mode,
    ...(sealed === undefined ? {} : { plan_id: sealed.planId }),
  });
  const run = new ExportRun(ctx, open);
  let error: RivetError | null = null;
  try {
    await settleEarlierRuns(ctx);
    // Settling may have moved the cursor that a sealed plan was made with (PA4).
    if (sealed !== undefined) await cursorDrift(deps.state, exported.name, sealed, options.force);
    await run.execute();
  } catch (thrown) {
    error = await causeOf(ctx, toRivetError(thrown));
  } finally {
    if (ctx.snapshot !== deps.runSnapshot) await ctx.snapshot?.release();
  }
  const summary = await finishRun(ctx, { ...await run.outcome(), error });
  await ctx.destination.close();
  options.listener.finished(summary);
  return summary;
}

/** What ends a snapshot early shows first in its readers: they were stopped, or could not join. */
async function causeOf(ctx: ExportContext, error: RivetError): Promise<RivetError> {
  if (ctx.options.signal.aborted || ctx.snapshot === null) return error;
  await ctx.snapshot.check();
  return ctx.snapshot.failure ?? error;
}

/** Chunks that were read then and chunks that are read now are two points in time. */
function refuseToJoin(exported: LoadedExport, open: ChunkRun): never {
  throw new RivetError(
    "CHECKPOINT_MISMATCH",
    `export '${exported.name}': the snapshot of the unfinished run '${open.runId}' is gone, and ` +
      `consistency: ${exported.config.consistency} does not mix it with another one`,
    {
      hint: `Start over: 'rivet state reset-chunks --export ${exported.name}', then run without ` +
        "--resume.",
    },
  );
}

async function openContext(
  deps: RunServices,
  options: RunOptions,
  exported: LoadedExport,
  open: ChunkRun | null,
): Promise<ExportContext> {
  const startedAt = new Date();
  const id = open?.runId ?? runId(exported.name, startedAt);
  // A resumed run goes on in the folder that it began in, whatever the date is now.
  const at = runTime(id, exported.name) ?? startedAt;
  const place = { exportName: exported.name, runId: id, at };
  const destination = await deps.destination(resolvePlaceholders(exported.destination, place));
  const snapshot = exportHold(exported, deps.runSnapshot);
  const base = {
    deps,
    options,
    config: options.config,
    exported,
    runId: id,
    startedAt,
    journal: new Journal(id, exported.name),
    tracker: new RunTracker(exported.name, options.listener),
    snapshot,
    signal: snapshot === null ? options.signal : AbortSignal.any([options.signal, snapshot.signal]),
  };
  return {
    ...base,
    destination: runDestination(base, destination),
    retrier: runRetrier(base, deps.breaker),
  };
}
