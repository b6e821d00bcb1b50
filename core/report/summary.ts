/** What a run leaves behind: one summary an export, and their sum. */
import type { SerializedError } from "../base/errors.ts";

/** How an export's run ended; `skipped` is no failure. */
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
  /** Why an export was passed over without a run, e.g. `nothing to resume`. */
  readonly skipReason?: string;
}

/** All exports of one invocation, and their sums. */
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
