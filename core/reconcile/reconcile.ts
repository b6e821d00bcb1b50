/** `rivet reconcile`: the chunks of the latest checkpointed run against the source (RC1 to RC6). */
import type { LoadedConfig, LoadedExport } from "../config/loaded.ts";
import { RivetError } from "../base/errors.ts";
import { logger } from "../base/log.ts";
import { withLease } from "../lease/lease.ts";
import type { Adapters } from "../ports/adapters.ts";
import type { StateStore } from "../ports/state.ts";
import { type Ask, withSource } from "../access/ask.ts";
import { latestRun, type RecordedRun, requireCheckpoint, requireSameQuery } from "./chunk_run.ts";
import { compareChunks } from "./compare_chunks.ts";
import { isClean, type ReconcileReport, reconcileReport } from "./reconcile_report.ts";

export interface ReconcileDeps extends Pick<Adapters, "source"> {
  readonly state: StateStore;
}

/** What `rivet reconcile` is asked about one export. */
export interface ReconcileOptions {
  readonly config: LoadedConfig;
  readonly exported: LoadedExport;
  /** Compare values too; `reconcile: checksum` on the export asks for it as well. */
  readonly checksum: boolean;
  readonly signal: AbortSignal;
}

/**
 * Reads counts, and checksums where asked; writes nothing but the verified boundary (RC5, RC6).
 * @throws ConfigError for an export without chunks, RivetError CHECKPOINT_MISSING before its first run.
 */
export async function reconcileExport(
  deps: ReconcileDeps,
  options: ReconcileOptions,
): Promise<ReconcileReport> {
  requireCheckpoint(options.exported, "reconcile");
  const recorded = await latestRun(deps.state, options.exported);
  const report = await withSource(
    { ...options, factory: deps.source },
    { step: "reconcile", applicationName: `rivet/${options.exported.name}` },
    (ask) => reconcileRun(ask, recorded, options),
  );
  if (isClean(report)) await moveVerified(deps.state, recorded, options.signal);
  return report;
}

/** The comparison alone, for a repair that makes its own report. */
export async function reconcileRun(
  ask: Ask,
  recorded: RecordedRun,
  { exported, checksum, signal }: Omit<ReconcileOptions, "config">,
): Promise<ReconcileReport> {
  const { run, tasks } = recorded;
  const values = checksum || exported.reconcile === "checksum";
  const { shape, description } = await ask(async (source) => {
    const shape = await requireSameQuery(recorded, exported, source);
    const description = values ? await source.describe(shape.base, exported.overrides) : null;
    return { shape, description };
  });
  const partitions = await compareChunks(ask, { exported, shape, tasks, description, signal });
  return reconcileReport(run, partitions);
}

/** RC6, PG5: only on a report without mismatch and unknown, and only of a run that is closed (I6). */
async function moveVerified(
  state: StateStore,
  { run, tasks }: RecordedRun,
  signal: AbortSignal,
): Promise<void> {
  const last = tasks.at(-1);
  if (last === undefined) return;
  if (run.status !== "completed") {
    logger().warn(
      `export '${run.exportName}': every chunk matches, but run '${run.runId}' has not ended, so ` +
        "nothing is verified: finish it with 'rivet run --resume'",
    );
    return;
  }
  const step = {
    exportName: run.exportName,
    strategy: "chunked",
    value: String(last.chunkIndex),
    runId: run.runId,
    at: new Date().toISOString(),
  } as const;
  try {
    const { exportName } = run;
    await withLease(state, exportName, { signal }, (lease) => lease.state.verifyProgress(step));
  } catch (error) {
    if (!(error instanceof RivetError) || error.code !== "LEASE_HELD") throw error;
    logger().warn(`the verified boundary stays where it is: ${error.message}`);
  }
}
