/**
 * The server's hash functions with a seed, bit for bit: `hash_bytes_extended` and
 * `hash_bytes_uint32_extended` (Bob Jenkins' lookup3, as a little-endian server computes it).
 * https://github.com/postgres/postgres/blob/master/src/common/hashfn.c
 *
 * A hash is 64 bits, and is xor-ed into two words of an index: `low[at]` and `high[at]`. The state is in local
 * variables of one function each: calls and shared variables would cost more than the hash.
 */

/** A number of 64 bits as two words. */
export interface Words {
  readonly low: number;
  readonly high: number;
}

/** Where hashes are added to. */
export interface Hashes {
  readonly low: Int32Array;
  readonly high: Int32Array;
}

const START = (0x9e37_79b9 + 3_923_095) | 0;

/** The state before a word of 32 bits, after its seed: the same for all values of a column. */
export interface WordState {
  readonly a: number;
  readonly b: number;
  readonly c: number;
}

export function wordState(seed: Words): WordState {
  let c = (START + 4) | 0;
  if ((seed.low | seed.high) === 0) return { a: c, b: c, c };
  let a = (c + seed.high) | 0;
  let b = (c + seed.low) | 0;
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
  return { a, b, c };
}

/** Adds the hash of a 32-bit value. */
export function hashWord(value: number, state: WordState, out: Hashes, at: number): void {
  let a = (state.a + value) | 0;
  let b = state.b;
  let c = state.c;
  c = ((c ^ b) - (b << 14 | b >>> 18)) | 0;
  a = ((a ^ c) - (c << 11 | c >>> 21)) | 0;
  b = ((b ^ a) - (a << 25 | a >>> 7)) | 0;
  c = ((c ^ b) - (b << 16 | b >>> 16)) | 0;
  a = ((a ^ c) - (c << 4 | c >>> 28)) | 0;
  b = ((b ^ a) - (a << 14 | a >>> 18)) | 0;
  c = ((c ^ b) - (b << 24 | b >>> 8)) | 0;
  out.low[at] ^= c;
  out.high[at] ^= b;
}

/** Adds the hash of `length` bytes from `from` on. @param seed not 0 */
export function hashBytes(
  view: DataView,
  from: number,
  length: number,
  seed: Words,
  out: Hashes,
  at: number,
): void {
  let c = (START + length) | 0;
  let a = (c + seed.high) | 0;
  let b = (c + seed.low) | 0;
  const end = from + length;
  // The seed is mixed in as twelve bytes are.
  for (let next = from;; next += 12) {
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
    if (next + 12 > end) {
      from = next;
      break;
    }
    a = (a + view.getInt32(next, true)) | 0;
    b = (b + view.getInt32(next + 4, true)) | 0;
    c = (c + view.getInt32(next + 8, true)) | 0;
  }
  const rest = end - from;
  if (rest >= 8) {
    a = (a + view.getInt32(from, true)) | 0;
    b = (b + view.getInt32(from + 4, true)) | 0;
    // The lowest byte of c is the length's.
    c = (c + (tail(view, from + 8, rest - 8) << 8)) | 0;
  } else if (rest >= 4) {
    a = (a + view.getInt32(from, true)) | 0;
    b = (b + tail(view, from + 4, rest - 4)) | 0;
  } else a = (a + tail(view, from, rest)) | 0;
  c = ((c ^ b) - (b << 14 | b >>> 18)) | 0;
  a = ((a ^ c) - (c << 11 | c >>> 21)) | 0;
  b = ((b ^ a) - (a << 25 | a >>> 7)) | 0;
  c = ((c ^ b) - (b << 16 | b >>> 16)) | 0;
  a = ((a ^ c) - (c << 4 | c >>> 28)) | 0;
  b = ((b ^ a) - (a << 14 | a >>> 18)) | 0;
  c = ((c ^ b) - (b << 24 | b >>> 8)) | 0;
  out.low[at] ^= c;
  out.high[at] ^= b;
}

/** Up to three bytes as a little-endian number. */
function tail(view: DataView, at: number, length: number): number {
  if (length === 0) return 0;
  if (length === 1) return view.getUint8(at);
  const two = view.getUint16(at, true);
  return length === 2 ? two : two | view.getUint8(at + 2) << 16;
}

/** Replaces each of the first `rows` numbers by the hash of a 32-bit 0 that has it for its seed. */
export function hashSeeds({ low, high }: Hashes, rows: number): void {
  for (let row = 0; row < rows; row++) {
    let c = (START + 4) | 0;
    let a = c;
    let b = c;
    if ((low[row] | high[row]) !== 0) {
      a = (a + high[row]) | 0;
      b = (b + low[row]) | 0;
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
    c = ((c ^ b) - (b << 14 | b >>> 18)) | 0;
    a = ((a ^ c) - (c << 11 | c >>> 21)) | 0;
    b = ((b ^ a) - (a << 25 | a >>> 7)) | 0;
    c = ((c ^ b) - (b << 16 | b >>> 16)) | 0;
    a = ((a ^ c) - (c << 4 | c >>> 28)) | 0;
    b = ((b ^ a) - (a << 14 | a >>> 18)) | 0;
    c = ((c ^ b) - (b << 24 | b >>> 8)) | 0;
    low[row] = c;
    high[row] = b;
  }
}
