/** Summaries as `--json`, `--summary-output`, run reports and state store them. The names are public API. */
import type { SerializedError } from "../base/errors.ts";
import type { ExportSummary, RunAggregate } from "./summary.ts";

export function aggregateJson(run: RunAggregate): Record<string, unknown> {
  return {
    rivet_version: run.rivetVersion,
    started_at: run.startedAt,
    finished_at: run.finishedAt,
    duration_ms: run.durationMs,
    succeeded: run.succeeded,
    failed: run.failed,
    skipped: run.skipped,
    rows: run.rows,
    files: run.files,
    bytes: run.bytes,
    exports: run.exports.map(summaryJson),
  };
}

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
    error: s.error === null ? null : errorJson(s.error),
  };
}

function errorJson(error: SerializedError): Record<string, unknown> {
  return {
    code: error.code,
    category: error.category,
    message: error.message,
    hint: error.hint ?? null,
    native_code: error.nativeCode ?? null,
  };
}
