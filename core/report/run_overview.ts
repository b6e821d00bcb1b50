/** How far a chunk run is, and who works on it, from what the state remembers. */
import type { ChunkProgress, ChunkTaskStatus, ChunkWorker, StateReader } from "../ports/state.ts";

/** A chunk that is being read. */
export interface HeldChunk {
  readonly chunk: number;
  readonly attempts: number;
  /** ISO 8601 UTC; null for a run of before it was kept. */
  readonly since: string | null;
}

/** What one process has done, and holds. */
export interface WorkerOverview {
  readonly worker: string;
  readonly task: string;
  readonly host: string;
  readonly pid: number;
  readonly status: ChunkWorker["status"];
  readonly started_at: string;
  readonly renewed_at: string;
  readonly expires_at: string;
  readonly ended_at: string | null;
  readonly chunks: number;
  readonly rows: number;
  readonly rows_per_second: number;
  readonly holds: readonly HeldChunk[];
}

/** One task of those that have begun, over all processes that were started for it. */
export interface TaskOverview {
  readonly task: string;
  /** null: what it takes is not fixed. */
  readonly chunks: number | null;
  /** By its own processes. */
  readonly completed: number;
  readonly rows: number;
  readonly status: "running" | "stopped";
}

/** What `rivet state run --json` prints. */
export interface RunOverview {
  readonly run_id: string;
  readonly export_name: string;
  readonly status: string;
  readonly plan_id: string | null;
  readonly created_at: string;
  readonly finished_at: string | null;
  readonly rows: number;
  /** Since the run was made, over all its workers. */
  readonly rows_per_second: number;
  readonly chunks: Readonly<Record<ChunkTaskStatus, number>> & { readonly total: number };
  readonly tasks: readonly TaskOverview[];
  readonly workers: readonly WorkerOverview[];
  /** Held by nobody in `workers`: by a run of one process. */
  readonly held: readonly HeldChunk[];
  /** Nothing more will change. */
  readonly done: boolean;
}

/** null: the state has no chunks of such a run. */
export async function runOverview(
  state: Pick<StateReader, "chunkRun" | "chunkProgress" | "chunkWorkers">,
  runId: string,
  now: Date,
): Promise<RunOverview | null> {
  const run = await state.chunkRun(runId);
  if (run === null) return null;
  const progress = await state.chunkProgress(runId);
  const chunks = countsOf(progress);
  const end = run.status === "completed" ? run.updatedAt : now.toISOString();
  const rows = sum(progress.counts.map((count) => count.rows));
  const workers = (await state.chunkWorkers(runId)).map((w) => workerOverview(w, progress, now));
  const names = new Set(workers.map(({ worker }) => worker));
  return {
    run_id: run.runId,
    export_name: run.exportName,
    status: run.status,
    plan_id: run.planId,
    created_at: run.createdAt,
    finished_at: run.finishedAt,
    rows,
    rows_per_second: perSecond(rows, run.createdAt, end),
    chunks,
    tasks: tasksOf(workers, chunks.total),
    workers,
    held: progress.running.filter(({ worker }) => worker === null || !names.has(worker)).map(held),
    done: run.finishedAt !== null || run.planId === null && run.status === "completed",
  };
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

function perSecond(rows: number, from: string, to: string): number {
  return Math.round(rows * 1000 / Math.max(1, Date.parse(to) - Date.parse(from)));
}

function countsOf({ counts }: ChunkProgress): RunOverview["chunks"] {
  const of = (status: ChunkTaskStatus) =>
    sum(counts.filter((count) => count.status === status).map((count) => count.chunks));
  const each = {
    pending: of("pending"),
    running: of("running"),
    completed: of("completed"),
    failed: of("failed"),
  };
  return { total: sum(Object.values(each)), ...each };
}

function workerOverview(w: ChunkWorker, progress: ChunkProgress, now: Date): WorkerOverview {
  const done = progress.counts.filter(({ worker, status }) =>
    worker === w.worker && status === "completed"
  );
  const rows = sum(done.map((count) => count.rows));
  const until = w.endedAt ?? (w.status === "live" ? now.toISOString() : w.renewedAt);
  return {
    worker: w.worker,
    task: w.task,
    host: w.owner.host,
    pid: w.owner.pid,
    status: w.status,
    started_at: w.startedAt,
    renewed_at: w.renewedAt,
    expires_at: w.expiresAt,
    ended_at: w.endedAt,
    chunks: sum(done.map((count) => count.chunks)),
    rows,
    rows_per_second: perSecond(rows, w.startedAt, until),
    holds: progress.running.filter(({ worker }) => worker === w.worker).map(held),
  };
}

function held(task: ChunkProgress["running"][number]): HeldChunk {
  return { chunk: task.chunkIndex, attempts: task.attempts, since: task.claimedAt };
}

function tasksOf(workers: readonly WorkerOverview[], total: number): TaskOverview[] {
  const names = [...new Set(workers.map(({ task }) => task))];
  return names.map((task): TaskOverview => {
    const own = workers.filter((worker) => worker.task === task);
    const share = /^(\d+)\/(\d+)$/.exec(task);
    return {
      task,
      chunks: share === null
        ? null
        : Math.max(0, Math.ceil((total - Number(share[1])) / Number(share[2]))),
      completed: sum(own.map(({ chunks }) => chunks)),
      rows: sum(own.map(({ rows }) => rows)),
      status: own.some(({ status }) => status === "live") ? "running" : "stopped",
    };
  }).sort((a, b) => a.task.localeCompare(b.task, "en", { numeric: true }));
}
