/** Numbers as ASCII digits, straight into a buffer: no string per value. */
import type { ByteBuilder } from "../byte_builder.ts";

const ZERO = 0x30;
const MINUS = 0x2d;
const POINT = 0x2e;
const WORD = 0x1_0000_0000;
/** The longest 256-bit number, its sign, its point and a leading zero. */
const MAX_DIGITS = 96;

/** Below it, the high half of a 64-bit integer leaves the whole within +-2^53. */
const SAFE_HIGH = 0x20_0000;

/** Numbers from here on are written in two halves, each of 32 bits. */
const HALF = 1_000_000_000;
const HALF_DIGITS = 9;

/** Writes the lowest `width` digits of a non-negative 32-bit integer, zeros first, the last one before `end`. */
export function putDigits(bytes: Uint8Array, end: number, value: number, width: number): void {
  let rest = value | 0;
  for (let at = end - 1; at >= end - width; at--) {
    const next = (rest / 10) | 0;
    bytes[at] = ZERO + rest - next * 10;
    rest = next;
  }
}

/** Appends exactly `width` digits of a non-negative 32-bit integer below 10^width, zeros first. */
export function appendPadded(out: ByteBuilder, value: number, width: number): void {
  out.reserve(width);
  putDigits(out.bytes, out.length + width, value, width);
  out.length += width;
}

function digitCount(value: number): number {
  if (value < 10) return 1;
  if (value < 100) return 2;
  let digits = 3;
  for (let bound = 1000; value >= bound; bound *= 10) digits++;
  return digits;
}

/** Makes room for a point before the last `scale` of the digits that end before `end`. */
function putPoint(bytes: Uint8Array, end: number, scale: number): void {
  const point = end - scale;
  for (let at = end; at > point; at--) bytes[at] = bytes[at - 1];
  bytes[point] = POINT;
}

/** Appends an integer of at most 2^53 in magnitude, with `scale` digits behind a point. */
export function appendNumber(out: ByteBuilder, value: number, scale = 0): void {
  out.reserve(MAX_DIGITS);
  const { bytes } = out;
  let at = out.length;
  let rest = value;
  if (rest < 0) {
    bytes[at++] = MINUS;
    rest = -rest;
  }
  const width = Math.max(digitCount(rest), scale + 1);
  const end = at + width;
  if (rest < HALF) putDigits(bytes, end, rest, width);
  else {
    // Up to 2^53, no quotient below an integer is rounded to it.
    const high = Math.floor(rest / HALF);
    putDigits(bytes, end, rest - high * HALF, HALF_DIGITS);
    putDigits(bytes, end - HALF_DIGITS, high, width - HALF_DIGITS);
  }
  if (scale > 0) putPoint(bytes, end, scale);
  out.length = scale > 0 ? end + 1 : end;
}

/** The same for an integer of any size. */
export function appendBigint(out: ByteBuilder, value: bigint, scale = 0): void {
  const negative = value < 0n;
  const digits = (negative ? -value : value).toString().padStart(scale + 1, "0");
  const point = digits.length - scale;
  if (negative) out.byte(MINUS);
  for (let i = 0; i < digits.length; i++) {
    if (i === point) out.byte(POINT);
    out.byte(digits.charCodeAt(i));
  }
}

/** A 64-bit integer at byte `at`, as a number when that is exact. */
export function int64At(view: DataView, at: number, signed: boolean): number | bigint {
  const high = signed ? view.getInt32(at + 4, true) : view.getUint32(at + 4, true);
  if (high >= -SAFE_HIGH && high < SAFE_HIGH) return high * WORD + view.getUint32(at, true);
  return signed ? view.getBigInt64(at, true) : view.getBigUint64(at, true);
}

/** A two's complement integer of `width` bytes (16 or 32), as a number when that is exact. */
export function decimalAt(view: DataView, at: number, width: number): number | bigint {
  const low = int64At(view, at, true);
  const sign = low < 0 ? -1 : 0;
  let narrow = typeof low === "number";
  for (let word = 8; word < width && narrow; word += 4) {
    narrow = view.getInt32(at + word, true) === sign;
  }
  if (narrow) return low;
  let value = view.getBigInt64(at + width - 8, true);
  for (let word = width - 16; word >= 0; word -= 8) {
    value = (value << 64n) | view.getBigUint64(at + word, true);
  }
  return value;
}

export function appendInteger(out: ByteBuilder, value: number | bigint, scale = 0): void {
  if (typeof value === "number") appendNumber(out, value, scale);
  else appendBigint(out, value, scale);
}
