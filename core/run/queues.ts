/** The two unit queues: in memory, and the chunk checkpoint in state (I5, I6). */
import type { RivetError } from "../base/errors.ts";
import { logger } from "../base/log.ts";
import type { ChunkedStrategy, PlannedChunk } from "../plan/strategy.ts";
import type { Description, Dialect } from "../ports/source.ts";
import type { StateStore } from "../ports/state.ts";
import { chunkIdentifier, chunkSql } from "../query/chunk.ts";
import { recordedParts } from "./review.ts";
import { bestEffort } from "./context.ts";
import type { Journal } from "./journal.ts";
import type { ReadResult } from "../extract/read.ts";
import type { PartRecord } from "../manifest/parts.ts";
import type { Unit, UnitQueue, UnitResult } from "./units.ts";

export function chunkUnit(
  dialect: Dialect,
  strategy: ChunkedStrategy,
  description: Description,
  chunk: PlannedChunk,
): Unit {
  const { shape, pageRows } = strategy;
  return {
    chunkIndex: chunk.index,
    label: chunkIdentifier(chunk.index, chunk),
    spec: pageRows === null
      ? { kind: "statement", sql: chunkSql(dialect, shape, chunk, description.selectList) }
      : {
        kind: "pages",
        shape: {
          base: shape.base,
          key: shape.column,
          keyType: shape.columnType,
          unique: shape.unique === true,
          after: chunk.start,
          until: chunk.end,
        },
        selectList: description.selectList,
        pageRows,
      },
  };
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

const NO_REWRITES = { parts: new Map<number, readonly PartRecord[]>(), chunks: [] };

/** The chunk run in state: claims survive the process, and so does what was committed. */
export class CheckpointQueue implements RunQueue {
  readonly reclaims = true;
  readonly read = NOTHING_READ;
  readonly #state: StateStore;
  readonly #runId: string;
  readonly #exportName: string;
  readonly #toUnit: (chunk: PlannedChunk) => Unit;
  readonly #journal: Journal;
  readonly #rewrites: Rewrites;
  readonly #toRewrite: PlannedChunk[];
  /** Completed chunks, from earlier runs too; null until one completes. */
  #done: Set<number> | null = null;
  #committed = -1;

  /**
   * @param rewrites finished chunks to write again, before anything is claimed, each with what its
   * earlier parts have become.
   */
  constructor(
    state: StateStore,
    ids: { runId: string; exportName: string },
    journal: Journal,
    toUnit: (chunk: PlannedChunk) => Unit,
    rewrites: { parts: Rewrites; chunks: readonly PlannedChunk[] } = NO_REWRITES,
  ) {
    this.#state = state;
    this.#runId = ids.runId;
    this.#exportName = ids.exportName;
    this.#journal = journal;
    this.#toUnit = toUnit;
    this.#rewrites = rewrites.parts;
    this.#toRewrite = rewrites.chunks.filter((chunk) => rewrites.parts.has(chunk.index));
  }

  async next(): Promise<Unit | null> {
    const again = this.#toRewrite.shift();
    if (again !== undefined) return this.#toUnit(again);
    const task = await this.#state.claimChunkTask(this.#runId);
    if (task === null) return null;
    return this.#toUnit({ index: task.chunkIndex, start: task.startKey, end: task.endKey });
  }

  async completed(unit: Unit, result: UnitResult): Promise<void> {
    const index = unit.chunkIndex as number;
    const earlier = this.#rewrites.get(index);
    const done = {
      rowsWritten: result.rows,
      parts: JSON.stringify([...earlier ?? [], ...result.parts]),
      checksum: result.checksum,
    };
    // I5: a completed task is not claimed again; its outcome is replaced.
    if (earlier !== undefined) await this.#state.replaceChunkResult(this.#runId, index, done);
    else await this.#state.completeChunkTask(this.#runId, index, done);
    this.#journal.add("chunk_completed", { chunk: index, rows: result.rows });
    if (earlier !== undefined) return;
    // PG2: after the chunk task.
    await bestEffort("the progression", () => this.#commitProgress(index));
  }

  /** Chunks finish in any order; committed is the last one below which none is missing. */
  async #commitProgress(index: number): Promise<void> {
    const done = this.#done ??= await this.#doneBefore();
    done.add(index);
    const before = this.#committed;
    while (done.has(this.#committed + 1)) this.#committed++;
    if (this.#committed === before) return;
    await this.#state.commitProgress({
      exportName: this.#exportName,
      strategy: "chunked",
      value: String(this.#committed),
      runId: this.#runId,
      at: new Date().toISOString(),
    });
  }

  async #doneBefore(): Promise<Set<number>> {
    const tasks = await this.#state.chunkTasks(this.#runId);
    return new Set(tasks.filter((t) => t.status === "completed").map((t) => t.chunkIndex));
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
  async outcome(): Promise<{ rows: number; parts: PartRecord[] }> {
    const tasks = await this.#state.chunkTasks(this.#runId);
    const done = tasks.filter((task) => task.status === "completed");
    return {
      rows: done.reduce((sum, task) => sum + (task.rowsWritten ?? 0), 0),
      parts: done.flatMap(recordedParts),
    };
  }

  close(): Promise<void> {
    return this.#state.completeChunkRun(this.#runId);
  }

  async release(): Promise<void> {
    const returned = await this.#state.requeueRunningChunkTasks(this.#runId);
    if (returned > 0) logger().info(`${returned} unfinished chunks returned to pending`);
  }
}
