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

/** Appends exactly `width` digits of a non-negative integer below 10^width, zeros first. */
export function appendPadded(out: ByteBuilder, value: number, width: number): void {
  out.reserve(width);
  const { bytes } = out;
  let rest = value;
  for (let at = out.length + width - 1; at >= out.length; at--) {
    const next = Math.floor(rest / 10);
    bytes[at] = ZERO + rest - next * 10;
    rest = next;
  }
  out.length += width;
}

function digitCount(value: number): number {
  let digits = 1;
  for (let bound = 10; value >= bound; bound *= 10) digits++;
  return digits;
}

/** Appends an integer of at most 2^53 in magnitude, with `scale` digits behind a point. */
export function appendNumber(out: ByteBuilder, value: number, scale = 0): void {
  let rest = value;
  if (rest < 0) {
    out.byte(MINUS);
    rest = -rest;
  }
  const width = Math.max(digitCount(rest), scale + 1);
  out.reserve(MAX_DIGITS);
  const { bytes } = out;
  const end = out.length + width + (scale > 0 ? 1 : 0);
  let at = end - 1;
  for (let digit = 0; digit < width; digit++) {
    if (digit === scale && scale > 0) bytes[at--] = POINT;
    const next = Math.floor(rest / 10);
    bytes[at--] = ZERO + rest - next * 10;
    rest = next;
  }
  out.length = end;
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
