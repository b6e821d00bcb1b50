/** The two unit queues: in memory, and the chunk checkpoint in state (I5, I6). */
import type { RivetError } from "../errors.ts";
import { logger } from "../log.ts";
import type { PlannedChunk, Strategy } from "../plan/export_plan.ts";
import type { Description, Dialect } from "../ports/source.ts";
import type { ChunkTask, StateStore } from "../ports/state.ts";
import { chunkIdentifier, chunkSql } from "../query/chunk.ts";
import { bestEffort } from "./context.ts";
import type { Journal } from "./journal.ts";
import type { PartRecord } from "./types.ts";
import type { Unit, UnitQueue, UnitResult } from "./units.ts";

type Chunked = Extract<Strategy, { kind: "chunked" }>;

export function chunkUnit(
  dialect: Dialect,
  strategy: Chunked,
  description: Description,
  chunk: PlannedChunk,
): Unit {
  const { index, start, end } = chunk;
  const bounds = start === null || end === null
    ? { kind: "null" as const }
    : { kind: "between" as const, start, end };
  return {
    chunkIndex: index,
    label: chunkIdentifier(index, start, end),
    spec: {
      kind: "statement",
      sql: chunkSql(dialect, strategy.shape, bounds, description.selectList),
    },
  };
}

/** Units known in advance and remembered by nobody: a failed one fails the run. */
export class MemoryQueue implements UnitQueue {
  readonly reclaims = false;
  readonly parts: PartRecord[] = [];
  readonly #units: Unit[];
  rows = 0;

  constructor(units: readonly Unit[]) {
    this.#units = [...units];
  }

  next(): Promise<Unit | null> {
    return Promise.resolve(this.#units.shift() ?? null);
  }

  completed(_unit: Unit, result: UnitResult): Promise<void> {
    this.rows += result.rows;
    this.parts.push(...result.parts);
    return Promise.resolve();
  }

  failed(): Promise<void> {
    return Promise.resolve();
  }
}

/** The chunk run in state: claims survive the process, and so does what was committed. */
export class CheckpointQueue implements UnitQueue {
  readonly reclaims = true;
  readonly #state: StateStore;
  readonly #runId: string;
  readonly #exportName: string;
  readonly #toUnit: (chunk: PlannedChunk) => Unit;
  readonly #journal: Journal;

  constructor(
    state: StateStore,
    ids: { runId: string; exportName: string },
    journal: Journal,
    toUnit: (chunk: PlannedChunk) => Unit,
  ) {
    this.#state = state;
    this.#runId = ids.runId;
    this.#exportName = ids.exportName;
    this.#journal = journal;
    this.#toUnit = toUnit;
  }

  async next(): Promise<Unit | null> {
    const task = await this.#state.claimChunkTask(this.#runId);
    if (task === null) return null;
    return this.#toUnit({ index: task.chunkIndex, start: task.startKey, end: task.endKey });
  }

  async completed(unit: Unit, result: UnitResult): Promise<void> {
    const index = unit.chunkIndex as number;
    await this.#state.completeChunkTask(this.#runId, index, {
      rowsWritten: result.rows,
      parts: JSON.stringify(result.parts),
      checksum: null,
    });
    this.#journal.add("chunk_completed", { chunk: index, rows: result.rows });
    // PG2: after the chunk task.
    await bestEffort("the progression", async () => {
      await this.#state.commitProgress({
        exportName: this.#exportName,
        strategy: "chunked",
        value: String(index),
        runId: this.#runId,
        at: new Date().toISOString(),
      });
    });
  }

  async failed(unit: Unit, error: RivetError): Promise<void> {
    const index = unit.chunkIndex as number;
    // An interrupted chunk has not failed: it returns to pending when the run ends.
    if (error.code === "INTERRUPTED") return;
    this.#journal.add("chunk_failed", { chunk: index, code: error.code });
    await this.#state.failChunkTask(this.#runId, index, error.message);
  }

  /** Everything that is committed, from earlier runs too, in the order of the chunks. */
  async outcome(): Promise<{ rows: number; parts: PartRecord[] }> {
    const tasks = await this.#state.chunkTasks(this.#runId);
    const done = tasks.filter((task) => task.status === "completed");
    return {
      rows: done.reduce((sum, task) => sum + (task.rowsWritten ?? 0), 0),
      parts: done.flatMap(committedParts),
    };
  }

  /** What an interrupted or failed process leaves must be claimable by the next one. */
  async release(): Promise<void> {
    const returned = await this.#state.requeueRunningChunkTasks(this.#runId);
    if (returned > 0) logger().info(`${returned} unfinished chunks returned to pending`);
  }
}

function committedParts(task: ChunkTask): PartRecord[] {
  return task.parts === null ? [] : JSON.parse(task.parts) as PartRecord[];
}
