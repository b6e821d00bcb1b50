/**
 * xxh3-64 with seed 0, of inputs that come in pieces: whole blocks as they come, the rest in the end.
 * https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md
 */
import {
  avalanche,
  finishLong,
  fold,
  MIDDLE,
  MIX,
  mix16,
  PRIME64_1,
  secret,
  SHORT,
  TINY,
  upTo3,
} from "./xxh3";

export { accumulators, begin, blocks } from "./xxh3";

/** Where `finish` leaves the hash. */
export const result: usize = memory.data(8, 16);

function upTo16(at: usize, length: i32): u64 {
  if (length > 8) {
    const low = load<u64>(at) ^ load<u64>(secret, 24) ^ load<u64>(secret, 32);
    const high = load<u64>(at + length - 8) ^ load<u64>(secret, 40) ^ load<u64>(secret, 48);
    return avalanche(<u64> length + bswap<u64>(low) + high + fold(low, high));
  }
  if (length >= 4) {
    const input = <u64> load<u32>(at + length - 4) + (<u64> load<u32>(at) << 32);
    let hash = input ^ load<u64>(secret, 8) ^ load<u64>(secret, 16);
    hash ^= rotl<u64>(hash, 49) ^ rotl<u64>(hash, 24);
    hash *= MIX;
    hash ^= (hash >> 35) + <u64> length;
    hash *= MIX;
    return hash ^ (hash >> 28);
  }
  return upTo3(at, length, secret + 56);
}

/** From the middle outwards. */
function upTo128(at: usize, length: i32): u64 {
  let hash = <u64> length * PRIME64_1;
  for (let round = (length - 1) >> 5; round >= 0; round--) {
    hash += mix16(at + 16 * round, secret + 32 * round);
    hash += mix16(at + length - 16 - 16 * round, secret + 32 * round + 16);
  }
  return avalanche(hash);
}

function upTo240(at: usize, length: i32): u64 {
  let hash = <u64> length * PRIME64_1;
  for (let i = 0; i < 8; i++) hash += mix16(at + 16 * i, secret + 16 * i);
  hash = avalanche(hash);
  for (let i = 8; i < length >> 4; i++) hash += mix16(at + 16 * i, secret + 16 * (i - 8) + 3);
  return avalanche(hash + mix16(at + length - 16, secret + 136 - 17));
}

/** Ends an input of `length` bytes with its last 1 to 1,024, before which lie 64 others if there are more. */
export function finish(at: usize, rest: i32, length: f64): void {
  if (length <= TINY) store<u64>(result, upTo16(at, rest));
  else if (length <= SHORT) store<u64>(result, upTo128(at, rest));
  else if (length <= MIDDLE) store<u64>(result, upTo240(at, rest));
  else store<u64>(result, finishLong(at, rest, <u64> length));
}
