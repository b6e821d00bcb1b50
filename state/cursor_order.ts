/**
 * The order of two stored cursors (PG3): numeric when both parse as numbers, else by UTF-8 bytes. Exact
 * for any number of digits, which a float is not.
 */

interface Decimal {
  readonly sign: -1 | 0 | 1;
  /** The power of ten of the first digit. */
  readonly exponent: bigint;
  /** Without leading and trailing zeros. */
  readonly digits: string;
}

const NUMBER = /^([+-]?)(\d+)(?:\.(\d*))?(?:[eE]([+-]?\d+))?$/;

function parseDecimal(text: string): Decimal | null {
  const match = NUMBER.exec(text);
  if (match === null) return null;
  const [, sign, whole, fraction = "", power = "0"] = match;
  const all = whole + fraction;
  const leadingZeros = /^0*/.exec(all)![0].length;
  if (leadingZeros === all.length) return { sign: 0, exponent: 0n, digits: "" };
  return {
    sign: sign === "-" ? -1 : 1,
    exponent: BigInt(power) + BigInt(whole.length - leadingZeros - 1),
    digits: all.slice(leadingZeros).replace(/0+$/, ""),
  };
}

function compareDecimals(a: Decimal, b: Decimal): number {
  if (a.sign !== b.sign) return a.sign - b.sign;
  if (a.exponent !== b.exponent) return a.exponent < b.exponent ? -a.sign : a.sign;
  if (a.digits === b.digits) return 0;
  // From the same power of ten on, digits compare as text does: a missing digit is the lowest.
  return a.digits < b.digits ? -a.sign : a.sign;
}

function compareBytes(a: string, b: string): number {
  const encoder = new TextEncoder();
  const [left, right] = [encoder.encode(a), encoder.encode(b)];
  const shared = Math.min(left.length, right.length);
  for (let i = 0; i < shared; i++) {
    if (left[i] !== right[i]) return left[i] - right[i];
  }
  return left.length - right.length;
}

/** Negative when `a` is before `b`, positive when it is after, 0 when they are the same position. */
export function compareCursors(a: string, b: string): number {
  const [left, right] = [parseDecimal(a), parseDecimal(b)];
  return left !== null && right !== null ? compareDecimals(left, right) : compareBytes(a, b);
}
