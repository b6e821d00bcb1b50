/** The values of a range of rows that are not NULL, side by side, so that whoever takes them does so in one loop. */
import type { ColumnData } from "../../../core/batch/batch.ts";
import { input, kernel, output, type Region, valid } from "./kernel/memory.ts";

/** Values that were moved together: good until the next call of this thread. */
let moved = new ArrayBuffer(64 * 1024);

/** Copies what the kernel wrote to `address` to where the next call overwrites it. */
function taken(address: number, bytes: number): ArrayBuffer {
  if (moved.byteLength < bytes) moved = new ArrayBuffer(Math.max(bytes, moved.byteLength * 2));
  new Uint8Array(moved).set(kernel().view(address, bytes));
  return moved;
}

/** Spreads validity bits of rows [from, to) into the kernel, a byte each. @returns how many are 1. */
export function spreadValidity(
  validity: Uint8Array,
  from: number,
  to: number,
  into: Region,
): number {
  const bits = input.put(validity.subarray(from >> 3, (to + 7) >> 3));
  return kernel().run.spreadBits(bits, from & 7, to - from, into.reserve(to - from));
}

/** A NULL has no bytes, so that the others lie side by side already: only offsets are moved. */
function movedOffsets(offsets: Int32Array, from: number, to: number, count: number): Int32Array {
  const { run } = kernel();
  const out = output.reserve((to - from + 1) * 4);
  const at = input.put(offsets.subarray(from, to + 1));
  if (run.compactOffsets(at, valid.address, to - from, out) !== 0) {
    throw new TypeError("a NULL came with bytes");
  }
  return new Int32Array(taken(out, (count + 1) * 4), 0, count + 1);
}

function movedBits(bits: Uint8Array, from: number, to: number, count: number): Uint8Array {
  const { run } = kernel();
  const rows = to - from;
  const out = output.reserve(rows * 3);
  const spread = out + rows;
  run.spreadBits(input.put(bits.subarray(from >> 3, (to + 7) >> 3)), from & 7, rows, spread);
  const end = run.packBits(compacted(spread, 1, rows, spread), count, out);
  return new Uint8Array(taken(out, end - out), 0, end - out);
}

/** In place, where it may be: a value is never moved behind one that has not been read. */
function compacted(values: number, width: number, rows: number, out: number): number {
  kernel().run.compact(values, width, valid.address, rows, out);
  return out;
}

/**
 * Of the rows [from, to), those `count` for which `valid` of the kernel is 1, as a column without NULL. It is
 * overwritten by the next call; the bytes of byte arrays are where they were.
 * @param width bytes of a value; 0: bits, or byte arrays where there are offsets
 */
export function presentValues(
  data: ColumnData,
  width: number,
  from: number,
  to: number,
  count: number,
): ColumnData {
  const column = { length: count, nullCount: 0, validity: null, child: null };
  if (data.offsets !== null) {
    const offsets = movedOffsets(data.offsets, from, to, count);
    return { ...column, values: data.values, offsets };
  }
  if (width === 0) {
    return { ...column, values: movedBits(data.values, from, to, count), offsets: null };
  }
  const values = input.put(data.values.subarray(from * width, to * width));
  compacted(values, width, to - from, values);
  const bytes = count * width;
  return { ...column, values: new Uint8Array(taken(values, bytes), 0, bytes), offsets: null };
}
