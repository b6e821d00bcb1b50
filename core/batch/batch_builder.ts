/** The columns of a batch while rows are decoded into them. */
import type { Column } from "../types/types.ts";
import { type Batch, type ColumnData, makeBatch } from "./batch.ts";
import { type ColumnBuilder, MAX_OFFSET } from "./builders.ts";

/** When a batch is complete. */
export interface BatchLimits {
  /** A batch is complete at about this many bytes. */
  readonly bytes: number;
  /** A batch never has more rows. */
  readonly rows: number;
}

/** Decoders append whole rows to `builders`, one per column; the batch is taken when `full`. */
export class BatchBuilder {
  readonly #columns: readonly Column[];
  readonly #limits: BatchLimits;
  readonly builders: readonly ColumnBuilder[];

  constructor(
    columns: readonly Column[],
    builders: readonly ColumnBuilder[],
    limits: BatchLimits,
  ) {
    this.#columns = columns;
    this.builders = builders;
    this.#limits = limits;
  }

  get rows(): number {
    return this.builders.length === 0 ? 0 : this.builders[0].length;
  }

  /** Rows that still fit. */
  get freeRows(): number {
    return this.#limits.rows - this.rows;
  }

  get byteLength(): number {
    let sum = 0;
    for (const builder of this.builders) sum += builder.byteLength;
    return sum;
  }

  get full(): boolean {
    return this.rows >= this.#limits.rows || this.byteLength >= this.#limits.bytes;
  }

  /** True when `bytes` more of decoded data could overflow a column's 32-bit offsets. */
  wouldOverflow(bytes: number): boolean {
    return this.rows > 0 && this.byteLength + bytes > MAX_OFFSET;
  }

  /** Takes the rows so far; the builder is empty afterwards. */
  finish(): Batch {
    const rows = this.rows;
    const data: ColumnData[] = this.builders.map((builder) => builder.finish());
    return makeBatch(this.#columns, rows, data);
  }
}
