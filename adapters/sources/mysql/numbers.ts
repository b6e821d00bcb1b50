/** Integers, floats and bits from the server's text. */
import type {
  BitBuilder,
  Float32Builder,
  Float64Builder,
  Int16Builder,
  Int32Builder,
  WordsBuilder,
} from "../../../core/batch/builders.ts";
import type { Fault } from "../kit/value_fault.ts";
import { POW10, SAFE_DIGITS, writeSafeInteger } from "../kit/words.ts";
import { type DecimalFault, writeDecimal } from "./decimal.ts";
import type { BinaryBlock, Block } from "../kit/block.ts";
import { parseDigits } from "./digits.ts";
import { asciiText } from "./rows.ts";

const ZERO = 48;
const MINUS = 45;
const POINT = 46;
const TWO_32 = 4_294_967_296;

/**
 * An integer of at most 15 significant digits, decimals of zeros allowed; NaN for anything else.
 */
export function parseInteger(
  bytes: Uint8Array,
  view: DataView,
  at: number,
  length: number,
): number {
  const end = at + length;
  if (length > 0 && length <= SAFE_DIGITS) {
    const value = parseDigits(bytes, view, at, end);
    if (value >= 0) return value;
  }
  const negative = bytes[at] === MINUS;
  let i = negative ? at + 1 : at;
  // What lies behind a value of no bytes may look like a sign.
  if (i >= end) return NaN;
  // Zerofill pads with as many zeros as were declared.
  if (length > SAFE_DIGITS) { while (i < end - 1 && bytes[i] === ZERO) i++; }
  let value = 0;
  for (let digits = 0; i < end; i++) {
    const digit = bytes[i] - ZERO;
    if (digit < 0 || digit > 9) return restIsZeros(bytes, i, end) ? signed(value, negative) : NaN;
    if (++digits > SAFE_DIGITS) return NaN;
    value = value * 10 + digit;
  }
  return signed(value, negative);
}

function signed(value: number, negative: boolean): number {
  return negative && value !== 0 ? -value : value;
}

function restIsZeros(bytes: Uint8Array, at: number, end: number): boolean {
  if (bytes[at] !== POINT) return false;
  for (let i = at + 1; i < end; i++) if (bytes[i] !== ZERO) return false;
  return true;
}

export function decodeBool(
  block: Block,
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
    const length = lengths[i];
    if (length < 0) {
      builder.markNull(row);
      continue;
    }
    const value = length === 1 ? bytes[positions[i]] - ZERO : NaN;
    if (value !== 0 && value !== 1) {
      fault(asciiText(bytes, positions[i], length), "only 0 and 1 are booleans");
    }
    out[row >> 3] |= value << (row & 7);
  }
  builder.length = row;
}

/** 16 and 32 bits. */
export function decodeInt(
  block: BinaryBlock,
  from: number,
  to: number,
  builder: Int16Builder | Int32Builder,
  max: number,
  fault: Fault,
): void {
  builder.reserve(to - from);
  const { bytes, view, positions, lengths } = block;
  const out = builder.values;
  const min = -max - 1;
  let row = builder.length;
  for (let i = from; i < to; i++, row++) {
    const length = lengths[i];
    if (length < 0) {
      builder.markNull(row);
      continue;
    }
    const value = parseInteger(bytes, view, positions[i], length);
    if (!(value >= min && value <= max)) integerFault(bytes, positions[i], length, fault);
    out[row] = value;
  }
  builder.length = row;
}

function integerFault(bytes: Uint8Array, at: number, length: number, fault: Fault): never {
  const text = asciiText(bytes, at, length);
  return fault(text, /^-?\d+$/.test(text) ? "it is out of range" : "it is not an integer");
}

const MAX_64 = { signed: "9223372036854775807", unsigned: "18446744073709551615" } as const;
const MIN_64 = "9223372036854775808";

/** Whether the integer `text` is one of 64 bits. */
function fits64(text: string, isSigned: boolean): boolean {
  const negative = text.startsWith("-");
  const digits = text.replace(/^-?0*(?=\d)/, "").replace(/\..*$/, "");
  if (negative && !isSigned) return digits === "0";
  const limit = isSigned ? (negative ? MIN_64 : MAX_64.signed) : MAX_64.unsigned;
  return digits.length < limit.length || (digits.length === limit.length && digits <= limit);
}

/** 64 bits as words, low word first. */
export function decodeInt64(
  block: BinaryBlock,
  from: number,
  to: number,
  builder: WordsBuilder,
  isSigned: boolean,
  fault: Fault,
): void {
  builder.reserve(to - from);
  const { bytes, view, positions, lengths } = block;
  const out = builder.values;
  let row = builder.length;
  for (let i = from; i < to; i++, row++) {
    const length = lengths[i];
    if (length < 0) {
      builder.markNull(row);
      continue;
    }
    const at = positions[i];
    const value = length <= SAFE_DIGITS ? parseInteger(bytes, view, at, length) : NaN;
    if (value >= 0 || (isSigned && value < 0)) writeSafeInteger(value, out, row * 2, 2);
    else writeInt64(bytes, at, length, isSigned, out, row * 2, fault);
  }
  builder.length = row;
}

function writeInt64(
  bytes: Uint8Array,
  at: number,
  length: number,
  isSigned: boolean,
  out: Int32Array,
  index: number,
  fault: Fault,
): void {
  const wrong = writeDecimal(bytes, at, length, 20, 0, out, index, 2);
  if (wrong !== null || (length >= 19 && !fits64(asciiText(bytes, at, length), isSigned))) {
    integerFault(bytes, at, length, fault);
  }
  if (!isSigned && bytes[at] === MINUS && !fits64(asciiText(bytes, at, length), false)) {
    integerFault(bytes, at, length, fault);
  }
}

const DECIMAL_FAULTS: Record<DecimalFault, string> = {
  syntax: "it is not a number",
  fraction: "it has more decimals",
  digits: "it has more digits",
};

/**
 * Writes digits with a point before the last `scale` of them as one number, which is below `limit`. False for every
 * other form.
 */
function writeFixed(
  bytes: Uint8Array,
  view: DataView,
  at: number,
  end: number,
  scale: number,
  limit: number,
  out: Int32Array,
  index: number,
  words: number,
): boolean {
  const negative = bytes[at] === MINUS;
  const from = negative ? at + 1 : at;
  const point = scale === 0 ? end : end - scale - 1;
  if (point <= from || (scale > 0 && bytes[point] !== POINT)) return false;
  const whole = parseDigits(bytes, view, from, point);
  const fraction = scale === 0 ? 0 : parseDigits(bytes, view, point + 1, end);
  const value = whole * POW10[scale] + fraction;
  if (whole < 0 || fraction < 0 || value >= limit) return false;
  writeSafeInteger(negative ? -value : value, out, index, words);
  return true;
}

export function decodeDecimal(
  block: BinaryBlock,
  from: number,
  to: number,
  builder: WordsBuilder,
  type: { readonly precision: number; readonly scale: number },
  fault: Fault,
): void {
  builder.reserve(to - from);
  const { bytes, view, positions, lengths } = block;
  const { precision, scale } = type;
  const out = builder.values;
  const words = builder.stride;
  const limit = precision > SAFE_DIGITS ? Infinity : POW10[precision];
  let row = builder.length;
  for (let i = from; i < to; i++, row++) {
    const length = lengths[i];
    if (length < 0) {
      builder.markNull(row);
      continue;
    }
    const at = positions[i];
    const index = row * words;
    if (
      length <= SAFE_DIGITS &&
      writeFixed(bytes, view, at, at + length, scale, limit, out, index, words)
    ) continue;
    const wrong = writeDecimal(bytes, at, length, precision, scale, out, index, words);
    if (wrong !== null) fault(asciiText(bytes, at, length), DECIMAL_FAULTS[wrong]);
  }
  builder.length = row;
}

/**
 * The double nearest to the text. Up to 15 digits, one division of exact numbers gives it (W. Clinger,
 * "How to read floating point numbers accurately"); beyond, the platform's parser.
 */
export function parseDouble(bytes: Uint8Array, at: number, length: number): number {
  const end = at + length;
  const negative = bytes[at] === MINUS;
  let value = 0;
  let digits = 0;
  let decimals = 0;
  let pointSeen = false;
  for (let i = negative ? at + 1 : at; i < end; i++) {
    const digit = bytes[i] - ZERO;
    if (digit >= 0 && digit <= 9) {
      value = value * 10 + digit;
      digits++;
      if (pointSeen) decimals++;
    } else if (bytes[i] === POINT && !pointSeen) pointSeen = true;
    else return Number(asciiText(bytes, at, length));
  }
  if (digits > SAFE_DIGITS) return Number(asciiText(bytes, at, length));
  if (digits === 0) return NaN;
  const magnitude = value / POW10[decimals];
  return negative ? -magnitude : magnitude;
}

export function decodeFloat64(
  block: Block,
  from: number,
  to: number,
  builder: Float64Builder,
  fault: Fault,
): void {
  builder.reserve(to - from);
  const { bytes, positions, lengths } = block;
  const out = builder.values;
  let row = builder.length;
  for (let i = from; i < to; i++, row++) {
    const length = lengths[i];
    if (length < 0) {
      builder.markNull(row);
      continue;
    }
    const value = parseDouble(bytes, positions[i], length);
    if (Number.isNaN(value)) fault(asciiText(bytes, positions[i], length), "it is not a number");
    out[row] = value;
  }
  builder.length = row;
}

/** @param exact whether a value that is not one of 32 bits is a fault, or is rounded. */
export function decodeFloat32(
  block: Block,
  from: number,
  to: number,
  builder: Float32Builder,
  exact: boolean,
  fault: Fault,
): void {
  builder.reserve(to - from);
  const { bytes, positions, lengths } = block;
  const out = builder.values;
  let row = builder.length;
  for (let i = from; i < to; i++, row++) {
    const length = lengths[i];
    if (length < 0) {
      builder.markNull(row);
      continue;
    }
    const value = parseDouble(bytes, positions[i], length);
    const rounded = Math.fround(value);
    if (exact ? rounded !== value : Number.isNaN(value)) {
      fault(asciiText(bytes, positions[i], length), "it is not a number of 32 bits");
    }
    out[row] = rounded;
  }
  builder.length = row;
}

/** BIT(1) as a boolean, other widths when the value is 0 or 1. */
export function decodeBitBool(
  block: Block,
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
    if (lengths[i] < 0) {
      builder.markNull(row);
      continue;
    }
    const { high, low } = bitWords(bytes, positions[i], lengths[i]);
    if (high !== 0 || low > 1) fault(bitText(high, low), "only 0 and 1 are booleans");
    out[row >> 3] |= low << (row & 7);
  }
  builder.length = row;
}

/** BIT(n) as an integer of 16 or 32 bits. */
export function decodeBitInt(
  block: Block,
  from: number,
  to: number,
  builder: Int16Builder | Int32Builder,
  max: number,
  fault: Fault,
): void {
  builder.reserve(to - from);
  const { bytes, positions, lengths } = block;
  const out = builder.values;
  let row = builder.length;
  for (let i = from; i < to; i++, row++) {
    if (lengths[i] < 0) {
      builder.markNull(row);
      continue;
    }
    const { high, low } = bitWords(bytes, positions[i], lengths[i]);
    if (high !== 0 || low > max) fault(bitText(high, low), "it is out of range");
    out[row] = low;
  }
  builder.length = row;
}

export function decodeBitInt64(
  block: Block,
  from: number,
  to: number,
  builder: WordsBuilder,
  isSigned: boolean,
  fault: Fault,
): void {
  builder.reserve(to - from);
  const { bytes, positions, lengths } = block;
  const out = builder.values;
  let row = builder.length;
  for (let i = from; i < to; i++, row++) {
    if (lengths[i] < 0) {
      builder.markNull(row);
      continue;
    }
    const { high, low } = bitWords(bytes, positions[i], lengths[i]);
    if (isSigned && high >= TWO_32 / 2) fault(bitText(high, low), "it is out of range");
    out[row * 2] = low;
    out[row * 2 + 1] = high;
  }
  builder.length = row;
}

/** At most 8 bytes, big-endian, as two unsigned words. */
function bitWords(bytes: Uint8Array, at: number, length: number): { high: number; low: number } {
  let high = 0;
  let low = 0;
  for (let i = 0; i < length; i++) {
    high = ((high << 8) | (low >>> 24)) >>> 0;
    low = ((low << 8) | bytes[at + i]) >>> 0;
  }
  return { high, low };
}

function bitText(high: number, low: number): string {
  return String((BigInt(high) << 32n) | BigInt(low));
}
