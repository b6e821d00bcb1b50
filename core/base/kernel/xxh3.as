/**
 * What xxh3's widths have in common, with seed 0: the 64-bit hash and the low half of the 128-bit one.
 * https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md
 */

/** `XXH3_kSecret` */
export const secret: usize = memory.data<u8>([
  0xb8, 0xfe, 0x6c, 0x39, 0x23, 0xa4, 0x4b, 0xbe, 0x7c, 0x01, 0x81, 0x2c, 0xf7, 0x21, 0xad, 0x1c,
  0xde, 0xd4, 0x6d, 0xe9, 0x83, 0x90, 0x97, 0xdb, 0x72, 0x40, 0xa4, 0xa4, 0xb7, 0xb3, 0x67, 0x1f,
  0xcb, 0x79, 0xe6, 0x4e, 0xcc, 0xc0, 0xe5, 0x78, 0x82, 0x5a, 0xd0, 0x7d, 0xcc, 0xff, 0x72, 0x21,
  0xb8, 0x08, 0x46, 0x74, 0xf7, 0x43, 0x24, 0x8e, 0xe0, 0x35, 0x90, 0xe6, 0x81, 0x3a, 0x26, 0x4c,
  0x3c, 0x28, 0x52, 0xbb, 0x91, 0xc3, 0x00, 0xcb, 0x88, 0xd0, 0x65, 0x8b, 0x1b, 0x53, 0x2e, 0xa3,
  0x71, 0x64, 0x48, 0x97, 0xa2, 0x0d, 0xf9, 0x4e, 0x38, 0x19, 0xef, 0x46, 0xa9, 0xde, 0xac, 0xd8,
  0xa8, 0xfa, 0x76, 0x3f, 0xe3, 0x9c, 0x34, 0x3f, 0xf9, 0xdc, 0xbb, 0xc7, 0xc7, 0x0b, 0x4f, 0x1d,
  0x8a, 0x51, 0xe0, 0x4b, 0xcd, 0xb4, 0x59, 0x31, 0xc8, 0x9f, 0x7e, 0xc9, 0xd9, 0x78, 0x73, 0x64,
  0xea, 0xc5, 0xac, 0x83, 0x34, 0xd3, 0xeb, 0xc3, 0xc5, 0x81, 0xa0, 0xff, 0xfa, 0x13, 0x63, 0xeb,
  0x17, 0x0d, 0xdd, 0x51, 0xb7, 0xf0, 0xda, 0x49, 0xd3, 0x16, 0x55, 0x26, 0x29, 0xd4, 0x68, 0x9e,
  0x2b, 0x16, 0xbe, 0x58, 0x7d, 0x47, 0xa1, 0xfc, 0x8f, 0xf8, 0xb8, 0xd1, 0x7a, 0xd0, 0x31, 0xce,
  0x45, 0xcb, 0x3a, 0x8f, 0x95, 0x16, 0x04, 0x28, 0xaf, 0xd7, 0xfb, 0xca, 0xbb, 0x4b, 0x40, 0x7e,
], 16);

const PRIME32_1: u64 = 0x9E3779B1;
export const PRIME32_2: u64 = 0x85EBCA77;
const PRIME32_3: u64 = 0xC2B2AE3D;
export const PRIME64_1: u64 = 0x9E3779B185EBCA87;
export const PRIME64_2: u64 = 0xC2B2AE3D27D4EB4F;
const PRIME64_3: u64 = 0x165667B19E3779F9;
const PRIME64_4: u64 = 0x85EBCA77C2B2AE63;
const PRIME64_5: u64 = 0x27D4EB2F165667C5;
const AVALANCHE: u64 = 0x165667919E3779F9;
export const MIX: u64 = 0x9FB21C651E98DF25;
export const LOW: u64 = 0xFFFFFFFF;

/** The most that each of the three ways for short inputs takes. */
export const TINY: i32 = 16;
export const SHORT: i32 = 128;
export const MIDDLE: i32 = 240;
const STRIPE: i32 = 64;
const BLOCK_STRIPES: i32 = 16;
export const BLOCK: i32 = STRIPE * BLOCK_STRIPES;

/** The accumulators of a long input: whoever has several inputs puts them here and takes them away. */
export const accumulators: usize = memory.data(64, 16);

/** The halves of the 128-bit product, xor-ed. */
// @ts-ignore: decorator
@inline
export function fold(a: u64, b: u64): u64 {
  const ll = (a & LOW) * (b & LOW);
  const hl = (a >> 32) * (b & LOW);
  const lh = (a & LOW) * (b >> 32);
  const hh = (a >> 32) * (b >> 32);
  const cross = (ll >> 32) + (hl & LOW) + lh;
  return ((hl >> 32) + (cross >> 32) + hh) ^ ((cross << 32) | (ll & LOW));
}

// @ts-ignore: decorator
@inline
export function mix16(at: usize, s: usize): u64 {
  return fold(load<u64>(at) ^ load<u64>(s), load<u64>(at, 8) ^ load<u64>(s, 8));
}

// @ts-ignore: decorator
@inline
export function avalanche(hash: u64): u64 {
  const mixed = (hash ^ (hash >> 37)) * AVALANCHE;
  return mixed ^ (mixed >> 32);
}

function avalanche64(hash: u64): u64 {
  const first = (hash ^ (hash >> 33)) * PRIME64_2;
  const second = (first ^ (first >> 29)) * PRIME64_3;
  return second ^ (second >> 32);
}

/** Up to 3 bytes, of which there may be none: `key` is the secret's part for that. */
export function upTo3(at: usize, length: i32, key: usize): u64 {
  if (length === 0) return avalanche64(load<u64>(key) ^ load<u64>(key, 8));
  const first = <u64> load<u8>(at);
  const middle = <u64> load<u8>(at + (length >> 1));
  const last = <u64> load<u8>(at + length - 1);
  const all = (first << 16) | (middle << 24) | last | (<u64> length << 8);
  return avalanche64(all ^ <u64> (load<u32>(secret) ^ load<u32>(secret, 4)));
}

/** Begins a long input. */
export function begin(): void {
  store<u64>(accumulators, PRIME32_3);
  store<u64>(accumulators, PRIME64_1, 8);
  store<u64>(accumulators, PRIME64_2, 16);
  store<u64>(accumulators, PRIME64_3, 24);
  store<u64>(accumulators, PRIME64_4, 32);
  store<u64>(accumulators, PRIME32_2, 40);
  store<u64>(accumulators, PRIME64_5, 48);
  store<u64>(accumulators, PRIME32_1, 56);
}

// @ts-ignore: decorator
@inline
function accumulate(at: usize, s: usize): void {
  for (let lane = 0; lane < 64; lane += 16) {
    const other = accumulators + lane;
    const first = load<u64>(at + lane);
    const second = load<u64>(at + lane, 8);
    const key = first ^ load<u64>(s + lane);
    const key2 = second ^ load<u64>(s + lane, 8);
    store<u64>(other, load<u64>(other) + second + (key & LOW) * (key >> 32));
    store<u64>(other, load<u64>(other, 8) + first + (key2 & LOW) * (key2 >> 32), 8);
  }
}

/** Takes in `count` blocks of 1,024 bytes, behind which there is more. */
export function blocks(at: usize, count: i32): void {
  let stripe = at;
  for (let block = 0; block < count; block++) {
    for (let i = 0; i < BLOCK_STRIPES; i++) {
      accumulate(stripe, secret + 8 * i);
      stripe += STRIPE;
    }
    for (let lane = 0; lane < 64; lane += 8) {
      const value = load<u64>(accumulators + lane);
      const scrambled = value ^ (value >> 47) ^ load<u64>(secret + 128 + lane);
      store<u64>(accumulators + lane, scrambled * PRIME32_1);
    }
  }
}

/** Ends a long input of `length` bytes with its last 1 to 1,024, before which lie 64 others if there are more. */
export function finishLong(at: usize, rest: i32, length: u64): u64 {
  const stripes = (rest - 1) / STRIPE;
  for (let i = 0; i < stripes; i++) accumulate(at + STRIPE * i, secret + 8 * i);
  accumulate(at + rest - STRIPE, secret + 121);
  let hash = length * PRIME64_1;
  for (let i = 0; i < 64; i += 16) {
    hash += fold(
      load<u64>(accumulators + i) ^ load<u64>(secret + 11 + i),
      load<u64>(accumulators + i, 8) ^ load<u64>(secret + 11 + i, 8),
    );
  }
  return avalanche(hash);
}
