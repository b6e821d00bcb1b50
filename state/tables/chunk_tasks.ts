/** `chunk_task`: one chunk of a run, which only moves forward (I5). */
import { StateError } from "../../core/base/errors.ts";
import type { ChunkCompletion, ChunkTask, LeasedState } from "../../core/ports/state.ts";
import type { SqlConnection, SqlExecutor, SqlRow } from "../connection.ts";
import { number, numberOrNull, text, textOrNull, word } from "../row.ts";

type ChunkTaskTable = Pick<
  LeasedState,
  | "chunkTasks"
  | "claimChunkTask"
  | "completeChunkTask"
  | "failChunkTask"
  | "requeueRunningChunkTasks"
  | "retryFailedChunkTasks"
  | "replaceChunkResult"
>;

/** What a chunk can be. */
export const CHUNK_STATUSES = ["pending", "running", "completed", "failed"] as const;

/** A row of the table. */
export function chunkTask(row: SqlRow): ChunkTask {
  return {
    runId: text(row, "run_id"),
    chunkIndex: number(row, "chunk_index"),
    startKey: textOrNull(row, "start_key"),
    endKey: textOrNull(row, "end_key"),
    status: word(row, "status", CHUNK_STATUSES),
    attempts: number(row, "attempts"),
    rowsWritten: numberOrNull(row, "rows_written"),
    parts: textOrNull(row, "parts_json"),
    checksum: textOrNull(row, "checksum"),
    error: textOrNull(row, "error"),
    updatedAt: text(row, "updated_at"),
    worker: textOrNull(row, "worker"),
    claimedAt: textOrNull(row, "claimed_at"),
  };
}

function now(): string {
  return new Date().toISOString();
}

/**
 * Pending tasks first, then the failed ones with attempts left, so that a failing chunk gets time before
 * its next attempt. A row that another process is claiming is passed over, not waited for.
 */
async function lowestClaimable(
  db: SqlConnection,
  tx: SqlExecutor,
  runId: string,
): Promise<ChunkTask | null> {
  const runs = await tx.all(
    "SELECT max_attempts FROM chunk_run WHERE run_id = ? AND status = 'in_progress'",
    [runId],
  );
  if (runs.length === 0) return null;
  const lock = db.dialect.forUpdateSkipLocked;
  const pending = await tx.all(
    `SELECT * FROM chunk_task WHERE run_id = ? AND status = 'pending'
     ORDER BY chunk_index LIMIT 1${lock}`,
    [runId],
  );
  if (pending.length > 0) return chunkTask(pending[0]);
  const failed = await tx.all(
    `SELECT * FROM chunk_task WHERE run_id = ? AND status = 'failed' AND attempts < ?
     ORDER BY chunk_index LIMIT 1${lock}`,
    [runId, number(runs[0], "max_attempts")],
  );
  return failed.length === 0 ? null : chunkTask(failed[0]);
}

/** Writes a chunk's outcome; refused unless the task is in `from`. */
async function setResult(
  db: SqlConnection,
  runId: string,
  chunkIndex: number,
  from: "running" | "completed",
  done: ChunkCompletion,
): Promise<void> {
  const updated = await db.run(
    `UPDATE chunk_task SET status = 'completed', rows_written = ?, parts_json = ?, checksum = ?,
       error = NULL, updated_at = ? WHERE run_id = ? AND chunk_index = ? AND status = ?`,
    [done.rowsWritten, done.parts, done.checksum, now(), runId, chunkIndex, from],
  );
  if (updated === 0) throw await wrongStatus(db, runId, chunkIndex, from);
}

async function wrongStatus(
  db: SqlConnection,
  runId: string,
  chunkIndex: number,
  expected: string,
): Promise<StateError> {
  const rows = await db.all(
    "SELECT status FROM chunk_task WHERE run_id = ? AND chunk_index = ?",
    [runId, chunkIndex],
  );
  if (rows.length === 0) {
    return new StateError("CHECKPOINT_MISSING", `run ${runId} has no chunk ${chunkIndex}`, {
      hint: "It was removed, e.g. by `rivet state reset-chunks`: start the export again.",
    });
  }
  return new StateError(
    "CHUNK_FAILED",
    `chunk ${chunkIndex} of run ${runId} is ${text(rows[0], "status")}, not ${expected}`,
    { hint: "Another process works on the same run: let only one resume it at a time." },
  );
}

/** `chunk_task`. */
export function chunkTaskTable(db: SqlConnection): ChunkTaskTable {
  return {
    async chunkTasks(runId) {
      const rows = await db.all("SELECT * FROM chunk_task WHERE run_id = ? ORDER BY chunk_index", [
        runId,
      ]);
      return rows.map(chunkTask);
    },

    async claimChunkTask(runId) {
      return await db.transaction(async (tx) => {
        const task = await lowestClaimable(db, tx, runId);
        if (task === null) return null;
        const claimed = await tx.all(
          `UPDATE chunk_task SET status = 'running', attempts = attempts + 1, worker = NULL,
             claimed_at = ?, updated_at = ? WHERE run_id = ? AND chunk_index = ? RETURNING *`,
          [now(), now(), runId, task.chunkIndex],
        );
        return chunkTask(claimed[0]);
      });
    },

    async completeChunkTask(runId, chunkIndex, done) {
      await setResult(db, runId, chunkIndex, "running", done);
    },

    async failChunkTask(runId, chunkIndex, error) {
      const updated = await db.run(
        `UPDATE chunk_task SET status = 'failed', error = ?, updated_at = ?
         WHERE run_id = ? AND chunk_index = ? AND status = 'running'`,
        [error, now(), runId, chunkIndex],
      );
      if (updated === 0) throw await wrongStatus(db, runId, chunkIndex, "running");
    },

    async requeueRunningChunkTasks(runId) {
      return await db.run(
        "UPDATE chunk_task SET status = 'pending', worker = NULL, updated_at = ? WHERE run_id = ? AND status = 'running'",
        [now(), runId],
      );
    },

    async retryFailedChunkTasks(runId) {
      return await db.run(
        "UPDATE chunk_task SET attempts = 0, updated_at = ? WHERE run_id = ? AND status = 'failed'",
        [now(), runId],
      );
    },

    async replaceChunkResult(runId, chunkIndex, done) {
      await setResult(db, runId, chunkIndex, "completed", done);
    },
  };
}
