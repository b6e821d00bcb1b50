/**
 * Arrays in binary form: number of dimensions, a NULL flag and the element type's OID as 32-bit words,
 * per dimension its size and lower bound, then the elements as fields are written (`array_send`).
 */
import type { ListBuilder } from "../../../core/batch/builders.ts";
import type { Fault } from "../kit/value_fault.ts";
import type { RowBlock } from "../kit/kernel/row_kernel.ts";
import type { KernelCode } from "./kernel/kernel.ts";

const HEADER_BYTES = 12;
const DIMENSION_BYTES = 8;

/** Lays the elements of a column's arrays out as one block, for the element's decoder. */
export class ArrayElements {
  readonly #fault: Fault;
  #positions = new Int32Array(1024);
  #lengths = new Int32Array(1024);

  constructor(fault: Fault) {
    this.#fault = fault;
  }

  /** Appends the rows `[from, to)` to `list` and returns their elements, which are still to be decoded. */
  layOut(
    block: RowBlock<KernelCode>,
    from: number,
    to: number,
    list: ListBuilder,
  ): { readonly block: RowBlock<KernelCode>; readonly count: number } {
    list.reserve(to - from);
    const { positions, lengths } = block;
    const before = list.child.length;
    let row = list.length;
    let count = 0;
    for (let i = from; i < to; i++) {
      if (lengths[i] < 0) list.markNull(row);
      else count = this.#layOutOne(block.view, positions[i], count);
      list.offsets[++row] = before + count;
    }
    list.length = row;
    const { bytes, view } = block;
    return {
      block: {
        bytes,
        view,
        positions: this.#positions,
        lengths: this.#lengths,
        stride: this.#positions.length,
        kernel: null,
      },
      count,
    };
  }

  /** Returns the number of elements so far. */
  #layOutOne(view: DataView, start: number, count: number): number {
    const dimensions = view.getInt32(start);
    if (dimensions === 0) return count;
    if (dimensions > 1) {
      this.#fault(
        `of an array with ${dimensions} dimensions`,
        "a list has one; cast the column to text or unnest it in the query",
      );
    }
    const size = view.getInt32(start + HEADER_BYTES);
    this.#reserve(count + size);
    let at = start + HEADER_BYTES + DIMENSION_BYTES;
    for (let i = count; i < count + size; i++) {
      const length = view.getInt32(at);
      at += 4;
      this.#positions[i] = at;
      this.#lengths[i] = length;
      if (length > 0) at += length;
    }
    return count + size;
  }

  #reserve(count: number): void {
    if (count <= this.#positions.length) return;
    const size = Math.max(count, this.#positions.length * 2);
    const positions = new Int32Array(size);
    positions.set(this.#positions);
    this.#positions = positions;
    const lengths = new Int32Array(size);
    lengths.set(this.#lengths);
    this.#lengths = lengths;
  }
}
