/** Where a repair writes: the folder, format and run of what it mends. */
import { openExportDestination } from "../tables/export_destination.ts";
import { Breaker } from "../access/breaker.ts";
import { loggedRetrier } from "../access/logged_retrier.ts";
import { retriedWhereSafe } from "../access/retried_destination.ts";
import { RivetError } from "../base/errors.ts";
import type { HeldLease } from "../lease/lease.ts";
import { type AnyDestination, isStream } from "../ports/destination.ts";
import type { RunOrder } from "../ports/state.ts";
import { coresOf, type ExportContext, type RunDeps } from "../run/context.ts";
import { beginRun } from "../run/order.ts";
import { Journal } from "../run/journal.ts";
import { resolvePlaceholders, runTime } from "../manifest/names.ts";
import { openLineage } from "../lineage/lineage.ts";
import { runLineage } from "../run/run_lineage.ts";
import { openNotifiers } from "../run/notify.ts";
import { runHold } from "../extract/snapshot.ts";
import { runDestination, runRetrier } from "../run/retries.ts";
import { RunTracker } from "../run/tracker.ts";
import { readerSlots } from "../run/reader_slots.ts";
import { lastInTable } from "../tables/open_table.ts";
import type { WorkerPool } from "../workers/worker_pool.ts";
import type { RecordedRun } from "../reconcile/chunk_run.ts";
import type { ReconcileOptions } from "../reconcile/reconcile.ts";

export type RepairingOptions = Omit<ReconcileOptions, "checksum">;

/** The run whose chunks are repaired, as the seams of a run know it. */
export async function openRepairContext(
  deps: RunDeps,
  workers: WorkerPool,
  { config, exported, signal }: RepairingOptions,
  { run }: RecordedRun,
  lease: HeldLease,
): Promise<ExportContext> {
  const startedAt = new Date();
  const at = runTime(run.runId, exported.name) ?? startedAt;
  const place = { exportName: exported.name, runId: run.runId, at };
  const listener = { started: () => {}, progress: () => {}, finished: () => {} };
  const destinationConfig = resolvePlaceholders(exported.destination, place);
  const destination = await openExportDestination(
    deps,
    exported,
    destinationConfig,
    signal,
    "work",
  );
  const retried = retriedWhereSafe(destination, loggedRetrier(exported.tuning, signal));
  const order = await beginRepair(lease, retried, {
    ...{ exportName: exported.name, runId: run.runId, signal },
    lastInTable: lastInTable({ deps, exported, destination: retried, signal }),
  });
  const readers = readerSlots(config, coresOf(deps));
  await readers.begin(signal);
  const lineage = await openLineage(deps, config);
  const told = { runId: run.runId, startedAt, uri: destination.uri };
  const base = {
    deps: {
      ...{ ...deps, workers, readers, runSnapshot: runHold([]), breaker: new Breaker() },
      notifiers: await openNotifiers(deps, config),
      lineage,
    },
    options: {
      ...{ config, exportName: exported.name, signal, listener },
      ...{ validate: false, reconcile: false, parallelExports: false },
      ...{ resume: false, force: false },
    },
    config,
    // A run that has become empty must still say so in its manifest.
    exported: { ...exported, config: { ...exported.config, skip_empty: false } },
    runId: run.runId,
    startedAt,
    order,
    lease,
    state: lease.state,
    journal: new Journal(run.runId, exported.name),
    tracker: new RunTracker(exported.name, listener),
    snapshot: null,
    lineage: runLineage(lineage, config, exported, told),
    signal: AbortSignal.any([signal, lease.signal]),
  };
  return {
    ...base,
    destination: runDestination(base, destination),
    retrier: runRetrier(base, base.deps.breaker),
  };
}

/** The repaired run becomes the newest: its manifest is the last one that is written. */
async function beginRepair(
  lease: HeldLease,
  destination: AnyDestination,
  begun: Parameters<typeof beginRun>[2],
): Promise<RunOrder> {
  try {
    return await beginRun(lease.state, destination, begun);
  } catch (error) {
    await destination.close();
    throw error;
  }
}

/** @throws RivetError CHECKPOINT_MISMATCH: a manifest names the parts of one folder, in one format. */
export async function requireSamePlace(
  { state, destination, exported, runId }: ExportContext,
): Promise<void> {
  if (isStream(destination)) {
    throw new RivetError("CHECKPOINT_MISMATCH", `export '${exported.name}' writes to a stream`);
  }
  const files = await state.files({ exportName: exported.name, runId });
  for (const { destination: uri, format } of files) {
    if (uri === destination.uri && format === exported.config.format) continue;
    throw new RivetError(
      "CHECKPOINT_MISMATCH",
      `run '${runId}' wrote ${format} to ${uri}, and the config says ${exported.config.format} to ` +
        destination.uri,
      { hint: "Restore destination and format, or run the export again." },
    );
  }
}
