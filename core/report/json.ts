/**
 * Summaries as `--json`, `--summary-output`, run reports and state store them. The names are public API.
 * Those marked deprecated are the earlier spelling of the one above them.
 */
import { classify } from "../base/error_class.ts";
import type { SerializedError } from "../base/errors.ts";
import type { ExportSummary, RunAggregate } from "./summary.ts";

/** A whole run, its exports under `exports`. */
export function aggregateJson(run: RunAggregate): Record<string, unknown> {
  return {
    rivet_version: run.rivetVersion,
    started_at: run.startedAt,
    finished_at: run.finishedAt,
    duration_ms: run.durationMs,
    total_exports: run.exports.length,
    succeeded: run.succeeded,
    failed: run.failed,
    skipped: run.skipped,
    total_rows: run.rows,
    total_files: run.files,
    total_bytes: run.bytes,
    per_export: run.exports.map(summaryJson),
    // Deprecated: total_rows, total_files, total_bytes, per_export.
    rows: run.rows,
    files: run.files,
    bytes: run.bytes,
    exports: run.exports.map(summaryJson),
  };
}

/** One export's run; times are ISO 8601 UTC, durations milliseconds. */
export function summaryJson(s: ExportSummary): Record<string, unknown> {
  return {
    export_name: s.exportName,
    run_id: s.runId,
    status: s.status,
    mode: s.mode,
    profile: s.profile,
    batch_size: s.batchSize,
    format: s.format,
    compression: s.compression,
    destination: s.destination,
    started_at: s.startedAt,
    finished_at: s.finishedAt,
    duration_ms: s.durationMs,
    total_rows: s.rows,
    files_produced: s.files,
    bytes_written: s.bytes,
    // Deprecated: total_rows, files_produced, bytes_written.
    rows: s.rows,
    files: s.files,
    bytes: s.bytes,
    peak_rss_mb: s.peakRssMb,
    retries: s.retries,
    validated: s.validated,
    coverage: s.coverage ?? null,
    reconciled: s.reconciled,
    schema_changed: s.schemaChanged,
    quality: s.quality,
    chunks: s.chunks,
    ...(s.skipReason === undefined ? {} : { skip_reason: s.skipReason }),
    error_message: s.error === null ? null : s.error.message,
    error: s.error === null ? null : errorJson(s.error),
  };
}

function errorJson(error: SerializedError): Record<string, unknown> {
  return {
    code: error.code,
    category: error.category,
    ...classify(error),
    message: error.message,
    hint: error.hint ?? null,
    native_code: error.nativeCode ?? null,
  };
}
