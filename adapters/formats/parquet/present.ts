/** The values of a range of rows that are not NULL, side by side, so that whoever takes them does so in one loop. */
import type { ColumnData } from "../../../core/batch/batch.ts";

/** Values that were moved together: good until the next call of this thread. */
let moved = new ArrayBuffer(64 * 1024);

function room(bytes: number): ArrayBuffer {
  if (moved.byteLength < bytes) moved = new ArrayBuffer(Math.max(bytes, moved.byteLength * 2));
  return moved;
}

/**
 * Each value is written, and the next one over it where it was NULL: no branch, which random NULLs would
 * make a costly one.
 */
function moveWords(
  from: Int32Array,
  to: Int32Array,
  stride: number,
  row: number,
  valid: Uint8Array,
  first: number,
  end: number,
): void {
  let at = 0;
  let source = row * stride;
  if (stride === 1) {
    for (let i = first; i < end; i++, source++) {
      to[at] = from[source];
      at += valid[i];
    }
    return;
  }
  for (let i = first; i < end; i++, source += stride) {
    for (let word = 0; word < stride; word++) to[at + word] = from[source + word];
    at += valid[i] * stride;
  }
}

function movedShorts(
  data: ColumnData,
  row: number,
  valid: Uint8Array,
  first: number,
  end: number,
): Uint8Array {
  const { buffer, byteOffset, byteLength } = data.values;
  const from = new Int16Array(buffer, byteOffset, byteLength >> 1);
  const to = new Int16Array(room((end - first) * 2));
  let at = 0;
  for (let i = first; i < end; i++) {
    to[at] = from[row + i - first];
    at += valid[i];
  }
  return new Uint8Array(to.buffer, 0, at * 2);
}

function movedBits(
  data: ColumnData,
  row: number,
  valid: Uint8Array,
  first: number,
  end: number,
): Uint8Array {
  const { values } = data;
  const to = new Uint8Array(room(end - first));
  let at = 0;
  to.fill(0, 0, (end - first + 7) >> 3);
  for (let i = first; i < end; i++) {
    const from = row + i - first;
    to[at >> 3] |= (((values[from >> 3] >> (from & 7)) & 1) & valid[i]) << (at & 7);
    at += valid[i];
  }
  return to.subarray(0, (at + 7) >> 3);
}

/** A NULL has no bytes, so that the others lie side by side already: only offsets are moved. */
function movedOffsets(
  offsets: Int32Array,
  row: number,
  valid: Uint8Array,
  first: number,
  end: number,
): Int32Array {
  const to = new Int32Array(room((end - first + 1) * 4));
  let at = 0;
  let ofNulls = 0;
  for (let i = first, from = row; i < end; i++, from++) {
    to[at] = offsets[from];
    at += valid[i];
    ofNulls |= (offsets[from + 1] - offsets[from]) & (valid[i] - 1);
  }
  if (ofNulls !== 0) throw new TypeError("a NULL came with bytes");
  to[at] = offsets[row + end - first];
  return to.subarray(0, at + 1);
}

/**
 * Of the rows from `row` on, those for which `valid[first, end)` is 1, the others 0, as a column without NULL.
 * It is overwritten by the next call; the bytes of byte arrays are where they were.
 * @param width bytes of a value; 0: bits, or byte arrays where there are offsets
 */
export function presentValues(
  data: ColumnData,
  width: number,
  row: number,
  valid: Uint8Array,
  first: number,
  end: number,
  count: number,
): ColumnData {
  const column = { length: count, nullCount: 0, validity: null, child: null };
  if (data.offsets !== null) {
    const offsets = movedOffsets(data.offsets, row, valid, first, end);
    return { ...column, values: data.values, offsets };
  }
  if (width === 0) {
    return { ...column, values: movedBits(data, row, valid, first, end), offsets: null };
  }
  if (width === 2) {
    return { ...column, values: movedShorts(data, row, valid, first, end), offsets: null };
  }
  const { buffer, byteOffset, byteLength } = data.values;
  const to = new Int32Array(room((end - first) * width));
  const from = new Int32Array(buffer, byteOffset, byteLength >> 2);
  moveWords(from, to, width >> 2, row, valid, first, end);
  return { ...column, values: new Uint8Array(to.buffer, 0, count * width), offsets: null };
}
