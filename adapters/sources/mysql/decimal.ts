/** Decimal digits as unscaled integers of 32-bit words, exactly and without BigInt. */
import { multiplyAdd, negate, POW10, SAFE_DIGITS, writeSafeInteger } from "../kit/words.ts";

const ZERO = 48;
const MINUS = 45;
const PLUS = 43;
const POINT = 46;
/** A word times 10^6 is still exact in a double. */
const STEP_DIGITS = 6;

export type DecimalFault = "syntax" | "fraction" | "digits";

/**
 * Writes the number at `[at, at + length)` times 10^scale as little-endian words at `index`, which are
 * zero before. Returns what is wrong with a number that has more than `precision` digits or more than
 * `scale` decimals, or that is none.
 */
export function writeDecimal(
  bytes: Uint8Array,
  at: number,
  length: number,
  precision: number,
  scale: number,
  out: Int32Array,
  index: number,
  words: number,
): DecimalFault | null {
  const end = at + length;
  const negative = bytes[at] === MINUS;
  let from = negative || bytes[at] === PLUS ? at + 1 : at;
  // What lies behind a value of no bytes may look like a sign.
  if (from >= end) return "syntax";
  while (bytes[from] === ZERO && from < end) from++;
  let point = from;
  while (point < end && bytes[point] !== POINT) point++;
  const whole = point - from;
  if (whole > precision - scale) return allDigits(bytes, from, point) ? "digits" : "syntax";
  const writes = whole + scale <= SAFE_DIGITS ? writeShort : writeLong;
  const fault = writes(bytes, from, point, end, scale, out, index, words, negative);
  return fault ?? checkRest(bytes, point + 1 + scale, end);
}

function allDigits(bytes: Uint8Array, from: number, to: number): boolean {
  for (let i = from; i < to; i++) if (bytes[i] < ZERO || bytes[i] > ZERO + 9) return false;
  return true;
}

/** Decimals below the scale must be zeros. */
function checkRest(bytes: Uint8Array, from: number, end: number): DecimalFault | null {
  for (let i = from; i < end; i++) {
    if (bytes[i] !== ZERO) return allDigits(bytes, i, end) ? "fraction" : "syntax";
  }
  return null;
}

/** At most 15 digits: in a double. */
function writeShort(
  bytes: Uint8Array,
  from: number,
  point: number,
  end: number,
  scale: number,
  out: Int32Array,
  index: number,
  words: number,
  negative: boolean,
): DecimalFault | null {
  let value = 0;
  for (let i = from; i < point; i++) {
    const digit = bytes[i] - ZERO;
    if (digit < 0 || digit > 9) return "syntax";
    value = value * 10 + digit;
  }
  let left = scale;
  for (let i = point + 1; i < end && left > 0; i++, left--) {
    const digit = bytes[i] - ZERO;
    if (digit < 0 || digit > 9) return "syntax";
    value = value * 10 + digit;
  }
  value *= POW10[left];
  writeSafeInteger(negative ? -value : value, out, index, words);
  return null;
}

/** Any number of digits: long multiplication over the words, six digits at a time. */
function writeLong(
  bytes: Uint8Array,
  from: number,
  point: number,
  end: number,
  scale: number,
  out: Int32Array,
  index: number,
  words: number,
  negative: boolean,
): DecimalFault | null {
  const digits = point - from + scale;
  let gathered = 0;
  for (let n = 1, i = from; n <= digits; n++, i++) {
    if (i === point) i++;
    const digit = i < end ? bytes[i] - ZERO : 0;
    if (digit < 0 || digit > 9) return "syntax";
    gathered = gathered * 10 + digit;
    const rest = n % STEP_DIGITS;
    if (rest !== 0 && n !== digits) continue;
    multiplyAdd(out, index, words, POW10[rest === 0 ? STEP_DIGITS : rest], gathered);
    gathered = 0;
  }
  if (negative) negate(out, index, words);
  return null;
}
