/** What a run is asked, and what it reports while it goes. */
import type { LoadedConfig } from "../config/loaded.ts";
import type { ExportSummary } from "../report/summary.ts";
import type { SealedInputs } from "./sealed.ts";

/** What an invocation is asked. */
export interface RunOptions {
  readonly config: LoadedConfig;
  /** Only this export; null for all. */
  readonly exportName: string | null;
  readonly validate: boolean;
  /** Compare COUNT(*) of what was read with the exported rows. */
  readonly reconcile: boolean;
  /** All exports at the same time, in this process. */
  readonly parallelExports: boolean;
  readonly resume: boolean;
  /** With `resume`: exports that have nothing to resume are run afresh. */
  readonly resumeOrRun?: boolean;
  readonly force: boolean;
  /** How long to wait for another run of an export to end; absent: not at all. */
  readonly lockWaitMs?: number;
  readonly signal: AbortSignal;
  readonly listener: RunListener;
  /** `rivet apply plan.json`: what is decided already, by export. */
  readonly sealed?: ReadonlyMap<string, SealedInputs>;
  /** One export of a run over several processes, whose parent records the aggregate. */
  readonly partOfRun?: boolean;
}

/** What the listener is told before the source is read. */
export interface ExportStarted {
  readonly exportName: string;
  readonly runId: string;
  readonly mode: string;
  readonly profile: string;
  readonly batchSize: number | null;
  /** ISO 8601 UTC. */
  readonly startedAt: string;
}

/** Totals so far, of units that are under way too. */
export interface ExportProgress {
  readonly exportName: string;
  readonly rows: number;
  /** Encoded bytes so far. */
  readonly bytes: number;
  /** From the planner or the chunk plan; null when unknown. */
  readonly estimatedRows: number | null;
  /** `before`: how many of those that are done an earlier run had done. */
  readonly chunks:
    | { readonly done: number; readonly total: number; readonly before?: number }
    | null;
}

/** Called by the run; must return quickly and never throw. */
export interface RunListener {
  started(event: ExportStarted): void;
  progress(event: ExportProgress): void;
  finished(summary: ExportSummary): void;
}
