/** Decimal digits as unscaled integers of 32-bit words, exactly and without BigInt. */

const ZERO = 48;
const MINUS = 45;
const PLUS = 43;
const POINT = 46;
/** Decimal digits that a double holds exactly whatever they are. */
export const SAFE_DIGITS = 15;
/** A word times 10^6 is still exact in a double. */
const STEP_DIGITS = 6;
const TWO_32 = 4_294_967_296;
/** 10^0 .. 10^15, all exact. */
export const POW10 = Float64Array.from({ length: SAFE_DIGITS + 1 }, (_, i) => 10 ** i);

export type DecimalFault = "syntax" | "fraction" | "digits";

/** Writes an integer of at most 53 bits as little-endian words. */
export function writeSafeInteger(
  value: number,
  out: Int32Array,
  index: number,
  words: number,
): void {
  out[index] = value | 0;
  out[index + 1] = Math.floor(value / TWO_32);
  if (value < 0) { for (let i = 2; i < words; i++) out[index + i] = -1; }
}

function multiplyAdd(
  out: Int32Array,
  index: number,
  words: number,
  by: number,
  add: number,
): void {
  let carry = add;
  for (let i = index; i < index + words; i++) {
    const product = (out[i] >>> 0) * by + carry;
    carry = Math.floor(product / TWO_32);
    out[i] = product - carry * TWO_32;
  }
}

/** Two's complement of `words` little-endian words. */
function negate(out: Int32Array, index: number, words: number): void {
  let carry = 1;
  for (let i = index; i < index + words; i++) {
    const sum = (~out[i] >>> 0) + carry;
    out[i] = sum | 0;
    carry = sum >= TWO_32 ? 1 : 0;
  }
}

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
  if (from === end) return "syntax";
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
