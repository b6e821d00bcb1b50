/** The two unit queues: in memory, and the chunk checkpoint in state (I5, I6). */
import { type RivetError, toRivetError } from "../base/errors.ts";
import { logger } from "../base/log.ts";
import type { ChunkedStrategy, PlannedChunk } from "../plan/strategy.ts";
import type { Description, Dialect } from "../ports/source.ts";
import type {
  ChunkCompletion,
  ChunkTask,
  FileRecord,
  LeasedState,
  ProgressStep,
} from "../ports/state.ts";
import { chunkSpec } from "../plan/chunk_spec.ts";
import { chunkIdentifier } from "../query/chunk.ts";
import { recordedParts } from "./review.ts";
import { bestEffort } from "./context.ts";
import type { Journal } from "./journal.ts";
import type { ReadResult } from "../extract/read.ts";
import type { PartRecord } from "../manifest/parts.ts";
import type { Unit, UnitQueue, UnitResult } from "./units.ts";

/**
 * The unit that reads one chunk: a statement, or pages where the cut's sizes are only estimated.
 */
export function chunkUnit(
  dialect: Dialect,
  strategy: ChunkedStrategy,
  description: Description,
  chunk: PlannedChunk,
): Unit {
  return {
    chunkIndex: chunk.index,
    label: chunkIdentifier(chunk.index, chunk),
    spec: chunkSpec(dialect, strategy, description, chunk),
  };
}

/** A chunk as the state holds it, in the words of a plan. */
export function plannedChunk(task: ChunkTask): PlannedChunk {
  return { index: task.chunkIndex, start: task.startKey, end: task.endKey };
}

/** What this process read. */
export type QueueRead = Omit<ReadResult, "checksum">;

/** A queue as the run sees it: what there is to do, and what came of it. */
export interface RunQueue extends UnitQueue {
  readonly read: QueueRead;
  /** Everything that is committed, from earlier processes too. */
  outcome(): Promise<{ readonly rows: number; readonly parts: readonly PartRecord[] }>;
  /** I6: refused, naming the open units, when any is left. */
  close(): Promise<void>;
  /** What an interrupted or failed process leaves must be claimable by the next one. */
  release(): Promise<void>;
}

const NOTHING_READ: QueueRead = { rows: 0, lastValue: null, lastTies: null, dropped: 0 };

/** Units known in advance and remembered by nobody: a failed one fails the run. */
export class MemoryQueue implements RunQueue {
  readonly reclaims = false;
  readonly logsFiles = false;
  readonly #parts: PartRecord[] = [];
  readonly #units: Unit[];
  #read = NOTHING_READ;

  get read(): QueueRead {
    return this.#read;
  }

  constructor(units: readonly Unit[]) {
    this.#units = [...units];
  }

  next(): Promise<Unit | null> {
    return Promise.resolve(this.#units.shift() ?? null);
  }

  completed(_unit: Unit, result: UnitResult): Promise<void> {
    const before = this.#read;
    // Of the last unit that had one, with the rows at that value.
    const { lastValue, lastTies } = result.lastValue === null ? before : result;
    this.#read = {
      rows: before.rows + result.rows,
      dropped: before.dropped + result.dropped,
      lastValue,
      lastTies,
    };
    this.#parts.push(...result.parts);
    return Promise.resolve();
  }

  failed(): Promise<void> {
    return Promise.resolve();
  }

  outcome(): Promise<{ rows: number; parts: readonly PartRecord[] }> {
    return Promise.resolve({ rows: this.#read.rows, parts: this.#parts });
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  release(): Promise<void> {
    return Promise.resolve();
  }
}

type Rewrites = ReadonlyMap<number, readonly PartRecord[]>;

/** What a chunk has become; `recorded` once the state knows of it. */
interface DoneChunk extends Pick<ChunkTask, "rowsWritten" | "parts"> {
  recorded: boolean;
}

export interface CheckpointedChunks {
  /** All of the run's, as they were when this process took it up. */
  readonly tasks: readonly ChunkTask[];
  /** Finished chunks to write again, before anything is claimed, each with what its earlier parts have become. */
  readonly rewrites?: Rewrites;
}

/**
 * The chunk run in state: claims survive the process, and so does what was committed. What that is stays
 * known here too, so that a run whose state is lost can still tell.
 */
export class CheckpointQueue implements RunQueue {
  readonly reclaims = true;
  readonly logsFiles = true;
  readonly read = NOTHING_READ;
  readonly #state: LeasedState;
  readonly #runId: string;
  readonly #exportName: string;
  readonly #toUnit: (chunk: PlannedChunk) => Unit;
  readonly #journal: Journal;
  readonly #rewrites: Rewrites;
  readonly #toRewrite: PlannedChunk[];
  /** Chunks that the destination has accepted, from earlier attempts too. */
  readonly #done: Map<number, DoneChunk>;
  #committed = -1;
  /** Of the last claim. */
  #from = 0;
  /** Claimed with the end of another one. */
  readonly #claimed: ChunkTask[] = [];

  constructor(
    state: LeasedState,
    ids: { runId: string; exportName: string },
    journal: Journal,
    toUnit: (chunk: PlannedChunk) => Unit,
    { tasks, rewrites = new Map() }: CheckpointedChunks,
  ) {
    this.#state = state;
    this.#runId = ids.runId;
    this.#exportName = ids.exportName;
    this.#journal = journal;
    this.#toUnit = toUnit;
    this.#rewrites = rewrites;
    this.#toRewrite = tasks.filter((task) => rewrites.has(task.chunkIndex)).map(plannedChunk);
    this.#done = new Map(
      tasks.filter((task) => task.status === "completed")
        .map(({ chunkIndex, rowsWritten, parts }) => [
          chunkIndex,
          { rowsWritten, parts, recorded: true },
        ]),
    );
  }

  async next(): Promise<Unit | null> {
    const again = this.#toRewrite.shift();
    if (again !== undefined) return this.#toUnit(again);
    const task = this.#claimed.shift() ??
      await this.#state.claimChunkTask(this.#runId, this.#from);
    if (task === null) return null;
    this.#from = task.chunkIndex;
    return this.#toUnit(plannedChunk(task));
  }

  async completed(unit: Unit, result: UnitResult): Promise<void> {
    const index = unit.chunkIndex as number;
    const earlier = this.#rewrites.get(index);
    const done = {
      rowsWritten: result.rows,
      parts: JSON.stringify([...earlier ?? [], ...result.parts]),
      checksum: result.checksum,
    };
    const accepted = { rowsWritten: result.rows, parts: done.parts, recorded: false };
    this.#done.set(index, accepted);
    // I5: a completed task is not claimed again; its outcome is replaced.
    if (earlier === undefined) await this.#complete(index, done, result.files);
    else {
      await this.#log(result.files);
      await this.#state.replaceChunkResult(this.#runId, index, done);
    }
    accepted.recorded = true;
    this.#journal.add("chunk_completed", { chunk: index, rows: result.rows });
    if (earlier !== undefined) return;
    // Of two that end at the same time, neither knew that the other one is recorded.
    const missed = this.#boundaryWith(null);
    if (missed !== null) {
      this.#committed = missed;
      await bestEffort("the progression", async () => {
        await this.#state.commitProgress(this.#step(missed));
      });
    }
  }

  /**
   * I2, PG2: the file log, the chunk task, the boundary and the next claim are one write; I7, PG7: the chunk task
   * alone where that fails.
   */
  async #complete(
    index: number,
    done: ChunkCompletion,
    files: readonly FileRecord[],
  ): Promise<void> {
    const boundary = this.#boundaryWith(index);
    const progress = boundary === null ? undefined : this.#step(boundary);
    const also = { files, progress, claimFrom: this.#from };
    try {
      const next = await this.#state.completeChunkTask(this.#runId, index, done, also);
      this.#committed = boundary ?? this.#committed;
      if (next !== null) this.#claimed.push(next);
    } catch (thrown) {
      const error = toRivetError(thrown);
      if (["LEASE_LOST", "CHUNK_FAILED", "CHECKPOINT_MISSING"].includes(error.code)) throw error;
      await this.#state.completeChunkTask(this.#runId, index, done);
      logger().warn(`could not write what belongs to chunk ${index} with it: ${error.message}`);
      await this.#log(files);
    }
  }

  async #log(files: readonly FileRecord[]): Promise<void> {
    for (const file of files) await bestEffort("the file log", () => this.#state.logFile(file));
  }

  /**
   * Chunks finish in any order; committed is the last one below which none is missing. null: it stays.
   * @param done a chunk that is about to be recorded.
   */
  #boundaryWith(done: number | null): number | null {
    const isDone = (index: number) => index === done || this.#done.get(index)?.recorded === true;
    let boundary = this.#committed;
    while (isDone(boundary + 1)) boundary++;
    return boundary === this.#committed ? null : boundary;
  }

  #step(boundary: number): ProgressStep {
    return {
      exportName: this.#exportName,
      strategy: "chunked",
      value: String(boundary),
      runId: this.#runId,
      at: new Date().toISOString(),
    };
  }

  async failed(unit: Unit, error: RivetError): Promise<void> {
    const index = unit.chunkIndex as number;
    // The chunk is not what failed: it returns to pending when the run ends.
    if (error.code === "INTERRUPTED" || error.code === "SOURCE_DOWN") return;
    this.#journal.add("chunk_failed", { chunk: index, code: error.code });
    // Its task stays completed, with parts that are gone: only the next --resume can mend that.
    if (this.#rewrites.has(index)) throw error;
    await this.#state.failChunkTask(this.#runId, index, error.message);
  }

  /** In the order of the chunks. */
  outcome(): Promise<{ rows: number; parts: PartRecord[] }> {
    const done = [...this.#done].sort(([a], [b]) => a - b).map(([, chunk]) => chunk);
    return Promise.resolve({
      rows: done.reduce((sum, chunk) => sum + (chunk.rowsWritten ?? 0), 0),
      parts: done.flatMap(recordedParts),
    });
  }

  close(): Promise<void> {
    return this.#state.completeChunkRun(this.#runId);
  }

  async release(): Promise<void> {
    const returned = await this.#state.requeueRunningChunkTasks(this.#runId);
    if (returned > 0) logger().info(`${returned} unfinished chunks returned to pending`);
  }
}
