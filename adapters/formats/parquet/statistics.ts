/**
 * Minimum, maximum and NULL count of a page or column chunk, in the column's defined order.
 * https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift (Statistics, ColumnOrder)
 */
import type { Bound, Bounds } from "./bounds.ts";
import { commonPrefix } from "./common_prefix.ts";
import { PhysicalType } from "./enums.ts";
import type { Leaf, SortOrder } from "./schema.ts";
import type { ThriftWriter } from "./thrift.ts";
import { truncateMax, truncateMin } from "./truncate.ts";

/** What readers may skip a page or chunk by. */
export interface Statistics {
  /** Null when there is no value, or none but NaN. */
  readonly bounds: Bounds | null;
  readonly nullCount: number;
}

/** Where a value lies in a PLAIN buffer. */
interface Range {
  readonly start: number;
  readonly end: number;
}

type Order = (
  a: DataView,
  aStart: number,
  aEnd: number,
  b: DataView,
  bStart: number,
  bEnd: number,
) => number;

function compareBytes(
  a: DataView,
  aStart: number,
  aEnd: number,
  b: DataView,
  bStart: number,
  bEnd: number,
): number {
  const length = Math.min(aEnd - aStart, bEnd - bStart);
  for (let i = 0; i < length; i++) {
    const difference = a.getUint8(aStart + i) - b.getUint8(bStart + i);
    if (difference !== 0) return difference;
  }
  return (aEnd - aStart) - (bEnd - bStart);
}

const ORDERS: Record<SortOrder, Order> = {
  boolean: compareBytes,
  bytes: compareBytes,
  signed: (a, aStart, aEnd, b, bStart) => {
    if (aEnd - aStart === 4) return a.getInt32(aStart, true) - b.getInt32(bStart, true);
    const high = a.getInt32(aStart + 4, true) - b.getInt32(bStart + 4, true);
    return high !== 0 ? high : a.getUint32(aStart, true) - b.getUint32(bStart, true);
  },
  unsigned: (a, aStart, _aEnd, b, bStart) => {
    const high = a.getUint32(aStart + 4, true) - b.getUint32(bStart + 4, true);
    return high !== 0 ? high : a.getUint32(aStart, true) - b.getUint32(bStart, true);
  },
  float: (a, aStart, aEnd, b, bStart) =>
    aEnd - aStart === 4
      ? compareFloats(a.getFloat32(aStart, true), b.getFloat32(bStart, true))
      : compareFloats(a.getFloat64(aStart, true), b.getFloat64(bStart, true)),
  signedBytes: (a, aStart, aEnd, b, bStart, bEnd) => {
    const sign = a.getInt8(aStart) - b.getInt8(bStart);
    return sign !== 0 ? sign : compareBytes(a, aStart + 1, aEnd, b, bStart + 1, bEnd);
  },
};

/** Infinities subtract to NaN, so floats are compared, not subtracted. */
function compareFloats(a: number, b: number): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Orders two bounds' values. */
export function compareValues(order: SortOrder, a: Uint8Array, b: Uint8Array): number {
  return ORDERS[order](viewOf(a), 0, a.length, viewOf(b), 0, b.length);
}

function fixedExtremes(leaf: Leaf, plain: Uint8Array): { min: Range; max: Range } | null {
  if (plain.length === 0) return null;
  const { width } = leaf;
  const aligned = (plain.byteOffset & 3) === 0;
  if (aligned && leaf.physical === PhysicalType.INT32) return int32Extremes(plain);
  if (aligned && leaf.physical === PhysicalType.INT64) {
    return int64Extremes(plain, leaf.order === "unsigned" ? -0x8000_0000 : 0);
  }
  const view = viewOf(plain);
  const compare = ORDERS[leaf.order];
  let min = 0;
  let max = 0;
  for (let at = width; at < plain.length; at += width) {
    if (compare(view, at, at + width, view, min, min + width) < 0) min = at;
    else if (compare(view, at, at + width, view, max, max + width) > 0) max = at;
  }
  return { min: { start: min, end: min + width }, max: { start: max, end: max + width } };
}

const NOTHING: DataView = new DataView(new ArrayBuffer(0));

/** Whether one byte string is below another, of which it has the first `shared` bytes. */
function isBelow(
  a: DataView,
  aStart: number,
  aEnd: number,
  b: DataView,
  bStart: number,
  bEnd: number,
  shared: number,
): boolean {
  if (aStart + shared === aEnd) return bStart + shared < bEnd;
  return bStart + shared < bEnd && a.getUint8(aStart + shared) < b.getUint8(bStart + shared);
}

function bytesAt({ buffer, byteOffset }: DataView, start: number, end: number): Uint8Array {
  return new Uint8Array(buffer, byteOffset + start, end - start);
}

/** The least and the greatest of byte strings that lie anywhere, as long as those do not change. */
export class ByteArrayBounds {
  #found = false;
  #min = NOTHING;
  #minStart = 0;
  #minEnd = 0;
  #max = NOTHING;
  #maxStart = 0;
  #maxEnd = 0;
  /** What the two begin with in common: a value that has it too is compared with the greatest from there on. */
  #shared = 0;

  /** @param bytes a view over the buffer that the value lies in, at [start, end) */
  add(bytes: DataView, start: number, end: number): void {
    if (!this.#found) {
      this.#found = true;
      this.#setMin(bytes, start, end);
      this.#setMax(bytes, start, end);
      return;
    }
    const min = this.#min;
    const i = commonPrefix(bytes, start, end, min, this.#minStart, this.#minEnd);
    if (isBelow(bytes, start, end, min, this.#minStart, this.#minEnd, i)) {
      this.#setMin(bytes, start, end);
    } else if (i < this.#shared || this.#isAbove(bytes, start, end)) {
      this.#setMax(bytes, start, end);
    }
  }

  /**
   * Adds values that lie one behind the other in [start, end): those of `lengths` from `value` on, below
   * `count`. @returns the first value that does not lie there.
   */
  addRun(
    bytes: DataView,
    start: number,
    end: number,
    lengths: Int32Array,
    value: number,
    count: number,
  ): number {
    let next = value;
    for (let at = start; next < count; next++) {
      const valueEnd = at + lengths[next];
      if (valueEnd > end) break;
      this.add(bytes, at, valueEnd);
      at = valueEnd;
    }
    return next;
  }

  /** Whether a value that begins as both bounds do is above the greatest. */
  #isAbove(bytes: DataView, start: number, end: number): boolean {
    const shared = this.#shared;
    const max = this.#max;
    const rest = commonPrefix(
      bytes,
      start + shared,
      end,
      max,
      this.#maxStart + shared,
      this.#maxEnd,
    );
    return isBelow(max, this.#maxStart, this.#maxEnd, bytes, start, end, shared + rest);
  }

  #setMin(bytes: DataView, start: number, end: number): void {
    this.#min = bytes;
    this.#minStart = start;
    this.#minEnd = end;
    this.#share();
  }

  #setMax(bytes: DataView, start: number, end: number): void {
    this.#max = bytes;
    this.#maxStart = start;
    this.#maxEnd = end;
    this.#share();
  }

  #share(): void {
    this.#shared = commonPrefix(
      this.#min,
      this.#minStart,
      this.#minEnd,
      this.#max,
      this.#maxStart,
      this.#maxEnd,
    );
  }

  /** Copies; long ones are cut. Null when nothing was added. */
  result(leaf: Leaf): Bounds | null {
    if (!this.#found) return null;
    const text = leaf.type.kind !== "binary";
    return {
      min: truncateMin(bytesAt(this.#min, this.#minStart, this.#minEnd), text),
      max: truncateMax(bytesAt(this.#max, this.#maxStart, this.#maxEnd), text),
    };
  }
}

/** Integers without a call for each: they are most of what is bounded. */
function int32Extremes(plain: Uint8Array): { min: Range; max: Range } {
  const values = new Int32Array(plain.buffer, plain.byteOffset, plain.length >> 2);
  let min = 0;
  let max = 0;
  for (let i = 1; i < values.length; i++) {
    if (values[i] < values[min]) min = i;
    else if (values[i] > values[max]) max = i;
  }
  return { min: rangeAt(min, 4), max: rangeAt(max, 4) };
}

/** @param flip turns the high word into one that compares as signed */
function int64Extremes(plain: Uint8Array, flip: number): { min: Range; max: Range } {
  const words = new Int32Array(plain.buffer, plain.byteOffset, plain.length >> 2);
  let minAt = 0;
  let maxAt = 0;
  let minHigh = words[1] ^ flip;
  let maxHigh = minHigh;
  let minLow = words[0] >>> 0;
  let maxLow = minLow;
  for (let i = 2; i < words.length; i += 2) {
    const high = words[i + 1] ^ flip;
    const low = words[i] >>> 0;
    if (high < minHigh || (high === minHigh && low < minLow)) {
      minHigh = high;
      minLow = low;
      minAt = i;
    } else if (high > maxHigh || (high === maxHigh && low > maxLow)) {
      maxHigh = high;
      maxLow = low;
      maxAt = i;
    }
  }
  return { min: rangeAt(minAt >> 1, 8), max: rangeAt(maxAt >> 1, 8) };
}

function rangeAt(index: number, width: number): Range {
  return { start: index * width, end: (index + 1) * width };
}

/** NaN is no bound, and a zero bound is -0 below and +0 above, whichever of them was there. */
function floatBounds(width: number, plain: Uint8Array): Bounds | null {
  const view = viewOf(plain);
  const read = (at: number) => width === 4 ? view.getFloat32(at, true) : view.getFloat64(at, true);
  let min = Infinity;
  let max = -Infinity;
  let found = false;
  for (let at = 0; at < plain.length; at += width) {
    const value = read(at);
    if (Number.isNaN(value)) continue;
    found = true;
    if (value < min) min = value;
    if (value > max) max = value;
  }
  if (!found) return null;
  const bound = (value: number): Bound => {
    const bytes = new Uint8Array(width);
    if (width === 4) viewOf(bytes).setFloat32(0, value, true);
    else viewOf(bytes).setFloat64(0, value, true);
    return { value: bytes, exact: true };
  };
  return { min: bound(min === 0 ? -0 : min), max: bound(max === 0 ? 0 : max) };
}

/** The bounds of PLAIN values of fixed width. Null when there is nothing to bound. */
export function boundsOf(leaf: Leaf, plain: Uint8Array): Bounds | null {
  if (leaf.order === "float") return floatBounds(leaf.width, plain);
  const extremes = fixedExtremes(leaf, plain);
  if (extremes === null) return null;
  const bound = ({ start, end }: Range) => ({ value: plain.slice(start, end), exact: true });
  return { min: bound(extremes.min), max: bound(extremes.max) };
}

function tighter(order: SortOrder, a: Bound, b: Bound, sign: 1 | -1): Bound {
  const difference = compareValues(order, a.value, b.value) * sign;
  // Of two equal bounds the exact one is attained, so the merged bound is too.
  return difference < 0 || (difference === 0 && a.exact) ? a : b;
}

/** The statistics of two parts of a column together. */
export function mergeStatistics(order: SortOrder, a: Statistics, b: Statistics): Statistics {
  const nullCount = a.nullCount + b.nullCount;
  if (a.bounds === null || b.bounds === null) return { bounds: a.bounds ?? b.bounds, nullCount };
  return {
    nullCount,
    bounds: {
      min: tighter(order, a.bounds.min, b.bounds.min, 1),
      max: tighter(order, a.bounds.max, b.bounds.max, -1),
    },
  };
}

/** Writes the Statistics struct. The deprecated `min` and `max` are left out: their order is undefined. */
export function writeStatistics(writer: ThriftWriter, { bounds, nullCount }: Statistics): void {
  writer.i64(3, nullCount);
  if (bounds === null) return;
  writer.binary(5, bounds.max.value);
  writer.binary(6, bounds.min.value);
  writer.bool(7, bounds.max.exact);
  writer.bool(8, bounds.min.exact);
}
