/** `export_metrics`: one row per finished run (I4). A resumed run adds a row and keeps that of the failure. */
import type { RunMetric, StateStore } from "../../core/ports/state.ts";
import type { SqlConnection, SqlRow } from "../connection.ts";
import { booleanOrNull, number, text, textOrNull, word } from "../row.ts";
import { limit, ofRun, since, where } from "./filter.ts";

type MetricTable = Pick<StateStore, "recordMetric" | "metrics">;

const STATUSES = ["success", "failed", "skipped", "interrupted"] as const;

/** A row with all columns of `export_metrics`. */
export function runMetric(row: SqlRow): RunMetric {
  return {
    runId: text(row, "run_id"),
    exportName: text(row, "export_name"),
    mode: text(row, "mode"),
    status: word(row, "status", STATUSES),
    startedAt: text(row, "started_at"),
    finishedAt: text(row, "finished_at"),
    durationMs: number(row, "duration_ms"),
    rows: number(row, "row_count"),
    files: number(row, "file_count"),
    bytes: number(row, "bytes"),
    peakRssMb: number(row, "peak_rss_mb"),
    retries: number(row, "retries"),
    validated: booleanOrNull(row, "validated"),
    reconciled: booleanOrNull(row, "reconciled"),
    schemaChanged: booleanOrNull(row, "schema_changed"),
    profile: text(row, "profile"),
    format: text(row, "format"),
    errorCode: textOrNull(row, "error_code"),
    errorMessage: textOrNull(row, "error_message"),
  };
}

/** `export_metrics`. */
export function metricTable(db: SqlConnection): MetricTable {
  return {
    async recordMetric(metric) {
      await db.run(
        `INSERT INTO export_metrics (run_id, export_name, mode, status, started_at, finished_at,
           duration_ms, row_count, file_count, bytes, peak_rss_mb, retries, validated, reconciled,
           schema_changed, profile, format, error_code, error_message)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
        [
          metric.runId,
          metric.exportName,
          metric.mode,
          metric.status,
          metric.startedAt,
          metric.finishedAt,
          Math.round(metric.durationMs),
          metric.rows,
          metric.files,
          metric.bytes,
          metric.peakRssMb,
          metric.retries,
          metric.validated,
          metric.reconciled,
          metric.schemaChanged,
          metric.profile,
          metric.format,
          metric.errorCode,
          metric.errorMessage,
        ],
      );
    },

    async metrics(filter) {
      const ofExport = where({ "m.export_name": filter.exportName });
      const matching = since(
        ofRun(ofExport, "m.run_id", filter.runId),
        "m.started_at",
        filter.since,
      );
      const newest = limit(filter.last);
      // A run that lost its lease may record its failure after the run that took it over.
      const rows = await db.all(
        `SELECT m.* FROM (
           SELECT m.id, COALESCE(r.sequence, 0) AS sequence
           FROM export_metrics m LEFT JOIN export_run r ON r.run_id = m.run_id${matching.sql}
           ORDER BY 2 DESC, 1 DESC${newest.sql}
         ) n JOIN export_metrics m ON m.id = n.id ORDER BY n.sequence DESC, m.id DESC`,
        [...matching.parameters, ...newest.parameters],
      );
      return rows.map(runMetric);
    },
  };
}
