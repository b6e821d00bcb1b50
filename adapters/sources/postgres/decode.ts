/** Rows in, batches out. */
import type { Batch } from "../../../core/batch/batch.ts";
import { BatchBuilder } from "../../../core/batch/batch_builder.ts";
import type { ReadRequest } from "../../../core/ports/source.ts";
import { checkNotNull } from "../kit/not_null.ts";
import { type ColumnDecoder, columnDecoder } from "./decoders.ts";
import type { BinaryBlock } from "../kit/block.ts";
import type { LaidOutRows } from "../kit/kernel/row_kernel.ts";
import type { KernelCode } from "./kernel/kernel.ts";

export type DecodeOptions = Pick<ReadRequest, "columns" | "batchBytes" | "batchRows">;

/** Hashes the first rows of a block. */
export interface Hashed {
  add(block: BinaryBlock, rows: number): void;
}

/** Decodes a column at a time, so that every loop is of one kind. */
export class RowDecoder {
  readonly #options: DecodeOptions;
  readonly #decoders: readonly ColumnDecoder[];
  readonly #batch: BatchBuilder;
  readonly #hashed: Hashed | null;
  #rows = 0;
  #bytes = 0;

  /** @param hashed takes every row for the checksum, where one is asked for. */
  constructor(options: DecodeOptions, hashed: Hashed | null = null) {
    const { columns, batchBytes, batchRows } = options;
    this.#options = options;
    this.#hashed = hashed;
    this.#decoders = columns.map(columnDecoder);
    const builders = this.#decoders.map((decoder) => decoder.builder);
    this.#batch = new BatchBuilder(columns, builders, { bytes: batchBytes, rows: batchRows });
  }

  /** Rows decoded so far. */
  get rows(): number {
    return this.#rows;
  }

  /** Bytes of those rows as they came over the wire. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Decodes rows that were laid out; returns the batches that became full. */
  decode({ block, rows, byteLength }: LaidOutRows<KernelCode>): Batch[] {
    const full: Batch[] = [];
    this.#rows += rows;
    this.#bytes += byteLength;
    if (this.#batch.wouldOverflow(byteLength)) full.push(this.#take());
    for (let from = 0; from < rows;) {
      const to = Math.min(rows, from + this.#batch.freeRows);
      for (let c = 0; c < this.#decoders.length; c++) {
        const base = c * block.stride;
        this.#decoders[c].decode(block, base + from, base + to);
      }
      from = to;
      if (this.#batch.full) full.push(this.#take());
    }
    // Behind the decoders, which refuse values of another type than was described.
    this.#hashed?.add(block, rows);
    return full;
  }

  /** The rows of the last, incomplete batch, or null when there are none. */
  finish(): Batch | null {
    return this.#batch.rows === 0 ? null : this.#take();
  }

  #take(): Batch {
    const batch = this.#batch.finish();
    checkNotNull(batch, this.#options.columns);
    return batch;
  }
}
