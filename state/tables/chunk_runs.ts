/** `chunk_run`: checkpointed chunked runs, from their creation to their end (I6). */
import { StateError } from "../../core/base/errors.ts";
import type { ChunkRun, LeasedState, NewChunkTask } from "../../core/ports/state.ts";
import type { SqlConnection, SqlExecutor, SqlRow } from "../connection.ts";
import { number, text, textOrNull, word } from "../row.ts";
import { where } from "./filter.ts";
import { insertRows } from "./insert.ts";

type ChunkRunTable = Pick<
  LeasedState,
  | "createChunkRun"
  | "chunkRunInProgress"
  | "latestChunkRun"
  | "chunkRun"
  | "chunkRuns"
  | "completeChunkRun"
  | "finishChunkRun"
  | "resetChunks"
>;

const STATUSES = ["in_progress", "completed"] as const;

/** Named in the error of a run that cannot be closed; the rest are counted. */
const MAX_NAMED_CHUNKS = 20;

/** Runs of before there was a sequence come last, in the order of their clock. */
const WITH_ORDER = "chunk_run c LEFT JOIN export_run r ON r.run_id = c.run_id";
const NEWEST_FIRST = "ORDER BY COALESCE(r.sequence, 0) DESC, c.created_at DESC, c.run_id DESC";

function chunkRun(row: SqlRow): ChunkRun {
  return {
    runId: text(row, "run_id"),
    exportName: text(row, "export_name"),
    planFingerprint: text(row, "plan_fingerprint"),
    status: word(row, "status", STATUSES),
    maxAttempts: number(row, "max_attempts"),
    createdAt: text(row, "created_at"),
    updatedAt: text(row, "updated_at"),
    plan: text(row, "plan_json"),
    planId: textOrNull(row, "plan_id"),
    finishedAt: textOrNull(row, "finished_at"),
  };
}

async function insertTasks(
  tx: SqlExecutor,
  runId: string,
  tasks: readonly NewChunkTask[],
): Promise<void> {
  const now = new Date().toISOString();
  await insertRows(
    tx,
    "chunk_task",
    ["run_id", "chunk_index", "start_key", "end_key", "status", "attempts", "updated_at"],
    tasks.map((t) => [runId, t.chunkIndex, t.startKey, t.endKey, "pending", 0, now]),
  );
}

/** The run's row, kept from changing until the transaction ends. */
async function lockRun(db: SqlConnection, tx: SqlExecutor, runId: string): Promise<ChunkRun> {
  const rows = await tx.all(
    `SELECT * FROM chunk_run WHERE run_id = ?${db.dialect.forUpdate}`,
    [runId],
  );
  if (rows.length === 0) {
    throw new StateError("CHECKPOINT_MISSING", `no chunk run ${runId} in the state`, {
      hint: "It was removed, e.g. by `rivet state reset-chunks`: start the export again.",
    });
  }
  return chunkRun(rows[0]);
}

function describeTask(row: SqlRow): string {
  const error = textOrNull(row, "error");
  const failure = error === null ? "" : `: ${error}`;
  const attempts = number(row, "attempts");
  return `chunk ${number(row, "chunk_index")} (${
    text(row, "status")
  }, attempts ${attempts}${failure})`;
}

/** I6: a run with open chunks is not finished. */
function refuseOpen(run: ChunkRun, open: readonly SqlRow[]): void {
  if (open.length === 0) return;
  const named = open.slice(0, MAX_NAMED_CHUNKS).map(describeTask).join(", ");
  const more = open.length > MAX_NAMED_CHUNKS ? ` and ${open.length - MAX_NAMED_CHUNKS} more` : "";
  throw new StateError(
    "CHUNK_FAILED",
    `${open.length} chunk(s) of run ${run.runId} are not complete: ${named}${more}`,
    {
      hint: run.planId === null
        ? `Remove the cause and run export ${run.exportName} with --resume; ` +
          "completed chunks are not read again."
        : "Start the tasks that take them again (`rivet apply PLAN --task I/N` or --claim), then " +
          "finish; completed chunks are not read again.",
    },
  );
}

/** `chunk_run`. */
export function chunkRunTable(db: SqlConnection): ChunkRunTable {
  return {
    async createChunkRun(run, tasks) {
      const now = new Date().toISOString();
      await db.transaction(async (tx) => {
        const inserted = await tx.run(
          `INSERT INTO chunk_run (run_id, export_name, plan_fingerprint, status, max_attempts,
             created_at, updated_at, plan_json, plan_id)
           VALUES (?, ?, ?, 'in_progress', ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
          [
            ...[run.runId, run.exportName, run.planFingerprint, run.maxAttempts, now, now],
            ...[run.plan, run.planId ?? null],
          ],
        );
        if (inserted === 0) {
          throw new StateError(
            "CHECKPOINT_OPEN",
            `export ${run.exportName} has an unfinished chunk run`,
            {
              hint: "Continue it with `rivet run --resume`, or discard it with " +
                `\`rivet state reset-chunks --export ${run.exportName}\`.`,
            },
          );
        }
        await insertTasks(tx, run.runId, tasks);
      });
    },

    async chunkRunInProgress(exportName) {
      const rows = await db.all(
        "SELECT * FROM chunk_run WHERE export_name = ? AND status = 'in_progress'",
        [exportName],
      );
      return rows.length === 0 ? null : chunkRun(rows[0]);
    },

    async latestChunkRun(exportName) {
      const rows = await db.all(
        `SELECT c.* FROM ${WITH_ORDER} WHERE c.export_name = ? ${NEWEST_FIRST} LIMIT 1`,
        [exportName],
      );
      return rows.length === 0 ? null : chunkRun(rows[0]);
    },

    async chunkRun(runId) {
      const rows = await db.all("SELECT * FROM chunk_run WHERE run_id = ?", [runId]);
      return rows.length === 0 ? null : chunkRun(rows[0]);
    },

    async finishChunkRun(runId) {
      await db.run("UPDATE chunk_run SET finished_at = ? WHERE run_id = ?", [
        new Date().toISOString(),
        runId,
      ]);
    },

    async chunkRuns(filter) {
      const matching = where({ "c.status": filter.status });
      const rows = await db.all(
        `SELECT c.* FROM ${WITH_ORDER}${matching.sql} ${NEWEST_FIRST}`,
        matching.parameters,
      );
      return rows.map(chunkRun);
    },

    async completeChunkRun(runId) {
      await db.transaction(async (tx) => {
        const run = await lockRun(db, tx, runId);
        if (run.status === "completed") return;
        const open = await tx.all(
          `SELECT chunk_index, status, attempts, error FROM chunk_task
           WHERE run_id = ? AND status <> 'completed' ORDER BY chunk_index`,
          [runId],
        );
        refuseOpen(run, open);
        await tx.run("UPDATE chunk_run SET status = 'completed', updated_at = ? WHERE run_id = ?", [
          new Date().toISOString(),
          runId,
        ]);
      });
    },

    async resetChunks(exportName, options = {}) {
      const matching = where({
        export_name: exportName,
        status: options.stuckOnly ? "in_progress" : undefined,
      });
      // The tasks go with their run (ON DELETE CASCADE).
      return await db.run(`DELETE FROM chunk_run${matching.sql}`, matching.parameters);
    },
  };
}
