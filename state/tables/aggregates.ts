/** `run_aggregate`: one row per invocation over several exports. */
import type { RunAggregateRecord, StateStore } from "../../core/ports/state.ts";
import type { SqlConnection, SqlRow } from "../connection.ts";
import { number, text } from "../row.ts";

type AggregateTable = Pick<StateStore, "saveAggregate" | "aggregates">;

function aggregateRecord(row: SqlRow): RunAggregateRecord {
  return {
    aggregateId: text(row, "aggregate_id"),
    startedAt: text(row, "started_at"),
    finishedAt: text(row, "finished_at"),
    exports: number(row, "exports"),
    succeeded: number(row, "succeeded"),
    failed: number(row, "failed"),
    skipped: number(row, "skipped"),
    rows: number(row, "row_count"),
    bytes: number(row, "bytes"),
    detail: text(row, "detail_json"),
  };
}

/** `run_aggregate`. */
export function aggregateTable(db: SqlConnection): AggregateTable {
  return {
    async saveAggregate(record) {
      await db.run(
        `INSERT INTO run_aggregate (aggregate_id, started_at, finished_at, exports, succeeded, failed,
           skipped, row_count, bytes, detail_json, sequence)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, (SELECT COALESCE(MAX(sequence), 0) + 1 FROM run_aggregate))
         ON CONFLICT (aggregate_id) DO UPDATE SET started_at = excluded.started_at,
           finished_at = excluded.finished_at, exports = excluded.exports,
           succeeded = excluded.succeeded, failed = excluded.failed, skipped = excluded.skipped,
           row_count = excluded.row_count, bytes = excluded.bytes, detail_json = excluded.detail_json`,
        [
          record.aggregateId,
          record.startedAt,
          record.finishedAt,
          record.exports,
          record.succeeded,
          record.failed,
          record.skipped,
          record.rows,
          record.bytes,
          record.detail,
        ],
      );
    },

    async aggregates(last) {
      const rows = await db.all(
        "SELECT * FROM run_aggregate ORDER BY sequence DESC, started_at DESC, aggregate_id DESC LIMIT ?",
        [last],
      );
      return rows.map(aggregateRecord);
    },
  };
}
