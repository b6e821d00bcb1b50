/** Rows in, batches out. */
import type { Batch } from "../../../core/batch/batch.ts";
import { BatchBuilder } from "../../../core/batch/batch_builder.ts";
import type { ReadRequest } from "../../../core/ports/source.ts";
import { ChecksumForm } from "./checksum.ts";
import type { LaidOutRows } from "../kit/kernel/row_kernel.ts";
import { checkNotNull } from "../kit/not_null.ts";
import { type ColumnDecoder, columnDecoder } from "./decoders.ts";
import type { KernelCode } from "./kernel/kernel.ts";

export type DecodeOptions = Pick<
  ReadRequest,
  "columns" | "batchBytes" | "batchRows" | "checksum"
>;

/** Decodes rows a column at a time, so that every loop is of one kind. */
export class RowDecoder {
  /** Batches that became full, oldest first; the reader takes them away. */
  readonly full: Batch[] = [];
  readonly #options: DecodeOptions;
  readonly #decoders: readonly ColumnDecoder[];
  readonly #batch: BatchBuilder;
  readonly #form: ChecksumForm | null;

  constructor(options: DecodeOptions) {
    const { columns, batchBytes, batchRows, checksum } = options;
    this.#options = options;
    this.#form = checksum === undefined ? null : new ChecksumForm(checksum, columns);
    this.#decoders = columns.map(columnDecoder);
    const builders = this.#decoders.map((decoder) => decoder.builder);
    this.#batch = new BatchBuilder(columns, builders, { bytes: batchBytes, rows: batchRows });
  }

  /** Decodes rows, while they are where they were laid out. */
  decode({ block, rows, byteLength }: LaidOutRows<KernelCode>): void {
    if (this.#batch.wouldOverflow(byteLength)) this.full.push(this.#take());
    this.#form?.add(block, rows);
    for (let from = 0; from < rows;) {
      const to = Math.min(rows, from + this.#batch.freeRows);
      for (let c = 0; c < this.#decoders.length; c++) {
        const base = c * block.stride;
        this.#decoders[c].decode(block, base + from, base + to);
      }
      from = to;
      if (this.#batch.full) this.full.push(this.#take());
    }
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
