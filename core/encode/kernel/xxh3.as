/**
 * The low 64 bits of xxh3-128 with seed 0, of inputs of 17 bytes and more.
 * https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md
 */

/** `XXH3_kSecret` */
const secret: usize = memory.data<u8>([
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
const SECRET_BYTES: usize = 192;

const PRIME32_1: u64 = 0x9E3779B1;
const PRIME32_2: u64 = 0x85EBCA77;
const PRIME32_3: u64 = 0xC2B2AE3D;
const PRIME64_1: u64 = 0x9E3779B185EBCA87;
const PRIME64_2: u64 = 0xC2B2AE3D27D4EB4F;
const PRIME64_3: u64 = 0x165667B19E3779F9;
const PRIME64_4: u64 = 0x85EBCA77C2B2AE63;
const PRIME64_5: u64 = 0x27D4EB2F165667C5;
const AVALANCHE: u64 = 0x165667919E3779F9;
const LOW: u64 = 0xFFFFFFFF;

const MAX_SHORT: usize = 128;
const MAX_MIDDLE: usize = 240;
const MID_START_OFFSET: usize = 3;
const MID_LAST_OFFSET: usize = 103;
const STRIPE: usize = 64;
const BLOCK_STRIPES: usize = 16;
const BLOCK: usize = STRIPE * BLOCK_STRIPES;

/** The accumulators of a long input. */
const acc: usize = memory.data(64, 16);

/** The halves of the 128-bit product, xor-ed. */
// @ts-ignore: decorator
@inline
function fold(a: u64, b: u64): u64 {
  const ll = (a & LOW) * (b & LOW);
  const hl = (a >> 32) * (b & LOW);
  const lh = (a & LOW) * (b >> 32);
  const hh = (a >> 32) * (b >> 32);
  const cross = (ll >> 32) + (hl & LOW) + lh;
  return ((hl >> 32) + (cross >> 32) + hh) ^ ((cross << 32) | (ll & LOW));
}

// @ts-ignore: decorator
@inline
function mix16(at: usize, s: usize): u64 {
  return fold(
    load<u64>(at) ^ load<u64>(secret + s),
    load<u64>(at + 8) ^ load<u64>(secret + s + 8),
  );
}

// @ts-ignore: decorator
@inline
function avalanche(hash: u64): u64 {
  const mixed = (hash ^ (hash >> 37)) * AVALANCHE;
  return mixed ^ (mixed >> 32);
}

// @ts-ignore: decorator
@inline
function sum16(at: usize): u64 {
  return load<u64>(at) + load<u64>(at + 8);
}

/** 17 to 128 bytes, from the middle outwards. */
// @ts-ignore: decorator
@inline
function short(at: usize, length: usize): u64 {
  let low = <u64> length * PRIME64_1;
  let high: u64 = 0;
  for (let round: i32 = <i32> ((length - 1) >> 5); round >= 0; round--) {
    const a = at + 16 * <usize> round;
    const b = at + length - 16 - 16 * <usize> round;
    low = (low + mix16(a, 32 * <usize> round)) ^ sum16(b);
    high = (high + mix16(b, 32 * <usize> round + 16)) ^ sum16(a);
  }
  return avalanche(low + high);
}

/** 129 to 240 bytes. */
function middle(at: usize, length: usize): u64 {
  let low = <u64> length * PRIME64_1;
  let high: u64 = 0;
  for (let i: usize = 0; i < 4; i++) {
    const a = at + 32 * i;
    low = (low + mix16(a, 32 * i)) ^ sum16(a + 16);
    high = (high + mix16(a + 16, 32 * i + 16)) ^ sum16(a);
  }
  low = avalanche(low);
  high = avalanche(high);
  for (let i: usize = 4; i < length >> 5; i++) {
    const a = at + 32 * i;
    const s = MID_START_OFFSET + 32 * (i - 4);
    low = (low + mix16(a, s)) ^ sum16(a + 16);
    high = (high + mix16(a + 16, s + 16)) ^ sum16(a);
  }
  const a = at + length - 16;
  const b = at + length - 32;
  low = (low + mix16(a, MID_LAST_OFFSET)) ^ sum16(b);
  high = (high + mix16(b, MID_LAST_OFFSET + 16)) ^ sum16(a);
  return avalanche(low + high);
}

// @ts-ignore: decorator
@inline
function stripe(at: usize, s: usize): void {
  for (let i: usize = 0; i < 64; i += 8) {
    const value = load<u64>(at + i);
    const key = value ^ load<u64>(s + i);
    const other = acc + (i ^ 8);
    store<u64>(other, load<u64>(other) + value);
    store<u64>(acc + i, load<u64>(acc + i) + (key & LOW) * (key >> 32));
  }
}

function long(at: usize, length: usize): u64 {
  store<u64>(acc, PRIME32_3);
  store<u64>(acc + 8, PRIME64_1);
  store<u64>(acc + 16, PRIME64_2);
  store<u64>(acc + 24, PRIME64_3);
  store<u64>(acc + 32, PRIME64_4);
  store<u64>(acc + 40, PRIME32_2);
  store<u64>(acc + 48, PRIME64_5);
  store<u64>(acc + 56, PRIME32_1);
  const last = at + length - STRIPE;
  let next = at;
  for (; next + BLOCK < at + length; next += BLOCK) {
    for (let i: usize = 0; i < BLOCK_STRIPES; i++) stripe(next + STRIPE * i, secret + 8 * i);
    for (let i: usize = 0; i < 64; i += 8) {
      const value = load<u64>(acc + i);
      const key = load<u64>(secret + SECRET_BYTES - STRIPE + i);
      store<u64>(acc + i, (value ^ (value >> 47) ^ key) * PRIME32_1);
    }
  }
  for (let i: usize = 0; next + STRIPE < at + length; i++, next += STRIPE) {
    stripe(next, secret + 8 * i);
  }
  stripe(last, secret + SECRET_BYTES - STRIPE - 7);
  let hash = <u64> length * PRIME64_1;
  for (let i: usize = 0; i < 64; i += 16) {
    hash += fold(
      load<u64>(acc + i) ^ load<u64>(secret + 11 + i),
      load<u64>(acc + i + 8) ^ load<u64>(secret + 11 + i + 8),
    );
  }
  return avalanche(hash);
}

/**
 * Hashes rows that lie one behind another from `at` on, and end where `ends` says (as 32-bit addresses): 8 bytes each
 * to `out`. Rows below 17 bytes are left out.
 */
export function hashRows(at: usize, ends: usize, rows: i32, out: usize): void {
  for (let row: i32 = 0; row < rows; row++) {
    const end = <usize> load<u32>(ends + (<usize> row << 2));
    const length = end - at;
    if (length > MAX_MIDDLE) store<u64>(out, long(at, length));
    else if (length > MAX_SHORT) store<u64>(out, middle(at, length));
    else if (length > 16) store<u64>(out, short(at, length));
    at = end;
    out += 8;
  }
}
