/**
 * Minimum, maximum and NULL count of a page or column chunk, in the column's defined order.
 * https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift (Statistics, ColumnOrder)
 */
import type { Bound, Bounds } from "./bounds.ts";
import type { SortOrder } from "./schema.ts";
import type { ThriftWriter } from "./thrift.ts";

/** What readers may skip a page or chunk by. */
export interface Statistics {
  /** Null when there is no value, or none but NaN. */
  readonly bounds: Bounds | null;
  readonly nullCount: number;
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

function tighter(order: SortOrder, a: Bound, b: Bound, sign: 1 | -1): Bound {
  const difference = compareValues(order, a.value, b.value) * sign;
  // Of two equal bounds the exact one is attained, so the merged bound is too.
  return difference < 0 || (difference === 0 && a.exact) ? a : b;
}

/** The bounds of two parts of a column together. */
export function mergeBounds(order: SortOrder, a: Bounds | null, b: Bounds | null): Bounds | null {
  if (a === null || b === null) return a ?? b;
  return { min: tighter(order, a.min, b.min, 1), max: tighter(order, a.max, b.max, -1) };
}

/** The statistics of two parts of a column together. */
export function mergeStatistics(order: SortOrder, a: Statistics, b: Statistics): Statistics {
  return {
    nullCount: a.nullCount + b.nullCount,
    bounds: mergeBounds(order, a.bounds, b.bounds),
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
