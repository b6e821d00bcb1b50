/**
 * `chunk_worker`: the processes that share out the chunks of one run, and how they take and commit them.
 * They hold the export's lease together; each has one of its own beside it, by which others tell when its
 * chunks may be taken over.
 */
import { StateError } from "../../core/base/errors.ts";
import type {
  ChunkClaim,
  ChunkTask,
  ChunkWorker,
  NewWorker,
  StateReader,
  StateStore,
  TaskAnswer,
  TaskState,
} from "../../core/ports/state.ts";
import type { SqlConnection, SqlExecutor, SqlParameter, SqlRow } from "../connection.ts";
import type { Processes } from "../processes.ts";
import { number, text, textOrNull, word } from "../row.ts";
import { CHUNK_STATUSES, chunkTask, FOUND } from "./chunk_tasks.ts";
import { clock, type Grant, iso, lease, lockRow, lost, ownerOf, take } from "./leases.ts";

/** A grant that several processes have, and which of them this is. */
export interface SharedGrant extends Grant {
  readonly runId: string;
  readonly worker: string;
}

function statusOf(row: SqlRow, now: string, processes: Processes): ChunkWorker["status"] {
  if (row.ended_at !== null) return "ended";
  return text(row, "expires_at") <= now || processes.isGone(ownerOf(row)) ? "gone" : "live";
}

async function workersOf(
  db: SqlConnection,
  tx: SqlExecutor,
  processes: Processes,
  runId: string,
): Promise<ChunkWorker[]> {
  const now = iso(await clock(db, tx));
  const rows = await tx.all(
    "SELECT * FROM chunk_worker WHERE run_id = ? ORDER BY started_at, worker",
    [runId],
  );
  return rows.map((row) => ({
    runId: text(row, "run_id"),
    worker: text(row, "worker"),
    task: text(row, "task"),
    owner: ownerOf(row),
    startedAt: text(row, "started_at"),
    renewedAt: text(row, "renewed_at"),
    expiresAt: text(row, "expires_at"),
    endedAt: textOrNull(row, "ended_at"),
    status: statusOf(row, now, processes),
  }));
}

/** What anybody may know of workers. */
export function workerReader(
  db: SqlConnection,
  processes: Processes,
): Pick<StateReader, "chunkWorkers" | "chunkProgress"> {
  return {
    chunkWorkers: (runId) => workersOf(db, db, processes, runId),

    async chunkProgress(runId) {
      const counts = await db.all(
        `SELECT worker, status, COUNT(*) AS chunks, CAST(COALESCE(SUM(rows_written), 0) AS ${db.dialect.types.int}) AS row_count
         FROM chunk_task WHERE run_id = ? GROUP BY worker, status ORDER BY worker, status`,
        [runId],
      );
      const running = await db.all(
        "SELECT * FROM chunk_task WHERE run_id = ? AND status = 'running' ORDER BY chunk_index",
        [runId],
      );
      return {
        counts: counts.map((row) => ({
          worker: textOrNull(row, "worker"),
          status: word(row, "status", CHUNK_STATUSES),
          chunks: number(row, "chunks"),
          rows: number(row, "row_count"),
        })),
        running: running.map(chunkTask),
      };
    },
  };
}

/** @returns the lease that the run's tasks have by now, new or as they have it already. */
async function joined(
  tx: SqlExecutor,
  row: SqlRow,
  wanted: Omit<SharedGrant, "number">,
  processes: Processes,
  nowMs: number,
): Promise<SharedGrant> {
  const { exportName, runId, lengthMs } = wanted;
  if (row.token === null || row.shared_run !== runId) {
    const taken = await take(tx, wanted, processes.self, nowMs);
    await tx.run("UPDATE export_lease SET shared_run = ?, run_id = ? WHERE export_name = ?", [
      runId,
      runId,
      exportName,
    ]);
    return { ...wanted, number: taken };
  }
  await tx.run("UPDATE export_lease SET renewed_at = ?, expires_at = ? WHERE export_name = ?", [
    iso(nowMs),
    iso(nowMs + lengthMs),
    exportName,
  ]);
  return { ...wanted, number: number(row, "number"), token: text(row, "token") };
}

async function register(
  tx: SqlExecutor,
  runId: string,
  { worker, task }: NewWorker,
  processes: Processes,
  [at, expires]: readonly [string, string],
): Promise<void> {
  const runs = await tx.all("SELECT 1 FROM chunk_run WHERE run_id = ?", [runId]);
  if (runs.length === 0) {
    throw new StateError("CHECKPOINT_MISSING", `no chunk run ${runId} in the state`, {
      hint: "It was removed, e.g. by `rivet state reset-chunks`: make a new plan.",
    });
  }
  const { host, hostId, pid, processStart } = processes.self;
  await tx.run(
    `INSERT INTO chunk_worker (run_id, worker, task, host, host_id, pid, process_start, started_at,
       renewed_at, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    [runId, worker, task, host, hostId, pid, processStart, at, at, expires],
  );
}

/** @param open makes the state that writes under a shared grant. */
export function taskTable(
  db: SqlConnection,
  processes: Processes,
  open: (grant: SharedGrant) => TaskState,
): Pick<StateStore, "joinRun"> {
  return {
    async joinRun(exportName, runId, worker, lengthMs): Promise<TaskAnswer> {
      const token = crypto.randomUUID();
      return await db.transaction(async (tx) => {
        const row = await lockRow(db, tx, exportName);
        const nowMs = await clock(db, tx);
        if (row.token !== null && row.shared_run !== runId) {
          const by = lease(row, iso(nowMs), processes);
          if (by.status === "live") return { kind: "held", by };
        }
        const wanted = { exportName, runId, token, lengthMs, worker: worker.worker };
        const grant = await joined(tx, row, wanted, processes, nowMs);
        await register(tx, runId, worker, processes, [iso(nowMs), iso(nowMs + lengthMs)]);
        return { kind: "granted", state: open(grant) };
      });
    },
  };
}

/** The fence in the statement itself: one way to the server and back for a claim, and one for a commit. */
function heldBy(db: SqlConnection, { exportName, number, token }: SharedGrant) {
  const held = (what: string) =>
    `WITH held AS (SELECT ${what} FROM export_lease
      WHERE export_name = ? AND number = ? AND token = ?${db.dialect.forShare})`;
  return {
    with: held("1"),
    /** A claim that a power cut takes back is made again, by whoever asks next. */
    withUndurable: held(db.dialect.undurable),
    and: "EXISTS (SELECT 1 FROM held)",
    parameters: [exportName, number, token] satisfies SqlParameter[],
  };
}

const IN_SHARE = "chunk_index % ? = ?";

type Claims = Pick<
  TaskState,
  "claim" | "commitClaim" | "failClaim" | "retryFailed" | "openTasks"
>;

/** What a worker does with chunks. */
export function claimTable(
  db: SqlConnection,
  grant: SharedGrant,
  processes: Processes,
): Claims {
  const { runId, worker } = grant;
  const held = heldBy(db, grant);
  const now = () => new Date().toISOString();

  const requireHeld = async (): Promise<void> => {
    const rows = await db.all(
      "SELECT 1 FROM export_lease WHERE export_name = ? AND number = ? AND token = ?",
      held.parameters,
    );
    if (rows.length === 0) throw await lost(db, grant);
  };

  const claimWhere = async (
    what: string,
    parameters: readonly SqlParameter[],
  ): Promise<ChunkTask | null> => {
    const at = now();
    const [row] = await db.all(
      `${held.withUndurable} UPDATE chunk_task SET status = 'running', attempts = attempts + 1, worker = ?,
         claimed_at = ?, updated_at = ?
       WHERE run_id = ? AND ${held.and} AND ${FOUND} = (SELECT t.status, t.chunk_index FROM chunk_task t
         WHERE t.run_id = ? AND ${what}
         ORDER BY t.chunk_index LIMIT 1${db.dialect.forUpdateSkipLocked}) RETURNING *`,
      [...held.parameters, worker, at, at, runId, runId, ...parameters],
    );
    return row === undefined ? null : chunkTask(row);
  };

  /** Processes of this host that are certainly gone hold nothing any more. */
  const bury = async (): Promise<string> => {
    const nowMs = await clock(db, db);
    for (const { worker: dead, owner } of await workersOf(db, db, processes, runId)) {
      if (!processes.isGone(owner)) continue;
      await db.run(
        "UPDATE chunk_worker SET expires_at = ? WHERE run_id = ? AND worker = ? AND expires_at > ?",
        [iso(nowMs), runId, dead, iso(nowMs)],
      );
    }
    return iso(nowMs);
  };

  /** Whether a claim that was not found running is over, and how. */
  const settled = async ({ chunkIndex, attempts }: ChunkClaim, as: string): Promise<boolean> => {
    await requireHeld();
    const rows = await db.all(
      `SELECT 1 FROM chunk_task WHERE run_id = ? AND chunk_index = ? AND status = ? AND worker = ?
         AND attempts = ?`,
      [runId, chunkIndex, as, worker, attempts],
    );
    return rows.length > 0;
  };

  const claimed =
    "run_id = ? AND chunk_index = ? AND status = 'running' AND worker = ? AND attempts = ?";
  const keyOf = (claim: ChunkClaim) => [runId, claim.chunkIndex, worker, claim.attempts];

  return {
    async claim({ index, of }, from) {
      const share: SqlParameter[] = [of, index];
      const pending = `t.status = 'pending' AND t.chunk_index >= ? AND t.${IN_SHARE}`;
      // Where the last claim was: what lies before it was claimed and would be looked at in vain.
      const next = await claimWhere(pending, [from, ...share]) ??
        (from > 0 ? await claimWhere(pending, [0, ...share]) : null);
      if (next !== null) return next;
      await requireHeld();
      const at = await bury();
      return await claimWhere(
        `t.${IN_SHARE} AND (t.status = 'failed'
             AND t.attempts < (SELECT max_attempts FROM chunk_run WHERE run_id = ?)
           OR t.status = 'running' AND NOT EXISTS (SELECT 1 FROM chunk_worker w
             WHERE w.run_id = t.run_id AND w.worker = t.worker AND w.expires_at > ?))`,
        [...share, runId, at],
      );
    },

    async commitClaim(claim, done) {
      const updated = await db.run(
        `${held.with} UPDATE chunk_task SET status = 'completed', rows_written = ?, parts_json = ?,
           checksum = ?, error = NULL, updated_at = ? WHERE ${claimed} AND ${held.and}`,
        [
          ...held.parameters,
          ...[done.rowsWritten, done.parts, done.checksum, now()],
          ...keyOf(claim),
        ],
      );
      return updated > 0 || await settled(claim, "completed") ? "committed" : "taken";
    },

    async failClaim(claim, error) {
      const updated = await db.run(
        `${held.with} UPDATE chunk_task SET status = 'failed', error = ?, updated_at = ?
         WHERE ${claimed} AND ${held.and}`,
        [...held.parameters, error, now(), ...keyOf(claim)],
      );
      return updated > 0 || await settled(claim, "failed") ? "failed" : "taken";
    },

    async retryFailed({ index, of }) {
      return await db.run(
        `${held.with} UPDATE chunk_task SET attempts = 0, updated_at = ?
         WHERE run_id = ? AND status = 'failed' AND ${IN_SHARE} AND ${held.and}
           AND attempts >= (SELECT max_attempts FROM chunk_run WHERE run_id = ?)`,
        [...held.parameters, now(), runId, of, index, runId],
      );
    },

    async openTasks({ index, of }) {
      const rows = await db.all(
        `SELECT * FROM chunk_task WHERE run_id = ? AND status <> 'completed' AND ${IN_SHARE}
         ORDER BY chunk_index`,
        [runId, of, index],
      );
      return rows.map(chunkTask);
    },
  };
}

/** The worker's own lease, and its part in keeping the export's. */
export function workerLease(
  db: SqlConnection,
  grant: SharedGrant,
): Pick<TaskState, "lease" | "renew" | "release"> {
  const { exportName, runId, worker, token, lengthMs } = grant;
  const isOurs = "export_name = ? AND number = ? AND token = ?";
  const key = [exportName, grant.number, token];
  return {
    lease: { exportName, number: grant.number },

    async renew() {
      await db.transaction(async (tx) => {
        const nowMs = await clock(db, tx);
        const expires = iso(nowMs + lengthMs);
        const renewed = await tx.run(
          "UPDATE chunk_worker SET renewed_at = ?, expires_at = ? WHERE run_id = ? AND worker = ?",
          [iso(nowMs), expires, runId, worker],
        );
        if (renewed === 0) throw await lost(tx, grant);
        // One of many renews the lease of all, so that they do not wait for each other.
        await tx.run(
          `UPDATE export_lease SET renewed_at = ?, expires_at = ? WHERE ${isOurs} AND expires_at < ?`,
          [iso(nowMs), expires, ...key, iso(nowMs + lengthMs * 0.8)],
        );
        const held = await tx.all(`SELECT 1 FROM export_lease WHERE ${isOurs}`, key);
        if (held.length === 0) throw await lost(tx, grant);
      });
    },

    async release() {
      await db.transaction(async (tx) => {
        await lockRow(db, tx, exportName);
        const now = iso(await clock(db, tx));
        await tx.run(
          `UPDATE chunk_task SET status = 'pending', worker = NULL, updated_at = ?
           WHERE run_id = ? AND status = 'running' AND worker = ?`,
          [now, runId, worker],
        );
        await tx.run(
          "UPDATE chunk_worker SET ended_at = ?, expires_at = ? WHERE run_id = ? AND worker = ?",
          [now, now, runId, worker],
        );
        await tx.run(
          `UPDATE export_lease SET token = NULL WHERE ${isOurs} AND NOT EXISTS (
             SELECT 1 FROM chunk_worker w WHERE w.run_id = ? AND w.expires_at > ?)`,
          [...key, runId, now],
        );
      });
    },
  };
}
