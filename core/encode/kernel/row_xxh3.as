/**
 * The low 64 bits of xxh3-128 with seed 0, of many inputs in a row.
 * https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md
 */
import {
  avalanche,
  begin,
  BLOCK,
  blocks,
  finishLong,
  fold,
  LOW,
  MIDDLE,
  MIX,
  mix16,
  PRIME32_2,
  PRIME64_1,
  PRIME64_2,
  secret,
  SHORT,
  TINY,
  upTo3,
} from "../../base/kernel/xxh3";

const MID_START_OFFSET: usize = 3;
const MID_LAST_OFFSET: usize = 103;

/** The high half of the 128-bit product. */
// @ts-ignore: decorator
@inline
function high(a: u64, b: u64): u64 {
  return fold(a, b) ^ (a * b);
}

/** Up to 16 bytes. */
function tiny(at: usize, length: i32): u64 {
  if (length > 8) {
    const last = load<u64>(at + length - 8);
    const key = load<u64>(secret, 32) ^ load<u64>(secret, 40);
    const input = load<u64>(at) ^ last ^ key;
    const low = input * PRIME64_1 + (<u64> (length - 1) << 54);
    const end = last ^ load<u64>(secret, 48) ^ load<u64>(secret, 56);
    const top = high(input, PRIME64_1) + end + (end & LOW) * (PRIME32_2 - 1);
    return avalanche((low ^ bswap<u64>(top)) * PRIME64_2);
  }
  if (length >= 4) {
    const input = <u64> load<u32>(at) + (<u64> load<u32>(at + length - 4) << 32);
    const keyed = input ^ load<u64>(secret, 16) ^ load<u64>(secret, 24);
    const factor = PRIME64_1 + (<u64> length << 2);
    const low = keyed * factor;
    let hash = low ^ ((high(keyed, factor) + (low << 1)) >> 3);
    hash = (hash ^ (hash >> 35)) * MIX;
    return hash ^ (hash >> 28);
  }
  return upTo3(at, length, secret + 64);
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
    low = (low + mix16(a, secret + 32 * <usize> round)) ^ sum16(b);
    high = (high + mix16(b, secret + 32 * <usize> round + 16)) ^ sum16(a);
  }
  return avalanche(low + high);
}

/** 129 to 240 bytes. */
function middle(at: usize, length: usize): u64 {
  let low = <u64> length * PRIME64_1;
  let high: u64 = 0;
  for (let i: usize = 0; i < 4; i++) {
    const a = at + 32 * i;
    low = (low + mix16(a, secret + 32 * i)) ^ sum16(a + 16);
    high = (high + mix16(a + 16, secret + 32 * i + 16)) ^ sum16(a);
  }
  low = avalanche(low);
  high = avalanche(high);
  for (let i: usize = 4; i < length >> 5; i++) {
    const a = at + 32 * i;
    const s = MID_START_OFFSET + 32 * (i - 4);
    low = (low + mix16(a, secret + s)) ^ sum16(a + 16);
    high = (high + mix16(a + 16, secret + s + 16)) ^ sum16(a);
  }
  const a = at + length - 16;
  const b = at + length - 32;
  low = (low + mix16(a, secret + MID_LAST_OFFSET)) ^ sum16(b);
  high = (high + mix16(b, secret + MID_LAST_OFFSET + 16)) ^ sum16(a);
  return avalanche(low + high);
}

function long(at: usize, length: i32): u64 {
  const whole = (length - 1) / BLOCK;
  begin();
  blocks(at, whole);
  return finishLong(at + whole * BLOCK, length - whole * BLOCK, <u64> length);
}

/**
 * Hashes rows that lie one behind another from `at` on, and end where `ends` says (as 32-bit addresses): 8 bytes each
 * to `out`.
 */
export function hashRows(at: usize, ends: usize, rows: i32, out: usize): void {
  for (let row: i32 = 0; row < rows; row++) {
    const end = <usize> load<u32>(ends + (<usize> row << 2));
    const length = <i32> (end - at);
    if (length > MIDDLE) store<u64>(out, long(at, length));
    else if (length > SHORT) store<u64>(out, middle(at, length));
    else if (length > TINY) store<u64>(out, short(at, length));
    else store<u64>(out, tiny(at, length));
    at = end;
    out += 8;
  }
}
