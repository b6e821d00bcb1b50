/** Decimal digits, four at a time. */

const ZERO = 48;

/** The number of the four digits in `word`, the first in its lowest byte; -1 when there is another character. */
export function fourDigits(word: number): number {
  // A digit is 0x30 to 0x39: six more leave its upper half as it is.
  if ((word & (word + 0x0606_0606) & 0xf0f0_f0f0) !== 0x3030_3030) return -1;
  const digits = word & 0x0f0f_0f0f;
  const pairs = digits * 10 + (digits >>> 8);
  return (pairs & 0xff) * 100 + ((pairs >>> 16) & 0xff);
}

/** The number of the digits in `[at, end)`, of which there are 1 to 15; -1 when there is another character. */
export function parseDigits(bytes: Uint8Array, view: DataView, at: number, end: number): number {
  let value = 0;
  let i = at;
  for (; i + 4 <= end; i += 4) {
    const four = fourDigits(view.getInt32(i, true));
    if (four < 0) return -1;
    value = value * 10_000 + four;
  }
  for (; i < end; i++) {
    const digit = bytes[i] - ZERO;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value;
}
