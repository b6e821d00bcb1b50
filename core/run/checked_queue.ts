/** A queue whose finished chunks go on to be reconciled. */
import type { RivetError } from "../base/errors.ts";
import type { PlannedChunk } from "../plan/strategy.ts";
import type { ChunkChecks } from "./chunk_checks.ts";
import type { Unit, UnitQueue, UnitResult } from "./units.ts";

export class CheckedQueue implements UnitQueue {
  readonly #queue: UnitQueue;
  readonly #chunks: ReadonlyMap<number, PlannedChunk>;
  readonly #checks: ChunkChecks;

  constructor(queue: UnitQueue, chunks: readonly PlannedChunk[], checks: ChunkChecks) {
    this.#queue = queue;
    this.#chunks = new Map(chunks.map((chunk) => [chunk.index, chunk]));
    this.#checks = checks;
  }

  get reclaims(): boolean {
    return this.#queue.reclaims;
  }

  get logsFiles(): boolean {
    return this.#queue.logsFiles;
  }

  next(): Promise<Unit | null> {
    return this.#queue.next();
  }

  async completed(unit: Unit, result: UnitResult): Promise<void> {
    await this.#queue.completed(unit, result);
    const chunk = this.#chunks.get(unit.chunkIndex ?? -1);
    if (chunk === undefined) return;
    const { index, start, end } = chunk;
    const { checksum } = result;
    this.#checks.add({ chunkIndex: index, startKey: start, endKey: end, checksum });
  }

  failed(unit: Unit, error: RivetError): Promise<void> {
    return this.#queue.failed(unit, error);
  }
}
