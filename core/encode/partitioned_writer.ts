/**
 * One part file, or several, for each partition of a read. However many partitions the rows fall into,
 * few files are open and little is held: rows of a partition without an open file wait until they are
 * worth one. A partition may get several parts.
 */
import type { Batch } from "../batch/batch.ts";
import type { PartWriter } from "./part_writer.ts";
import type { StagedPart } from "./staged_file.ts";
import { splitByPartition } from "./partition.ts";
import type { Partitioning, TablePartitions } from "../config/loaded.ts";

const MB = 1024 * 1024;

export interface PartitionLimits {
  /** Files open at a time. */
  readonly openWriters: number;
  /** Decoded bytes that wait for a file. */
  readonly waitingBytes: number;
  /** Encoded bytes in row groups that are not complete. */
  readonly heldBytes: number;
}

const DEFAULT_LIMITS: PartitionLimits = {
  openWriters: 64,
  waitingBytes: 64 * MB,
  heldBytes: 64 * MB,
};

interface Waiting {
  readonly batches: Batch[];
  bytes: number;
}

export class PartitionedPartWriter {
  readonly #spec: Partitioning | TablePartitions;
  readonly #openWriter: (index: number) => PartWriter;
  readonly #limits: PartitionLimits;
  /** Least recently used first. */
  readonly #writers = new Map<string, PartWriter>();
  readonly #waiting = new Map<string, Waiting>();
  readonly #finished: StagedPart[] = [];
  #waitingBytes = 0;
  #doneBytes = 0;
  #opened = 0;

  /** @param openWriter makes the writer number `index`, from 0; no two may share staged names. */
  constructor(
    spec: Partitioning | TablePartitions,
    openWriter: (index: number) => PartWriter,
    limits: PartitionLimits = DEFAULT_LIMITS,
  ) {
    this.#spec = spec;
    this.#openWriter = openWriter;
    this.#limits = limits;
  }

  get bytesWritten(): number {
    let bytes = this.#doneBytes;
    for (const writer of this.#writers.values()) bytes += writer.bytesWritten;
    return bytes;
  }

  async write(batch: Batch): Promise<void> {
    for (const [segment, rows] of splitByPartition(batch, this.#spec)) {
      const known = this.#writers.has(segment);
      if (known || this.#writers.size < this.#limits.openWriters) await this.#put(segment, rows);
      else this.#wait(segment, rows);
    }
    while (this.#waitingBytes > this.#limits.waitingBytes) await this.#writeWaiting(this.#widest());
    await this.#flushAboveLimit();
  }

  /** The finished files, those of a partition in the order of its rows. */
  async finish(): Promise<StagedPart[]> {
    for (const segment of [...this.#waiting.keys()]) await this.#writeWaiting(segment);
    for (const segment of [...this.#writers.keys()]) await this.#close(segment);
    return this.#finished;
  }

  /** Removes everything that was staged. */
  abort(): void {
    for (const writer of this.#writers.values()) writer.abort();
    this.#writers.clear();
    this.#waiting.clear();
    for (const part of this.#finished.splice(0)) {
      try {
        Deno.removeSync(part.file);
      } catch {
        // A staged file is never under a final name; the next run sweeps what is left.
      }
    }
  }

  async #put(segment: string, rows: Batch): Promise<void> {
    let writer = this.#writers.get(segment);
    if (writer === undefined) {
      if (this.#writers.size >= this.#limits.openWriters) await this.#close(this.#oldest());
      writer = this.#openWriter(this.#opened++);
    } else this.#writers.delete(segment);
    this.#writers.set(segment, writer);
    await writer.write(rows);
  }

  #wait(segment: string, rows: Batch): void {
    const waiting = this.#waiting.get(segment) ?? { batches: [], bytes: 0 };
    waiting.batches.push(rows);
    waiting.bytes += rows.byteLength;
    this.#waiting.set(segment, waiting);
    this.#waitingBytes += rows.byteLength;
  }

  async #writeWaiting(segment: string): Promise<void> {
    const waiting = this.#waiting.get(segment) as Waiting;
    this.#waiting.delete(segment);
    this.#waitingBytes -= waiting.bytes;
    for (const batch of waiting.batches) await this.#put(segment, batch);
  }

  async #close(segment: string): Promise<void> {
    const writer = this.#writers.get(segment) as PartWriter;
    for (const part of await writer.finish()) this.#finished.push({ ...part, partition: segment });
    this.#doneBytes += writer.bytesWritten;
    this.#writers.delete(segment);
  }

  #oldest(): string {
    return this.#writers.keys().next().value as string;
  }

  #widest(): string {
    let widest = "";
    let bytes = -1;
    for (const [segment, waiting] of this.#waiting) {
      if (waiting.bytes > bytes) [widest, bytes] = [segment, waiting.bytes];
    }
    return widest;
  }

  async #flushAboveLimit(): Promise<void> {
    const held = [...this.#writers.values()].map((writer) => ({ writer, bytes: writer.heldBytes }));
    held.sort((a, b) => b.bytes - a.bytes);
    let sum = held.reduce((total, { bytes }) => total + bytes, 0);
    for (const { writer, bytes } of held) {
      if (sum <= this.#limits.heldBytes) return;
      await writer.flush();
      sum -= bytes;
    }
  }
}
