/**
 * The low 64 bits of xxh3-128 with seed 0, for many short inputs in a row.
 *
 * 17..240 bytes, which is what rows have, are hashed here in 32-bit halves: no call into WebAssembly,
 * no view and no BigInt per row, four times as fast as `hash-wasm` for them. Other lengths go to
 * `hash-wasm`, which is also the oracle of the tests.
 * https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md
 */
import { createXXHash128, type IHasher } from "hash-wasm";

/** The start of `XXH3_kSecret` that inputs up to 240 bytes use. */
const SECRET = Uint8Array.fromHex(
  "b8fe6c3923a44bbe7c01812cf721ad1cded46de9839097db7240a4a4b7b3671f" +
    "cb79e64eccc0e578825ad07dccff7221b8084674f743248ee03590e6813a264c" +
    "3c2852bb91c300cb88d0658b1b532ea371644897a20df94e3819ef46a9deacd8" +
    "a8fa763fe39c343ff9dcbbc7c70b4f1d8a51e04bcdb45931c89f7ec9d9787364" +
    "eac5ac8334d3ebc3",
);
const secret = new DataView(SECRET.buffer);
const MID_START_OFFSET = 3;
const MID_LAST_OFFSET = 103;

const MIN_INLINE = 17;
const MAX_SHORT = 128;
const MAX_INLINE = 240;
const TO_HIGH = 1 / 2 ** 32;
const MAX_U32 = 0xffff_ffff;

/**
 * The last product, low and high word, kept signed: what fits 32 signed bits is never boxed. Module
 * state instead of a result object per product.
 */
let p0 = 0;
let p1 = 0;
/** The 128-bit accumulator: `XXH128_hash_t.low64` and `.high64`. */
let low0 = 0;
let low1 = 0;
let high0 = 0;
let high1 = 0;

/** High word of `a * b`, both unsigned; the double product is off by far less than half a word. */
function highWord(a: number, b: number, lowWord: number): number {
  return ((a * b - lowWord) * TO_HIGH + 0.5) >>> 0;
}

/** `p = x * y` modulo 2^64. */
function multiply(x0: number, x1: number, y0: number, y1: number): void {
  const low = Math.imul(x0, y0) >>> 0;
  p0 = low | 0;
  p1 = (highWord(x0, y0, low) + Math.imul(x0, y1) + Math.imul(x1, y0)) | 0;
}

/** `XXH3_mul128_fold64`: `p` = both halves of the 128-bit product, xor-ed. */
function multiplyFold(x0: number, x1: number, y0: number, y1: number): void {
  const ll = Math.imul(x0, y0) >>> 0;
  const hl = Math.imul(x1, y0) >>> 0;
  const lh = Math.imul(x0, y1) >>> 0;
  const hh = Math.imul(x1, y1) >>> 0;
  // Sums of a few words are exact in a double; what is above 32 bits carries.
  const second = highWord(x0, y0, ll) + hl + lh;
  const word1 = second >>> 0;
  const third = highWord(x1, y0, hl) + highWord(x0, y1, lh) + hh + (second - word1) * TO_HIGH;
  const word2 = third >>> 0;
  const word3 = highWord(x1, y1, hh) + (third - word2) * TO_HIGH;
  p0 = ll ^ word2;
  p1 = word1 ^ word3;
}

/** `XXH3_avalanche` of (h0, h1) into `p`. */
function avalanche(h0: number, h1: number): void {
  multiply((h0 ^ (h1 >>> 5)) >>> 0, h1 >>> 0, 0x9e37_79f9, 0x1656_6791);
  p0 ^= p1;
}

function carry(sum: number): number {
  return sum > MAX_U32 ? 1 : 0;
}

/** `XXH128_mix32B`: 16 bytes at `a` and 16 at `b` into the accumulator, with the secret from `s`. */
function mix(input: DataView, a: number, b: number, s: number): void {
  const a0 = input.getInt32(a, true);
  const a1 = input.getInt32(a + 4, true);
  const a2 = input.getInt32(a + 8, true);
  const a3 = input.getInt32(a + 12, true);
  const b0 = input.getInt32(b, true);
  const b1 = input.getInt32(b + 4, true);
  const b2 = input.getInt32(b + 8, true);
  const b3 = input.getInt32(b + 12, true);
  multiplyFold(
    (a0 ^ secret.getInt32(s, true)) >>> 0,
    (a1 ^ secret.getInt32(s + 4, true)) >>> 0,
    (a2 ^ secret.getInt32(s + 8, true)) >>> 0,
    (a3 ^ secret.getInt32(s + 12, true)) >>> 0,
  );
  let sum = (low0 >>> 0) + (p0 >>> 0);
  let other = (b0 >>> 0) + (b2 >>> 0);
  low1 = (low1 + p1 + carry(sum)) ^ (b1 + b3 + carry(other));
  low0 = sum ^ other;
  multiplyFold(
    (b0 ^ secret.getInt32(s + 16, true)) >>> 0,
    (b1 ^ secret.getInt32(s + 20, true)) >>> 0,
    (b2 ^ secret.getInt32(s + 24, true)) >>> 0,
    (b3 ^ secret.getInt32(s + 28, true)) >>> 0,
  );
  sum = (high0 >>> 0) + (p0 >>> 0);
  other = (a0 >>> 0) + (a2 >>> 0);
  high1 = (high1 + p1 + carry(sum)) ^ (a1 + a3 + carry(other));
  high0 = sum ^ other;
}

/** `XXH3_len_17to128_128b`: from the middle outwards. */
function mixShort(input: DataView, at: number, length: number): void {
  for (let round = (length - 1) >> 5; round >= 0; round--) {
    mix(input, at + 16 * round, at + length - 16 - 16 * round, 32 * round);
  }
}

/** `XXH3_len_129to240_128b`. */
function mixMiddle(input: DataView, at: number, length: number): void {
  for (let i = 0; i < 4; i++) mix(input, at + 32 * i, at + 32 * i + 16, 32 * i);
  avalanche(low0, low1);
  low0 = p0;
  low1 = p1;
  avalanche(high0, high1);
  high0 = p0;
  high1 = p1;
  for (let i = 4; i < length >> 5; i++) {
    mix(input, at + 32 * i, at + 32 * i + 16, MID_START_OFFSET + 32 * (i - 4));
  }
  mix(input, at + length - 16, at + length - 32, MID_LAST_OFFSET);
}

export interface Xxh3 {
  /**
   * Hashes `length` bytes of `input` from `at` on. The low 64 bits of the hash go to `out`, low word
   * at `index`, high word after it.
   */
  low64(input: DataView, at: number, length: number, out: Int32Array, index: number): void;
}

class InlineXxh3 implements Xxh3 {
  readonly #other: IHasher;

  constructor(other: IHasher) {
    this.#other = other;
  }

  low64(input: DataView, at: number, length: number, out: Int32Array, index: number): void {
    if (length < MIN_INLINE || length > MAX_INLINE) {
      return this.#byLibrary(input, at, length, out, index);
    }
    multiply(length, 0, 0x85eb_ca87, 0x9e37_79b1);
    low0 = p0;
    low1 = p1;
    high0 = 0;
    high1 = 0;
    if (length <= MAX_SHORT) mixShort(input, at, length);
    else mixMiddle(input, at, length);
    const sum = (low0 >>> 0) + (high0 >>> 0);
    avalanche(sum | 0, (low1 + high1 + carry(sum)) | 0);
    out[index] = p0;
    out[index + 1] = p1;
  }

  #byLibrary(input: DataView, at: number, length: number, out: Int32Array, index: number): void {
    const bytes = new Uint8Array(input.buffer, input.byteOffset + at, length);
    // Big-endian: the high half comes first.
    const digest = this.#other.init().update(bytes).digest("binary");
    const view = new DataView(digest.buffer, digest.byteOffset);
    out[index] = view.getInt32(12);
    out[index + 1] = view.getInt32(8);
  }
}

/** Loads `hash-wasm`; one instance serves one thread. */
export async function createXxh3(): Promise<Xxh3> {
  return new InlineXxh3(await createXXHash128());
}
