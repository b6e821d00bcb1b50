/**
 * The state port: what Rivet remembers between runs. One implementation of the SQL serves both
 * backends (SQLite beside the config, PostgreSQL through RIVET_STATE_URL); `tests/conformance/state.ts`
 * is the contract as tests. Several processes may use one state at once; every method is atomic.
 * Times are ISO 8601 UTC with milliseconds. Errors are `StateError`s: STATE_UNAVAILABLE, STATE_LOCKED,
 * STATE_CORRUPT, STATE_TOO_NEW, LEASE_LOST.
 *
 * What an export remembers is written by whoever holds its lease, and by nobody else: `StateStore` only
 * reads it, `LeasedState` writes it. "Newest" means the highest `sequence` of a run, never the clock.
 */
import type { Column } from "../types/types.ts";
import type { HistoryFilter, HistoryReader, JournalEvent, RunMetric } from "./history.ts";

export type { JournalEvent, RunMetric } from "./history.ts";

/** `export_state`: the incremental cursor of an export. */
export interface CursorState {
  readonly exportName: string;
  readonly cursor: string;
  readonly updatedAt: string;
  readonly runId: string;
  /**
   * `incremental_safety`: the rows whose cursor value is `cursor` and which were exported, as a JSON
   * array of `core/extract/ties.ts`. Absent: not remembered.
   */
  readonly ties?: string;
}

/** `file_log`: one part that the destination accepted. */
export interface FileRecord {
  readonly runId: string;
  readonly exportName: string;
  /** Key relative to the destination. */
  readonly fileName: string;
  readonly destination: string;
  readonly rows: number;
  readonly sizeBytes: number;
  readonly fingerprint: string;
  readonly md5: string;
  readonly format: string;
  readonly compression: string;
  readonly chunkIndex: number | null;
  readonly createdAt: string;
}

/** `in_progress` until every chunk is done, by this process or a later one (I6). */
export type ChunkRunStatus = "in_progress" | "completed";
/** A task only moves forward (I5): `pending -> running -> completed | failed`. */
export type ChunkTaskStatus = "pending" | "running" | "completed" | "failed";

/** `chunk_run`: one checkpointed chunked run. */
export interface ChunkRun {
  readonly runId: string;
  readonly exportName: string;
  /** PA6: a resume is refused when it differs from the plan computed now. */
  readonly planFingerprint: string;
  readonly status: ChunkRunStatus;
  readonly maxAttempts: number;
  readonly createdAt: string;
  readonly updatedAt: string;
  /** Everything a resume needs to build the same SQL again, as JSON. */
  readonly plan: string;
  /** The sealed plan whose chunks several processes share out; null for a run of one process. */
  readonly planId: string | null;
  /** When it was published; null until then, and always for a run of one process. */
  readonly finishedAt: string | null;
}

/** A chunk run that is about to begin; of one process unless it has a plan's id. */
export type NewChunkRunRecord =
  & Omit<ChunkRun, "status" | "createdAt" | "updatedAt" | "planId" | "finishedAt">
  & Partial<Pick<ChunkRun, "planId">>;

/** A process that takes chunks of a shared run. */
export interface NewWorker {
  /** Unlike every other worker's. */
  readonly worker: string;
  /** For people: `3/8`, or `claim`. */
  readonly task: string;
}

/** `chunk_worker`: a process that takes, or took, chunks of a shared run. */
export interface ChunkWorker extends NewWorker {
  readonly runId: string;
  readonly owner: LeaseOwner;
  readonly startedAt: string;
  readonly renewedAt: string;
  /** What it holds may be taken by others from then on. */
  readonly expiresAt: string;
  /** null while it goes on, and for one that died. */
  readonly endedAt: string | null;
  /** `gone`: it died, or has given no sign of life within its lease. */
  readonly status: "live" | "gone" | "ended";
}

/** How far a chunk run is, in numbers that do not grow with its chunks. */
export interface ChunkProgress {
  /** By who claimed them last, and what they are. */
  readonly counts: readonly {
    /** null: nobody, or a run of one process. */
    readonly worker: string | null;
    readonly status: ChunkTaskStatus;
    readonly chunks: number;
    readonly rows: number;
  }[];
  readonly running: readonly ChunkTask[];
}

/** Which chunks of a shared run one process takes: those whose index modulo `of` is `index`. */
export interface ChunkShare {
  readonly index: number;
  readonly of: number;
}

/** `chunk_task`: one chunk of a run. Keys are text; null is open-ended (or the NULL-key chunk, see `kind` in the plan). */
export interface ChunkTask {
  readonly runId: string;
  readonly chunkIndex: number;
  readonly startKey: string | null;
  readonly endKey: string | null;
  readonly status: ChunkTaskStatus;
  readonly attempts: number;
  readonly rowsWritten: number | null;
  /** JSON array of the committed parts (`PartRecord`), so that a resumed run's manifest is whole. */
  readonly parts: string | null;
  /** Reconcile's checksum of the rows as they were received, decimal text. */
  readonly checksum: string | null;
  readonly error: string | null;
  readonly updatedAt: string;
  /** Of a shared run: who claimed it last. */
  readonly worker: string | null;
  readonly claimedAt: string | null;
}

/** A claimed chunk: whoever claims it next has another number or is another worker, and this one is over. */
export type ChunkClaim = Pick<ChunkTask, "chunkIndex" | "attempts">;

/** A chunk of a run that is about to begin. */
export interface NewChunkTask {
  readonly chunkIndex: number;
  readonly startKey: string | null;
  readonly endKey: string | null;
}

/** What a chunk has become. */
export interface ChunkCompletion {
  readonly rowsWritten: number;
  readonly parts: string;
  readonly checksum: string | null;
}

/** What is written in one transaction with a chunk's completion: all of it, or the chunk is not completed. */
export interface WithCompletion {
  /** I2: logged before it, as `logFile` does. */
  readonly files?: readonly FileRecord[];
  /** PG2: committed with it, as `commitProgress` does. */
  readonly progress?: ProgressStep;
  /** Another chunk is claimed behind it, as `claimChunkTask` does from there on. */
  readonly claimFrom?: number;
}

/** One run of the journal. */
export interface JournalRun {
  readonly runId: string;
  readonly exportName: string;
  readonly events: readonly JournalEvent[];
}

/** `export_schema` and `export_shape`: what the last successful run saw. */
export interface SchemaRecord {
  readonly exportName: string;
  readonly columns: readonly Pick<Column, "name" | "nativeType" | "nullable">[];
  /** Column name -> mean bytes per value, for shape drift. */
  readonly widths: Readonly<Record<string, number>>;
  readonly fingerprint: string;
  readonly runId: string;
  readonly updatedAt: string;
}

/** `export_progression`: advisory boundaries (PG). PG4: one strategy per row. */
export interface Progression {
  readonly exportName: string;
  readonly committedStrategy: "incremental" | "chunked" | null;
  /** The cursor, or the highest chunk index as text. */
  readonly committedValue: string | null;
  readonly committedRunId: string | null;
  readonly committedAt: string | null;
  readonly verifiedStrategy: "incremental" | "chunked" | null;
  readonly verifiedValue: string | null;
  readonly verifiedRunId: string | null;
  readonly verifiedAt: string | null;
}

/** `run_aggregate`: one invocation over several exports. */
export interface RunAggregateRecord {
  readonly aggregateId: string;
  readonly startedAt: string;
  readonly finishedAt: string;
  readonly exports: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly skipped: number;
  readonly rows: number;
  readonly bytes: number;
  /** The aggregate as `--json` prints it. */
  readonly detail: string;
}

/** The process that holds a lease. */
export interface LeaseOwner {
  /** For people. */
  readonly host: string;
  /** Equal only where `pid` means the same process. */
  readonly hostId: string;
  readonly pid: number;
  /** Tells a process from a later one with its pid; null where the system does not say. */
  readonly processStart: string | null;
}

/**
 * `live`: renewed in time, or its owner still runs. `dead`: its owner is gone from this host. `expired`:
 * its owner has not renewed it. The last two are there to be taken.
 */
export type LeaseStatus = "live" | "dead" | "expired";

/** `export_lease`: who may write what an export remembers. */
export interface Lease {
  readonly exportName: string;
  /** Grows with every lease of the state; the fencing number of its writes. */
  readonly number: number;
  /** The run whose tasks hold it together; null: one process holds it. */
  readonly sharedRun: string | null;
  /** null until the run has begun. */
  readonly runId: string | null;
  readonly owner: LeaseOwner;
  readonly acquiredAt: string;
  readonly renewedAt: string;
  readonly expiresAt: string;
  readonly status: LeaseStatus;
}

/** `export_run`: where a run stands in the order of runs. */
export interface RunOrder {
  /** Higher than that of every run that began before, whatever the clock said. */
  readonly sequence: number;
  /** The export's run before it; null when the state knows of none. */
  readonly previousRunId: string | null;
}

/** What anybody may ask. */
export interface StateReader extends HistoryReader {
  /** For people; never holds a password. */
  readonly location: string;

  cursor(exportName: string): Promise<CursorState | null>;
  cursors(): Promise<CursorState[]>;
  /** Newest first. */
  files(filter: { exportName?: string; runId?: string; last?: number }): Promise<FileRecord[]>;

  chunkRunInProgress(exportName: string): Promise<ChunkRun | null>;
  latestChunkRun(exportName: string): Promise<ChunkRun | null>;
  chunkRun(runId: string): Promise<ChunkRun | null>;
  chunkProgress(runId: string): Promise<ChunkProgress>;
  /** Of a shared run, in the order in which they began. */
  chunkWorkers(runId: string): Promise<ChunkWorker[]>;
  /** Newest first. */
  chunkRuns(filter: { status?: ChunkRunStatus }): Promise<ChunkRun[]>;
  chunkTasks(runId: string): Promise<ChunkTask[]>;

  /** Newest run first. @param filter `runId` with or without its milliseconds */
  metrics(filter: HistoryFilter & { runId?: string; last?: number }): Promise<RunMetric[]>;
  /** Newest run first, its events in order. @param filter `runId` with or without its milliseconds */
  journal(filter: { exportName?: string; runId?: string; last?: number }): Promise<JournalRun[]>;
  schema(exportName: string): Promise<SchemaRecord | null>;
  progressions(exportName?: string): Promise<Progression[]>;
  /** The last one saved first. */
  aggregates(last: number): Promise<RunAggregateRecord[]>;

  /** Those that are held, by export name. */
  leases(): Promise<Lease[]>;
  /** The sequence of the last run that began; 0 before the first. */
  lastSequence(): Promise<number>;
  /** Where a run stands; null for one of before there was an order, or of another state. */
  sequenceOf(runId: string): Promise<number | null>;
}

/** A state that was opened to be read. */
export interface OpenedReader extends StateReader {
  close(): Promise<void>;
}

/** A boundary of an export that moves. */
export interface ProgressStep {
  readonly exportName: string;
  readonly strategy: "incremental" | "chunked";
  readonly value: string;
  readonly runId: string;
  readonly at: string;
}

/**
 * What one export remembers, while this process holds its lease. Every write checks the lease in its own
 * transaction: once somebody else has taken it, nothing is written.
 * @throws StateError LEASE_LOST from every method that writes.
 */
export interface LeasedState extends StateReader {
  readonly lease: { readonly exportName: string; readonly number: number };

  /**
   * Names the run that the lease is held for and gives it its place in the order; a resumed run moves to
   * the end of it.
   * @param after a sequence that the run's own must exceed, of manifests that this state knows nothing of.
   */
  beginRun(runId: string, after?: RunOrder): Promise<RunOrder>;
  /** Moves the expiry on. Also the question whether the lease is still held. */
  renew(): Promise<void>;
  /** Gives the lease back; nothing is written through it afterwards. Idempotent, also when it was lost. */
  release(): Promise<void>;

  /** I3: called only after every part of the read was accepted and logged. */
  saveCursor(state: CursorState): Promise<void>;
  resetCursor(exportName: string): Promise<boolean>;

  logFile(file: FileRecord): Promise<void>;

  /** Creates the run and its pending tasks in one transaction. Fails when the export has a run in progress. */
  createChunkRun(
    run: NewChunkRunRecord,
    tasks: readonly NewChunkTask[],
  ): Promise<void>;
  /**
   * I5: takes the lowest pending (or failed with attempts left) task, marks it running and counts the
   * attempt. Null when none is claimable.
   * @param from where the last claim was, so that what lies before it is looked at only when nothing is
   *   pending behind it.
   */
  claimChunkTask(runId: string, from?: number): Promise<ChunkTask | null>;
  /**
   * I5: `running -> completed`. Refused when the task is not running.
   * @returns the chunk that was claimed with it; null when none is claimable, or none was to be claimed.
   */
  completeChunkTask(
    runId: string,
    chunkIndex: number,
    done: ChunkCompletion,
    also?: WithCompletion,
  ): Promise<ChunkTask | null>;
  /** I5: `running -> failed`. */
  failChunkTask(runId: string, chunkIndex: number, error: string): Promise<void>;
  /** I5: on resume, tasks left `running` by a dead process return to `pending`. Returns how many. */
  requeueRunningChunkTasks(runId: string): Promise<number>;
  /** On resume: failed tasks get a fresh set of attempts. Returns how many. */
  retryFailedChunkTasks(runId: string): Promise<number>;
  /** I6: refused while a task is open (pending, running or failed); the error names them. */
  completeChunkRun(runId: string): Promise<void>;
  /** Remembers that a shared run is published. */
  finishChunkRun(runId: string): Promise<void>;
  /** After a repair: replaces the stored outcome of a completed chunk. */
  replaceChunkResult(runId: string, chunkIndex: number, done: ChunkCompletion): Promise<void>;
  /** Deletes the export's chunk runs and tasks; with `stuckOnly`, only those in progress. Returns the runs deleted. */
  resetChunks(exportName: string, options?: { stuckOnly?: boolean }): Promise<number>;

  saveSchema(record: SchemaRecord): Promise<void>;

  /** PG3: an incremental commit that would move backwards is ignored. Returns whether it moved. */
  commitProgress(step: ProgressStep): Promise<boolean>;
  verifyProgress(step: ProgressStep): Promise<void>;
}

/**
 * What a worker of a shared run writes, while the run's tasks hold the export's lease together. Claims end
 * with the worker's lease, not with the export's: others take them over then, and what it writes of them
 * afterwards is refused.
 * @throws StateError LEASE_LOST from every method that writes, once somebody else has the export.
 */
export interface TaskState extends LeasedState {
  /**
   * Takes the lowest pending chunk of the share from `from` on, else the lowest; else one that failed with
   * attempts left, or whose worker is gone. Null when none is claimable now.
   */
  claim(share: ChunkShare, from: number): Promise<ChunkTask | null>;
  /** `taken`: somebody else has claimed the chunk since, and its outcome stays theirs. May be repeated. */
  commitClaim(claim: ChunkClaim, done: ChunkCompletion): Promise<"committed" | "taken">;
  failClaim(claim: ChunkClaim, error: string): Promise<"failed" | "taken">;
  /** Failed chunks of the share without attempts left get a fresh set. Returns how many. */
  retryFailed(share: ChunkShare): Promise<number>;
  /** The share's chunks that are not completed, in order, without their parts. */
  openTasks(share: ChunkShare): Promise<ChunkTask[]>;
}

/** What came of joining the tasks of a run. */
export type TaskAnswer =
  | { readonly kind: "granted"; readonly state: TaskState }
  | { readonly kind: "held"; readonly by: Lease };

/** What came of asking for a lease. */
export type LeaseAnswer =
  | { readonly kind: "granted"; readonly state: LeasedState }
  | { readonly kind: "held"; readonly by: Lease };

/** All that Rivet remembers: what may be read at any time, and the writes that no lease guards. */
export interface StateStore extends StateReader {
  /**
   * Takes the export's lease when nobody holds it, or whoever does is dead or has not renewed it in time.
   * Of several that ask at once, one gets it.
   * @param lengthMs how long it holds without being renewed.
   * @param finishes a run whose tasks give the lease up, once none of its chunks is open.
   */
  acquireLease(exportName: string, lengthMs: number, finishes?: string): Promise<LeaseAnswer>;
  /**
   * Joins those that hold the export's lease together for the chunks of `runId`, which is in the state
   * already. A lease of anybody else is in the way, and theirs is in the way of everybody else.
   * @param lengthMs how long worker and lease hold without being renewed.
   */
  joinRun(
    exportName: string,
    runId: string,
    worker: NewWorker,
    lengthMs: number,
  ): Promise<TaskAnswer>;
  /**
   * Ends the lease of this number, whoever holds it: its owner's next write is refused. Returns whether it
   * was held.
   */
  endLease(exportName: string, number: number): Promise<boolean>;

  /** History is kept of every run, also of one that has lost its lease. */
  recordMetric(metric: RunMetric): Promise<void>;
  appendJournal(events: readonly JournalEvent[]): Promise<void>;
  saveAggregate(record: RunAggregateRecord): Promise<void>;

  close(): Promise<void>;
}
