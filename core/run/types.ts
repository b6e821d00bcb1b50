/** What a run is asked, what it reports while it goes, and what it leaves behind. */
import type { LoadedConfig } from "../config/loaded.ts";
import type { SerializedError } from "../errors.ts";
import type { SealedInputs } from "./sealed.ts";

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
  readonly force: boolean;
  readonly signal: AbortSignal;
  readonly listener: RunListener;
  /** `rivet apply plan.json`: what is decided already, by export. */
  readonly sealed?: ReadonlyMap<string, SealedInputs>;
  /** One export of a run over several processes, whose parent records the aggregate. */
  readonly partOfRun?: boolean;
}

/** One part file that the destination holds. */
export interface PartRecord {
  /** Key relative to the destination's prefix. */
  readonly path: string;
  readonly rows: number;
  readonly sizeBytes: number;
  /** `xxh3:<16 hex>` of the file's bytes (M3). */
  readonly fingerprint: string;
  /** Base64. */
  readonly md5: string;
  readonly chunkIndex: number | null;
  /**
   * Absent: committed, its rows are the data. `superseded`: written again since, the file stays.
   * `quarantined`: moved to `path` because it differed from what was recorded (M9).
   */
  readonly status?: "superseded" | "quarantined";
}

export type ExportStatus = "success" | "failed" | "skipped" | "interrupted";

/** The fields of the run summary block; also what `--json` prints per export. */
export interface ExportSummary {
  readonly exportName: string;
  readonly runId: string;
  readonly status: ExportStatus;
  readonly mode: string;
  readonly profile: string;
  /** Rows per fetch, or null when sized by memory. */
  readonly batchSize: number | null;
  readonly format: string;
  readonly compression: string;
  readonly destination: string;
  readonly startedAt: string;
  readonly finishedAt: string;
  readonly durationMs: number;
  readonly rows: number;
  readonly files: number;
  readonly bytes: number;
  readonly peakRssMb: number;
  readonly retries: number;
  /** null: not asked for. */
  readonly validated: boolean | null;
  /** M5, e.g. `3 verified: 2 md5, 1 size only`; null or absent when the destination was not asked. */
  readonly coverage?: string | null;
  readonly reconciled: boolean | null;
  /** null on the first run. */
  readonly schemaChanged: boolean | null;
  readonly quality: readonly string[];
  readonly chunks: { readonly done: number; readonly total: number } | null;
  readonly error: SerializedError | null;
}

export interface RunAggregate {
  readonly rivetVersion: string;
  readonly startedAt: string;
  readonly finishedAt: string;
  readonly durationMs: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly skipped: number;
  readonly rows: number;
  readonly files: number;
  readonly bytes: number;
  readonly exports: readonly ExportSummary[];
}

export interface ExportStarted {
  readonly exportName: string;
  readonly runId: string;
  readonly mode: string;
  readonly profile: string;
  readonly batchSize: number | null;
}

export interface ExportProgress {
  readonly exportName: string;
  readonly rows: number;
  /** Encoded bytes so far. */
  readonly bytes: number;
  /** From the planner or the chunk plan; null when unknown. */
  readonly estimatedRows: number | null;
  readonly chunks: { readonly done: number; readonly total: number } | null;
}

/** Called by the run; must return quickly and never throw. */
export interface RunListener {
  started(event: ExportStarted): void;
  progress(event: ExportProgress): void;
  finished(summary: ExportSummary): void;
}
