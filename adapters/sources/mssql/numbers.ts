/** Integers and floats, little-endian, from the widths that the server sends to the column's width. */
import type {
  BitBuilder,
  Float32Builder,
  Float64Builder,
  Int16Builder,
  Int32Builder,
  WordsBuilder,
} from "../../../core/batch/builders.ts";
import type { BinaryBlock } from "../kit/block.ts";
import { changedType, type Fault } from "../kit/value_fault.ts";

const TWO_32 = 4_294_967_296;

export function decodeBit(
  block: BinaryBlock,
  from: number,
  to: number,
  builder: BitBuilder,
  fault: Fault,
): void {
  builder.reserve(to - from);
  const { bytes, positions, lengths } = block;
  const out = builder.bits;
  let row = builder.length;
  for (let i = from; i < to; i++, row++) {
    if (lengths[i] === 1) {
      if (bytes[positions[i]] !== 0) out[row >> 3] |= 1 << (row & 7);
    } else if (lengths[i] < 0) builder.markNull(row);
    else changedType(fault, lengths[i]);
  }
  builder.length = row;
}

/** tinyint is unsigned, all others are signed. */
function readSmall(view: DataView, at: number, length: number): number {
  if (length === 4) return view.getInt32(at, true);
  return length === 2 ? view.getInt16(at, true) : view.getUint8(at);
}

/** Of any integer or bit. */
export function integerText({ view, positions, lengths }: BinaryBlock, i: number): string {
  const at = positions[i];
  return String(
    lengths[i] === 8 ? view.getBigInt64(at, true) : readSmall(view, at, lengths[i]),
  );
}

/** Any integer of up to 32 bits as 16 or 32 bits; the range is checked where `max` is below the source's. */
export function decodeInt(
  block: BinaryBlock,
  from: number,
  to: number,
  builder: Int16Builder | Int32Builder,
  bits: 16 | 32,
  fault: Fault,
): void {
  builder.reserve(to - from);
  const { view, positions, lengths } = block;
  const out = builder.values;
  const limit = 2 ** (bits - 1);
  let row = builder.length;
  for (let i = from; i < to; i++, row++) {
    const length = lengths[i];
    if (length < 0) {
      builder.markNull(row);
      continue;
    }
    if (length > 8 || length === 0) changedType(fault, length);
    const at = positions[i];
    const value = length === 8
      ? view.getInt32(at + 4, true) * TWO_32 + view.getUint32(at, true)
      : readSmall(view, at, length);
    if (value >= limit || value < -limit) {
      const text = length === 8 ? view.getBigInt64(at, true).toString() : String(value);
      fault(text, "it is out of range");
    }
    out[row] = value;
  }
  builder.length = row;
}

/** Any integer as 64 bits. */
export function decodeLong(
  block: BinaryBlock,
  from: number,
  to: number,
  builder: WordsBuilder,
  signed: boolean,
  fault: Fault,
): void {
  builder.reserve(to - from);
  const { view, positions, lengths } = block;
  const out = builder.values;
  let row = builder.length;
  for (let i = from; i < to; i++, row++) {
    const length = lengths[i];
    if (length < 0) {
      builder.markNull(row);
      continue;
    }
    const at = positions[i];
    let low: number;
    let high: number;
    if (length === 8) {
      low = view.getInt32(at, true);
      high = view.getInt32(at + 4, true);
    } else {
      if (length > 4 || length === 0) changedType(fault, length);
      low = readSmall(view, at, length);
      high = low < 0 ? -1 : 0;
    }
    if (!signed && high < 0) fault(longText(low, high), "it is negative");
    out[row * 2] = low;
    out[row * 2 + 1] = high;
  }
  builder.length = row;
}

function longText(low: number, high: number): string {
  return ((BigInt(high) << 32n) | BigInt(low >>> 0)).toString();
}

/** @param whole the source is an integer, not a float. */
function readNumber(view: DataView, at: number, length: number, whole: boolean): number {
  if (!whole) return length === 4 ? view.getFloat32(at, true) : view.getFloat64(at, true);
  if (length !== 8) return readSmall(view, at, length);
  return view.getInt32(at + 4, true) * TWO_32 + view.getUint32(at, true);
}

/** Floats and integers as floats; the value stays the same or the read fails. */
export function decodeFloat(
  block: BinaryBlock,
  from: number,
  to: number,
  builder: Float32Builder | Float64Builder,
  options: { readonly bits: 32 | 64; readonly whole: boolean },
  fault: Fault,
): void {
  builder.reserve(to - from);
  const { view, positions, lengths } = block;
  const { bits, whole } = options;
  const out = builder.values;
  let row = builder.length;
  for (let i = from; i < to; i++, row++) {
    const length = lengths[i];
    if (length < 0) {
      builder.markNull(row);
      continue;
    }
    if (length > 8 || (!whole && length < 4)) changedType(fault, length);
    const at = positions[i];
    const value = readNumber(view, at, length, whole);
    const kept = (!whole || Math.abs(value) <= Number.MAX_SAFE_INTEGER) &&
      (bits === 64 || Math.fround(value) === value);
    if (!kept) {
      const text = whole && length === 8 ? view.getBigInt64(at, true).toString() : String(value);
      fault(text, "it would be rounded");
    }
    out[row] = value;
  }
  builder.length = row;
}
