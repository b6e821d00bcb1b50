/** What every step of one export's run works with. */
import type { Breaker } from "../access/breaker.ts";
import type { Retrier } from "../access/retrier.ts";
import type { LoadedConfig, LoadedExport } from "../config/loaded.ts";
import { RivetError } from "../base/errors.ts";
import { logger } from "../base/log.ts";
import type { Lineage } from "../lineage/lineage.ts";
import type { RunLineage } from "../lineage/run_lineage.ts";
import type { HeldLease } from "../lease/lease.ts";
import type { Adapters } from "../ports/adapters.ts";
import type { AnyDestination } from "../ports/destination.ts";
import type { Notifier } from "../ports/notifier.ts";
import type { LeasedState, RunOrder, StateStore } from "../ports/state.ts";
import type { Journal } from "./journal.ts";
import type { ExportSnapshot, SnapshotHold } from "../extract/snapshot.ts";
import type { RunTracker } from "./tracker.ts";
import type { RunOptions } from "./run_options.ts";
import type { WorkerClient } from "../workers/worker_client.ts";
import type { ReaderSlots } from "./reader_slots.ts";
import type { WorkerPool } from "../workers/worker_pool.ts";

/** What a run is given: the adapters, the state, and a way to start a Worker. */
export interface RunDeps extends Adapters {
  readonly state: StateStore;
  readonly startWorker: () => WorkerClient;
  /** That the process may use; absent: all of the machine. */
  readonly cores?: number;
  /** Milliseconds that a lease holds without being renewed; absent: `LEASE_MS`. */
  readonly leaseMs?: number;
  /** Milliseconds between two looks at how busy the source is (`tuning.adaptive`); absent: 2 s. */
  readonly lookMs?: number;
}

/** Cores that readers may count on. */
export function coresOf({ cores }: Pick<RunDeps, "cores">): number {
  return cores ?? navigator.hardwareConcurrency;
}

/** `RunDeps` with what lives for one invocation. */
export interface RunServices extends RunDeps {
  readonly workers: WorkerPool;
  readonly readers: ReaderSlots;
  /** Of the exports under `consistency: run_snapshot`; whoever made the services releases it. */
  readonly runSnapshot: SnapshotHold;
  /** Of the source that all exports read. */
  readonly breaker: Breaker;
  readonly notifiers: readonly Notifier[];
  /** Null: nobody is told. */
  readonly lineage: Lineage | null;
}

/** Made once per run of an export, and handed down as it is. */
export interface ExportContext {
  readonly deps: RunServices;
  readonly options: RunOptions;
  readonly config: LoadedConfig;
  readonly exported: LoadedExport;
  readonly runId: string;
  /** Where the run stands among the runs of the state. */
  readonly order: RunOrder;
  readonly startedAt: Date;
  readonly lease: HeldLease;
  /** What the export remembers; its writes are refused once the lease is lost. */
  readonly state: LeasedState;
  /** Its calls are tried again. */
  readonly destination: AnyDestination;
  /** For what is asked of the source. */
  readonly retrier: Retrier;
  readonly journal: Journal;
  readonly tracker: RunTracker;
  /** The point in time that all readers see; null under `consistency: statement`. */
  readonly snapshot: ExportSnapshot | null;
  /** What the run tells of its lineage; null: nobody is told. */
  readonly lineage: RunLineage | null;
  /** Aborts when the run is interrupted, its snapshot has ended, or its lease is lost. */
  readonly signal: AbortSignal;
}

/**
 * I7: bookkeeping that fails is logged and does not fail the export.
 * @throws RivetError LEASE_LOST: the export is another run's by now.
 */
export async function bestEffort(what: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (error instanceof RivetError && error.code === "LEASE_LOST") throw error;
    logger().warn(`could not write ${what}: ${error instanceof Error ? error.message : error}`);
  }
}
