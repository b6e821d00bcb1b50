/** Integers of 32-bit words, little-endian, in two's complement: exact, and without BigInt. */

const TWO_31 = 2_147_483_648;
const TWO_32 = 4_294_967_296;

/** Decimal digits that a double holds exactly whatever they are. */
export const SAFE_DIGITS = 15;
/** 10^0 .. 10^15, all exact. */
export const POW10: Float64Array = Float64Array.from(
  { length: SAFE_DIGITS + 1 },
  (_, i) => 10 ** i,
);

/** Writes an integer of at most 53 bits. */
export function writeSafeInteger(
  value: number,
  out: Int32Array,
  index: number,
  words: number,
): void {
  if (value >= 0 && value < TWO_31) {
    out[index] = value;
    out[index + 1] = 0;
    return;
  }
  out[index] = value | 0;
  out[index + 1] = Math.floor(value / TWO_32);
  if (value < 0) { for (let i = 2; i < words; i++) out[index + i] = -1; }
}

/** The magnitude at `index` times `by` plus `add`; `by` has at most 21 bits. */
export function multiplyAdd(
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

/** The two's complement of the integer at `index`. */
export function negate(out: Int32Array, index: number, words: number): void {
  let carry = 1;
  for (let i = index; i < index + words; i++) {
    const sum = (~out[i] >>> 0) + carry;
    out[i] = sum | 0;
    carry = sum >= TWO_32 ? 1 : 0;
  }
}
