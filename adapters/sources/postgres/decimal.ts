/**
 * The binary form of `numeric`: digit count, weight (exponent of the first digit), sign and display scale
 * as 16-bit words, then digits in base 10,000. Leading and trailing zero digits are not sent.
 * (`numeric_send` in the server's numeric.c)
 */
import { multiplyAdd, negate, POW10, SAFE_DIGITS, writeSafeInteger } from "../kit/words.ts";

const NAN = 0xc000;
const POSITIVE_INFINITY = 0xd000;
const NEGATIVE_INFINITY = 0xf000;
const NEGATIVE = 0x4000;

export type NumericFault = "special" | "fraction" | "digits";

/** True for NaN and the infinities. */
function isSpecial(sign: number): boolean {
  return (sign & NAN) === NAN;
}

/** Drops the digits below the scale, which must be zeros: from base-10,000 digit `from` on. */
function hasDigitsFrom(view: DataView, at: number, count: number, from: number): boolean {
  for (let i = Math.max(0, from); i < count; i++) {
    if (view.getInt16(at + 8 + i * 2) !== 0) return true;
  }
  return false;
}

/** Whether a field of `length` bytes at `at` is a numeric, all of whose digits are in it. */
export function isNumeric(view: DataView, at: number, length: number): boolean {
  return length >= 8 && length === 8 + 2 * view.getInt16(at);
}

/**
 * Writes the value at `at` times 10^scale as `words` little-endian words at `index`, which are zero
 * before. Returns what is wrong when it has more than `precision` digits or more than `scale` decimals.
 */
export function writeNumeric(
  view: DataView,
  at: number,
  precision: number,
  scale: number,
  out: Int32Array,
  index: number,
  words: number,
): NumericFault | null {
  const count = view.getInt16(at);
  const weight = view.getInt16(at + 2);
  const sign = view.getUint16(at + 4);
  if (isSpecial(sign)) return "special";
  if (count === 0) return null;
  // Digits of the unscaled value, were the first base-10,000 digit four decimal digits long.
  const width = (weight + 1) * 4 + scale;
  return width <= SAFE_DIGITS
    ? writeShort(view, at, precision, scale, out, index, words)
    : writeLong(view, at, precision, scale, out, index, words);
}

/**
 * The first `rest` decimals of base-10,000 digit `i`, which reaches below the scale; -1 where the lower ones
 * are not zeros.
 */
function upperDecimals(view: DataView, at: number, i: number, count: number, rest: number): number {
  const digit = i >= 0 && i < count ? view.getInt16(at + 8 + i * 2) : 0;
  const part = digit / POW10[4 - rest];
  return part === Math.floor(part) ? part : -1;
}

/** At most 15 digits: in a double. */
function writeShort(
  view: DataView,
  at: number,
  precision: number,
  scale: number,
  out: Int32Array,
  index: number,
  words: number,
): NumericFault | null {
  const count = view.getInt16(at);
  const rest = scale & 3;
  const whole = view.getInt16(at + 2) + 1 + (scale >> 2);
  let value = 0;
  for (let i = 0; i < whole; i++) {
    value = value * 10_000 + (i < count ? view.getInt16(at + 8 + i * 2) : 0);
  }
  let used = whole;
  if (rest !== 0) {
    const part = upperDecimals(view, at, whole, count, rest);
    if (part < 0) return "fraction";
    value = value * POW10[rest] + part;
    used++;
  }
  if (used < count && hasDigitsFrom(view, at, count, used)) return "fraction";
  if (precision <= SAFE_DIGITS && value >= POW10[precision]) return "digits";
  if (view.getUint16(at + 4) === NEGATIVE) value = -value;
  writeSafeInteger(value, out, index, words);
  return null;
}

/** Any number of digits: long multiplication over the words. */
function writeLong(
  view: DataView,
  at: number,
  precision: number,
  scale: number,
  out: Int32Array,
  index: number,
  words: number,
): NumericFault | null {
  const count = view.getInt16(at);
  const weight = view.getInt16(at + 2);
  const first = String(view.getInt16(at + 8)).length;
  if (weight * 4 + first + scale > precision) return "digits";
  const rest = scale & 3;
  const whole = weight + 1 + (scale >> 2);
  for (let i = 0; i < whole; i++) {
    multiplyAdd(out, index, words, 10_000, i < count ? view.getInt16(at + 8 + i * 2) : 0);
  }
  let used = whole;
  if (rest !== 0) {
    const part = upperDecimals(view, at, whole, count, rest);
    if (part < 0) return "fraction";
    multiplyAdd(out, index, words, POW10[rest], part);
    used++;
  }
  if (used < count && hasDigitsFrom(view, at, count, used)) return "fraction";
  if (view.getUint16(at + 4) === NEGATIVE) negate(out, index, words);
  return null;
}

/** The value as the server prints it, for messages. */
export function numericText(view: DataView, at: number): string {
  const count = view.getInt16(at);
  const weight = view.getInt16(at + 2);
  const sign = view.getUint16(at + 4);
  if (sign === NAN) return "NaN";
  if (sign === POSITIVE_INFINITY) return "Infinity";
  if (sign === NEGATIVE_INFINITY) return "-Infinity";
  const digit = (i: number): string =>
    String(i >= 0 && i < count ? view.getInt16(at + 8 + i * 2) : 0).padStart(4, "0");
  let whole = "";
  for (let i = 0; i <= weight; i++) whole += digit(i);
  let fraction = "";
  for (let i = weight + 1; i < Math.max(count, weight + 1); i++) fraction += digit(i);
  const scale = view.getInt16(at + 6);
  fraction = fraction.slice(0, scale).padEnd(scale, "0");
  const text = (whole.replace(/^0+/, "") || "0") + (scale > 0 ? `.${fraction}` : "");
  return sign === NEGATIVE ? `-${text}` : text;
}
