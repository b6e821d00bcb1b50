/**
 * The server's hash functions with a seed, bit for bit: `hash_bytes_extended` and
 * `hash_bytes_uint32_extended` (Bob Jenkins' lookup3, as a little-endian server computes it).
 * https://github.com/postgres/postgres/blob/master/src/common/hashfn.c
 *
 * A hash is 64 bits: `hashed.high` and `hashed.low`, valid until the next call.
 */

/** Module state instead of an object per hash. */
export const hashed = { low: 0, high: 0 };

const START = (0x9e37_79b9 + 3_923_095) | 0;

/** The state; kept signed, so that it is never boxed. */
let a = 0;
let b = 0;
let c = 0;

function mix(): void {
  a = (a - c) ^ (c << 4 | c >>> 28);
  c = (c + b) | 0;
  b = (b - a) ^ (a << 6 | a >>> 26);
  a = (a + c) | 0;
  c = (c - b) ^ (b << 8 | b >>> 24);
  b = (b + a) | 0;
  a = (a - c) ^ (c << 16 | c >>> 16);
  c = (c + b) | 0;
  b = (b - a) ^ (a << 19 | a >>> 13);
  a = (a + c) | 0;
  c = (c - b) ^ (b << 4 | b >>> 28);
  b = (b + a) | 0;
}

function finish(): void {
  c = ((c ^ b) - (b << 14 | b >>> 18)) | 0;
  a = ((a ^ c) - (c << 11 | c >>> 21)) | 0;
  b = ((b ^ a) - (a << 25 | a >>> 7)) | 0;
  c = ((c ^ b) - (b << 16 | b >>> 16)) | 0;
  a = ((a ^ c) - (c << 4 | c >>> 28)) | 0;
  b = ((b ^ a) - (a << 14 | a >>> 18)) | 0;
  c = ((c ^ b) - (b << 24 | b >>> 8)) | 0;
  hashed.low = c;
  hashed.high = b;
}

function begin(length: number, low: number, high: number): void {
  a = (START + length) | 0;
  b = a;
  c = a;
  if ((low | high) === 0) return;
  a = (a + high) | 0;
  b = (b + low) | 0;
  mix();
}

/** Of a 32-bit value, with a seed of two words. */
export function hashWord(value: number, low: number, high: number): void {
  begin(4, low, high);
  a = (a + value) | 0;
  finish();
}

/** Of `length` bytes from `at` on, with a seed of two words. */
export function hashBytes(
  view: DataView,
  at: number,
  length: number,
  low: number,
  high: number,
): void {
  begin(length, low, high);
  const end = at + length;
  for (; at + 12 <= end; at += 12) {
    a = (a + view.getInt32(at, true)) | 0;
    b = (b + view.getInt32(at + 4, true)) | 0;
    c = (c + view.getInt32(at + 8, true)) | 0;
    mix();
  }
  const rest = end - at;
  if (rest >= 4) a = (a + view.getInt32(at, true)) | 0;
  else a = (a + tail(view, at, rest)) | 0;
  if (rest >= 8) {
    b = (b + view.getInt32(at + 4, true)) | 0;
    // The lowest byte of c is the length's.
    c = (c + (tail(view, at + 8, rest - 8) << 8)) | 0;
  } else if (rest > 4) b = (b + tail(view, at + 4, rest - 4)) | 0;
  finish();
}

/** Up to three bytes as a little-endian number. */
function tail(view: DataView, at: number, length: number): number {
  let word = 0;
  if (length > 2) word = view.getUint8(at + 2) << 16;
  if (length > 1) word |= view.getUint8(at + 1) << 8;
  if (length > 0) word |= view.getUint8(at);
  return word;
}
