/** What many runs come to, computed by the database: the answer grows with the question, not with the state. */
import type {
  ExportHistory,
  HistoryFilter,
  HistoryReader,
  HistorySlot,
  HistoryTotals,
  StatusCounts,
} from "../../core/ports/history.ts";
import type { SqlConnection, SqlRow } from "../connection.ts";
import { number, text, textOrNull } from "../row.ts";
import { type Filter, narrowed, ofRun, since, where } from "./filter.ts";
import { journalEvent } from "./journal.ts";
import { runMetric } from "./metrics.ts";

const COUNTED = ["success", "failed", "skipped", "interrupted"] as const;

const COUNTS = COUNTED
  .map((s) => `COALESCE(SUM(CASE WHEN m.status = '${s}' THEN 1 ELSE 0 END), 0) AS ${s}`)
  .join(", ");

const SUMS = ["row_count", "bytes", "duration_ms", "retries"]
  .map((column) => `COALESCE(SUM(m.${column}), 0) AS total_${column}`).join(", ");

function counts(row: SqlRow): StatusCounts {
  const [success, failed, skipped, interrupted] = COUNTED.map((status) => number(row, status));
  return { success, failed, skipped, interrupted };
}

/** Of `export_metrics m`. */
function matchingRuns(filter: HistoryFilter): Filter {
  return since(where({ "m.export_name": filter.exportName }), "m.started_at", filter.since);
}

function totals(row: SqlRow): HistoryTotals {
  return {
    ...counts(row),
    exports: number(row, "exports"),
    runs: number(row, "runs"),
    rows: number(row, "total_row_count"),
    bytes: number(row, "total_bytes"),
    retries: number(row, "total_retries"),
    firstAt: textOrNull(row, "first_at"),
    lastAt: textOrNull(row, "last_at"),
  };
}

function exportHistory(row: SqlRow): ExportHistory {
  return {
    latest: runMetric(row),
    runs: number(row, "runs"),
    failures: number(row, "failures"),
    lastSuccessAt: textOrNull(row, "last_success_at"),
    rows: number(row, "all_rows"),
    bytes: number(row, "all_bytes"),
  };
}

function slot(row: SqlRow): HistorySlot {
  return {
    ...counts(row),
    at: text(row, "slot"),
    rows: number(row, "total_row_count"),
    bytes: number(row, "total_bytes"),
    durationMs: number(row, "total_duration_ms"),
    longestMs: number(row, "longest_ms"),
    retries: number(row, "total_retries"),
  };
}

/** Questions over `export_metrics`, `run_journal` and `chunk_task`. */
export function historyTable(db: SqlConnection): HistoryReader {
  return {
    async historyTotals(filter) {
      const { sql, parameters } = matchingRuns(filter);
      const [row] = await db.all(
        `SELECT COUNT(DISTINCT m.export_name) AS exports, COUNT(*) AS runs, ${COUNTS}, ${SUMS},
           MIN(m.started_at) AS first_at, MAX(m.started_at) AS last_at
         FROM export_metrics m${sql}`,
        parameters,
      );
      return totals(row);
    },

    async exportHistories(filter) {
      const { sql, parameters } = matchingRuns(filter);
      const rows = await db.all(
        `SELECT m.*, e.runs, e.failures, e.last_success_at, e.all_rows, e.all_bytes FROM (
           SELECT m.id, ROW_NUMBER() OVER (
             PARTITION BY m.export_name ORDER BY COALESCE(r.sequence, 0) DESC, m.id DESC
           ) AS place
           FROM export_metrics m LEFT JOIN export_run r ON r.run_id = m.run_id${sql}
         ) n JOIN export_metrics m ON m.id = n.id JOIN (
           SELECT m.export_name, COUNT(*) AS runs,
             SUM(CASE WHEN m.status IN ('failed', 'interrupted') THEN 1 ELSE 0 END) AS failures,
             MAX(CASE WHEN m.status IN ('success', 'skipped') THEN m.finished_at END)
               AS last_success_at,
             SUM(m.row_count) AS all_rows, SUM(m.bytes) AS all_bytes
           FROM export_metrics m${sql} GROUP BY m.export_name
         ) e ON e.export_name = m.export_name
         WHERE n.place = 1
         ORDER BY CASE WHEN m.status IN ('failed', 'interrupted') THEN 0 ELSE 1 END, m.export_name
         LIMIT ?`,
        [...parameters, ...parameters, filter.last],
      );
      return rows.map(exportHistory);
    },

    async historySlots(filter) {
      const { sql, parameters } = matchingRuns(filter);
      const rows = await db.all(
        `SELECT SUBSTR(m.started_at, 1, ?) AS slot, ${COUNTS}, ${SUMS},
           MAX(m.duration_ms) AS longest_ms
         FROM export_metrics m${sql} GROUP BY 1 ORDER BY 1 DESC LIMIT ?`,
        [filter.digits, ...parameters, filter.last],
      );
      return rows.map(slot).reverse();
    },

    async events(filter) {
      const { exportName, runId, names, last } = filter;
      const given = ofRun(where({ export_name: exportName }), "run_id", runId);
      const named = `event IN (${names.map(() => "?").join(", ")})`;
      const matching = narrowed(since(given, "at", filter.since), named, names);
      const rows = await db.all(
        `SELECT * FROM run_journal${matching.sql} ORDER BY id DESC LIMIT ?`,
        [...matching.parameters, last],
      );
      return rows.map(journalEvent);
    },

    async chunkParts(runId, last) {
      const rows = await db.all(
        `SELECT chunk_index, parts_json FROM chunk_task WHERE run_id = ? AND parts_json IS NOT NULL
         ORDER BY CASE WHEN parts_json LIKE '%"status"%' THEN 0 ELSE 1 END, chunk_index LIMIT ?`,
        [runId, last],
      );
      return rows.map((row) => ({
        chunkIndex: number(row, "chunk_index"),
        parts: text(row, "parts_json"),
      }));
    },
  };
}
