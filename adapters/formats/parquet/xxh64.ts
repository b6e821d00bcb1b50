/**
 * xxh64 with seed 0 in 32-bit halves: no call into WebAssembly, no view and no BigInt per value.
 * https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md#xxh64-algorithm-description
 */

const TO_HIGH = 1 / 2 ** 32;

/** The primes, low and high word. */
const P1_LOW = 0x85eb_ca87;
const P1_HIGH = 0x9e37_79b1;
const P2_LOW = 0x27d4_eb4f;
const P2_HIGH = 0xc2b2_ae3d;
const P3_LOW = 0x9e37_79f9;
const P3_HIGH = 0x1656_67b1;
const P4_LOW = 0xc2b2_ae63;
const P4_HIGH = 0x85eb_ca77;
const P5_LOW = 0x1656_67c5;
const P5_HIGH = 0x27d4_eb2f;

/** The last hash, low and high word, kept signed: what fits 32 signed bits is never boxed. */
export const hash = { low: 0, high: 0 };

/** The last result of `multiply`, `rotate` and `round`. */
let r0 = 0;
let r1 = 0;

/** `r = x * y` modulo 2^64. The double product is off by far less than half a word. */
function multiply(x0: number, x1: number, y0: number, y1: number): void {
  const low = Math.imul(x0, y0) >>> 0;
  const carried = (((x0 >>> 0) * y0 - low) * TO_HIGH + 0.5) >>> 0;
  r0 = low | 0;
  r1 = (carried + Math.imul(x0, y1) + Math.imul(x1, y0)) | 0;
}

/** `r = x + y`. */
function add(x0: number, x1: number, y0: number, y1: number): void {
  const low = (x0 >>> 0) + (y0 >>> 0);
  r1 = (x1 + y1 + (low > 0xffff_ffff ? 1 : 0)) | 0;
  r0 = low | 0;
}

/** `r = x` rotated left by `bits` in 1..31. */
function rotate(x0: number, x1: number, bits: number): void {
  r0 = (x0 << bits) | (x1 >>> (32 - bits));
  r1 = (x1 << bits) | (x0 >>> (32 - bits));
}

/** `r = rotate(accumulator + input * P2, 31) * P1`. */
function round(a0: number, a1: number, input0: number, input1: number): void {
  multiply(input0, input1, P2_LOW, P2_HIGH);
  add(a0, a1, r0, r1);
  rotate(r0, r1, 31);
  multiply(r0, r1, P1_LOW, P1_HIGH);
}

/** The four accumulators of inputs of 32 bytes or more, as words. */
const lanes = new Int32Array(8);
const LANE_STARTS = Int32Array.of(
  P1_LOW + P2_LOW,
  P1_HIGH + P2_HIGH + (P1_LOW + P2_LOW > 0xffff_ffff ? 1 : 0),
  P2_LOW,
  P2_HIGH,
  0,
  0,
  -P1_LOW,
  ~P1_HIGH,
);
const LANE_ROTATIONS = [1, 7, 12, 18];

/** Consumes whole stripes of 32 bytes into `hash`; returns how many bytes. */
function hashStripes(view: DataView, start: number, length: number): number {
  lanes.set(LANE_STARTS);
  const end = start + (length & ~31);
  for (let at = start; at < end; at += 32) {
    for (let lane = 0; lane < 8; lane += 2) {
      const word = at + lane * 4;
      round(lanes[lane], lanes[lane + 1], view.getInt32(word, true), view.getInt32(word + 4, true));
      lanes[lane] = r0;
      lanes[lane + 1] = r1;
    }
  }
  let low = 0;
  let high = 0;
  for (let lane = 0; lane < 8; lane += 2) {
    rotate(lanes[lane], lanes[lane + 1], LANE_ROTATIONS[lane >> 1]);
    add(low, high, r0, r1);
    low = r0;
    high = r1;
  }
  for (let lane = 0; lane < 8; lane += 2) {
    round(0, 0, lanes[lane], lanes[lane + 1]);
    multiply(low ^ r0, high ^ r1, P1_LOW, P1_HIGH);
    add(r0, r1, P4_LOW, P4_HIGH);
    low = r0;
    high = r1;
  }
  hash.low = low;
  hash.high = high;
  return end - start;
}

/** What is left of an input behind its stripes. */
function hashRest(view: DataView, start: number, end: number): void {
  let { low, high } = hash;
  let at = start;
  for (; at + 8 <= end; at += 8) {
    round(0, 0, view.getInt32(at, true), view.getInt32(at + 4, true));
    rotate(low ^ r0, high ^ r1, 27);
    multiply(r0, r1, P1_LOW, P1_HIGH);
    add(r0, r1, P4_LOW, P4_HIGH);
    low = r0;
    high = r1;
  }
  if (at + 4 <= end) {
    multiply(view.getInt32(at, true), 0, P1_LOW, P1_HIGH);
    rotate(low ^ r0, high ^ r1, 23);
    multiply(r0, r1, P2_LOW, P2_HIGH);
    add(r0, r1, P3_LOW, P3_HIGH);
    low = r0;
    high = r1;
    at += 4;
  }
  for (; at < end; at++) {
    multiply(view.getUint8(at), 0, P5_LOW, P5_HIGH);
    rotate(low ^ r0, high ^ r1, 11);
    multiply(r0, r1, P1_LOW, P1_HIGH);
    low = r0;
    high = r1;
  }
  hash.low = low;
  hash.high = high;
}

/** `hash` of `[start, start + length)`. */
export function xxh64(view: DataView, start: number, length: number): void {
  hash.low = P5_LOW | 0;
  hash.high = P5_HIGH;
  const done = length < 32 ? 0 : hashStripes(view, start, length);
  add(hash.low, hash.high, length, 0);
  hash.low = r0;
  hash.high = r1;
  hashRest(view, start + done, start + length);
  const { low, high } = hash;
  // h ^= h >>> 33, h *= P2, h ^= h >>> 29, h *= P3, h ^= h >>> 32.
  multiply(low ^ (high >>> 1), high, P2_LOW, P2_HIGH);
  multiply(r0 ^ ((r0 >>> 29) | (r1 << 3)), r1 ^ (r1 >>> 29), P3_LOW, P3_HIGH);
  hash.low = r0 ^ r1;
  hash.high = r1;
}
