/** One 64-bit hash per row, over some of a batch's columns in a given order. */
import type { Batch } from "../batch/batch.ts";
import { type FormBuffer, MAX_INPUTS, NullableForm } from "./value_form.ts";
import type { Xxh3 } from "./xxh3.ts";

/** A batch's column by name. Stages were planned against the same columns: absence is a defect. */
export function columnIndex(batch: Batch, name: string): number {
  const index = batch.columns.findIndex((column) => column.name === name);
  if (index < 0) throw new Error(`a batch has no column '${name}'`);
  return index;
}

export class RowHasher {
  readonly #xxh3: Xxh3;
  readonly #minBytes: number;
  /** Where the next value of a row goes; in the end, where the row ends. */
  readonly #at = new Int32Array(MAX_INPUTS);

  /** @param minBytes shorter rows are padded with zeros; 0 for the public row hash. */
  constructor(xxh3: Xxh3, minBytes: number) {
    this.#xxh3 = xxh3;
    this.#minBytes = minBytes;
  }

  /** Two words per row, low word first: the buffer of an `i64` column. */
  hash(batch: Batch, columns: readonly number[]): Int32Array<ArrayBuffer> {
    const out = new Int32Array(batch.rows * 2);
    const forms = columns.map((c) => new NullableForm(batch.columns[c].type, batch.data[c]));
    for (let from = 0; from < batch.rows; from += MAX_INPUTS) {
      this.#block(forms, from, Math.min(batch.rows, from + MAX_INPUTS), out);
    }
    return out;
  }

  #block(forms: readonly NullableForm[], from: number, to: number, out: Int32Array): void {
    const at = this.#at;
    const inputs = this.#xxh3.begin(this.#layOut(forms, from, to));
    for (const form of forms) form.writeRows(inputs, from, to, at);
    this.#pad(inputs, to - from);
    this.#xxh3.hash(at, to - from, out, from * 2);
  }

  /** Up to the least of a row's bytes. */
  #pad({ bytes }: FormBuffer, rows: number): void {
    const minBytes = this.#minBytes;
    if (minBytes === 0) return;
    const at = this.#at;
    for (let i = 0, start = 0; i < rows; start = at[i++]) {
      while (at[i] - start < minBytes) bytes[at[i]++] = 0;
    }
  }

  /** Sets where each row starts and returns the bytes of all. */
  #layOut(forms: readonly NullableForm[], from: number, to: number): number {
    const at = this.#at;
    at.fill(0);
    for (const form of forms) form.addSizes(at, from, to);
    let total = 0;
    for (let i = 0; i < to - from; i++) {
      const size = Math.max(at[i], this.#minBytes);
      at[i] = total;
      total += size;
    }
    return total;
  }
}
