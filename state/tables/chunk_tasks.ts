/** `chunk_task`: one chunk of a run, which only moves forward (I5). */
import { StateError } from "../../core/base/errors.ts";
import type { ChunkCompletion, ChunkTask, LeasedState } from "../../core/ports/state.ts";
import {
  inOrder,
  type SqlConnection,
  type SqlExecutor,
  type SqlParameter,
  type SqlRow,
} from "../connection.ts";
import { insertFile } from "./file_log.ts";
import { moveCommitted } from "./progression.ts";
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
 * What a claim updates is named by all columns of either index: a run that the server's statistics do not
 * know yet would else be read from its beginning, at every claim.
 */
export const FOUND = "(status, chunk_index)";

/**
 * The lowest that `what` holds of, in one statement. A row that another process is claiming is passed over,
 * not waited for. A run that is not in progress has none.
 */
async function claimLowest(
  db: SqlConnection,
  tx: SqlExecutor,
  runId: string,
  what: string,
  parameters: readonly SqlParameter[] = [],
): Promise<ChunkTask | null> {
  const at = now();
  const [row] = await tx.all(
    `UPDATE chunk_task SET status = 'running', attempts = attempts + 1, worker = NULL, claimed_at = ?,
       updated_at = ?
     WHERE run_id = ? AND ${FOUND} = (SELECT status, chunk_index FROM chunk_task
         WHERE run_id = ? AND ${what} ORDER BY chunk_index LIMIT 1${db.dialect.forUpdateSkipLocked})
       AND EXISTS (SELECT 1 FROM chunk_run WHERE run_id = ? AND status = 'in_progress') RETURNING *`,
    [at, at, runId, runId, ...parameters, runId],
  );
  return row === undefined ? null : chunkTask(row);
}

/** Pending ones first, so that a failing chunk gets time before its next attempt. */
async function claimNext(
  db: SqlConnection,
  tx: SqlExecutor,
  runId: string,
  from: number,
): Promise<ChunkTask | null> {
  const pending = "status = 'pending' AND chunk_index >= ?";
  return await claimLowest(db, tx, runId, pending, [from]) ??
    (from > 0 ? await claimLowest(db, tx, runId, pending, [0]) : null) ??
    await claimLowest(
      db,
      tx,
      runId,
      `status = 'failed' AND attempts < (SELECT max_attempts FROM chunk_run WHERE run_id = ?)`,
      [runId],
    );
}

/** Writes a chunk's outcome; refused unless the task is in `from`. */
async function setResult(
  tx: SqlExecutor,
  runId: string,
  chunkIndex: number,
  from: "running" | "completed",
  done: ChunkCompletion,
): Promise<void> {
  const updated = await tx.run(
    `UPDATE chunk_task SET status = 'completed', rows_written = ?, parts_json = ?, checksum = ?,
       error = NULL, updated_at = ? WHERE run_id = ? AND chunk_index = ? AND status = ?`,
    [done.rowsWritten, done.parts, done.checksum, now(), runId, chunkIndex, from],
  );
  if (updated === 0) throw await wrongStatus(tx, runId, chunkIndex, from);
}

async function wrongStatus(
  db: SqlExecutor,
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

    async claimChunkTask(runId, from = 0) {
      // A claim that a power cut takes back is one of a process that it has ended.
      return await db.transaction((tx) => claimNext(db, tx, runId, from), { durable: false });
    },

    async completeChunkTask(runId, chunkIndex, done, { files = [], progress, claimFrom } = {}) {
      return await db.transaction(async (tx) => {
        const logged = Promise.all(files.map((file) => insertFile(tx, file)));
        await inOrder(logged, setResult(tx, runId, chunkIndex, "running", done));
        if (progress !== undefined) await moveCommitted(db, tx, progress);
        return claimFrom === undefined ? null : await claimNext(db, tx, runId, claimFrom);
      });
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
