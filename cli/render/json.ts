/**
 * What `--json` of the state commands prints. The names are public API. Those under a `Deprecated` are an
 * earlier spelling of those before them.
 */
import type { ImportStep } from "../../core/import/plan_import.ts";
import type { ForeignState } from "../../core/ports/foreign_state.ts";
import type {
  ChunkRun,
  ChunkTask,
  CursorState,
  FileRecord,
  JournalRun,
  Lease,
  Progression,
  RunMetric,
} from "../../core/ports/state.ts";
export { toJson } from "../../core/base/json_text.ts";

/** A row of the file log. */
export function fileJson(file: FileRecord): Record<string, unknown> {
  return {
    run_id: file.runId,
    export_name: file.exportName,
    file_name: file.fileName,
    destination: file.destination,
    row_count: file.rows,
    // Deprecated: row_count.
    rows: file.rows,
    bytes: file.sizeBytes,
    content_fingerprint: file.fingerprint,
    content_md5: file.md5,
    format: file.format,
    compression: file.compression,
    chunk_index: file.chunkIndex,
    created_at: file.createdAt,
  };
}

/** A checkpointed run, without its chunks. */
export function chunkRunJson(run: ChunkRun): Record<string, unknown> {
  return {
    run_id: run.runId,
    export_name: run.exportName,
    status: run.status,
    plan_hash: run.planFingerprint,
    // Deprecated: plan_hash.
    plan_fingerprint: run.planFingerprint,
    max_attempts: run.maxAttempts,
    created_at: run.createdAt,
    updated_at: run.updatedAt,
  };
}

/** One chunk of a checkpointed run. */
export function chunkTaskJson(task: ChunkTask): Record<string, unknown> {
  return {
    chunk_index: task.chunkIndex,
    start_key: task.startKey,
    end_key: task.endKey,
    status: task.status,
    attempts: task.attempts,
    rows_written: task.rowsWritten,
    last_error: task.error,
    // Deprecated: last_error.
    error: task.error,
    updated_at: task.updatedAt,
  };
}

/** What is kept of a run's summary. */
export function metricJson(m: RunMetric): Record<string, unknown> {
  return {
    run_id: m.runId,
    export_name: m.exportName,
    mode: m.mode,
    status: m.status,
    run_at: m.finishedAt,
    started_at: m.startedAt,
    finished_at: m.finishedAt,
    duration_ms: m.durationMs,
    total_rows: m.rows,
    files_produced: m.files,
    bytes_written: m.bytes,
    tuning_profile: m.profile,
    // Deprecated: total_rows, files_produced, bytes_written, and below tuning_profile.
    rows: m.rows,
    files: m.files,
    bytes: m.bytes,
    peak_rss_mb: m.peakRssMb,
    retries: m.retries,
    validated: m.validated,
    reconciled: m.reconciled,
    schema_changed: m.schemaChanged,
    profile: m.profile,
    format: m.format,
    error_code: m.errorCode,
    error_message: m.errorMessage,
  };
}

/** A stored cursor, without the ties at its value. */
export function cursorJson(cursor: CursorState): Record<string, unknown> {
  return {
    export_name: cursor.exportName,
    last_cursor_value: cursor.cursor,
    last_run_at: cursor.updatedAt,
    // Deprecated: last_cursor_value, last_run_at.
    cursor: cursor.cursor,
    updated_at: cursor.updatedAt,
    run_id: cursor.runId,
  };
}

interface Boundary {
  readonly strategy: Progression["committedStrategy"];
  readonly value: string | null;
  readonly runId: string | null;
  readonly at: string | null;
}

/** By the names of the documented columns: one per kind of boundary. */
function boundaryJson(prefix: string, { strategy, value, runId, at }: Boundary) {
  return {
    [`${prefix}_strategy`]: strategy,
    [`${prefix}_cursor`]: strategy === "incremental" ? value : null,
    [`${prefix}_chunk_index`]: strategy === "chunked" ? Number(value) : null,
    [`${prefix}_run_id`]: runId,
    [`${prefix}_at`]: at,
  };
}

/** Both boundaries of an export; members are null where there is none yet (PG2, PG5). */
export function progressionJson(p: Progression): Record<string, unknown> {
  return {
    export_name: p.exportName,
    ...boundaryJson("last_committed", {
      strategy: p.committedStrategy,
      value: p.committedValue,
      runId: p.committedRunId,
      at: p.committedAt,
    }),
    ...boundaryJson("last_verified", {
      strategy: p.verifiedStrategy,
      value: p.verifiedValue,
      runId: p.verifiedRunId,
      at: p.verifiedAt,
    }),
    // Deprecated: the same with last_.
    committed_strategy: p.committedStrategy,
    committed_value: p.committedValue,
    committed_run_id: p.committedRunId,
    committed_at: p.committedAt,
    verified_strategy: p.verifiedStrategy,
    verified_value: p.verifiedValue,
    verified_run_id: p.verifiedRunId,
    verified_at: p.verifiedAt,
  };
}

/** A run's events, each with its data as JSON. */
export function journalJson(run: JournalRun): Record<string, unknown> {
  return {
    run_id: run.runId,
    export_name: run.exportName,
    events: run.events.map((event) => ({
      seq: event.seq,
      at: event.at,
      event: event.event,
      data: JSON.parse(event.data),
    })),
  };
}

/** Who holds an export, and until when. */
export function leaseJson(lease: Lease): Record<string, unknown> {
  return {
    export_name: lease.exportName,
    status: lease.status,
    run_id: lease.runId,
    host: lease.owner.host,
    pid: lease.owner.pid,
    number: lease.number,
    acquired_at: lease.acquiredAt,
    renewed_at: lease.renewedAt,
    expires_at: lease.expiresAt,
  };
}

/** What `state import` found in another tool's state, and what it did or would do per export. */
export function importJson(
  foreign: ForeignState,
  steps: readonly ImportStep[],
  executed: boolean,
): Record<string, unknown> {
  return {
    from: foreign.location,
    schema_version: foreign.version,
    executed,
    exports: steps.map((step) => ({
      export_name: step.exportName,
      action: step.action,
      reason: step.reason,
      cursor: step.cursor?.cursor ?? null,
      cursor_column: step.cursor?.column ?? null,
      progression: step.progression === null ? null : progressionJson(step.progression),
      files: step.files.length,
      notes: step.notes,
    })),
  };
}
