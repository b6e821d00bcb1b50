/**
 * PostgreSQL's hash functions with a seed, bit for bit as a little-endian server computes them: Bob Jenkins' lookup3, and
 * what the server makes of each type before it (src/common/hashfn.c, src/backend/access/hash/hashfunc.c).
 *
 * A column's values lie where `positions` and `lengths` say, in the binary form of the wire; the hash of each is xor-ed
 * into the row's number of 64 bits in `rows`.
 */

export const positions: usize = memory.data(16384, 16);
export const lengths: usize = memory.data(16384, 16);
/** A number per row. */
export const hashes: usize = memory.data(32768, 16);
/** The digits of a numeric, little-endian. */
const digits: usize = memory.data(65536, 16);
/** The sums of the high and of the low words, as `finish` leaves them. */
export const sums: usize = memory.data(16, 16);

const START: u32 = 0x9e3779b9 + 3923095;
/** How much later a timestamp is hashed a second time, in microseconds: `LATER_S` of `hash_sql.ts`. */
const LATER: u64 = 600613277000000;
/** What an array of one element adds to the element's hash, which is 0 for NULL. */
const ARRAY_OF_ONE: u64 = 31;
const NEGATIVE: u16 = 0x4000;

let a: u32 = 0;
let b: u32 = 0;
let c: u32 = 0;

// @ts-ignore: decorator
@inline
function mix(): void {
  a = (a - c) ^ rotl<u32>(c, 4);
  c += b;
  b = (b - a) ^ rotl<u32>(a, 6);
  a += c;
  c = (c - b) ^ rotl<u32>(b, 8);
  b += a;
  a = (a - c) ^ rotl<u32>(c, 16);
  c += b;
  b = (b - a) ^ rotl<u32>(a, 19);
  a += c;
  c = (c - b) ^ rotl<u32>(b, 4);
  b += a;
}

// @ts-ignore: decorator
@inline
function finished(): u64 {
  c = (c ^ b) - rotl<u32>(b, 14);
  a = (a ^ c) - rotl<u32>(c, 11);
  b = (b ^ a) - rotl<u32>(a, 25);
  c = (c ^ b) - rotl<u32>(b, 16);
  a = (a ^ c) - rotl<u32>(c, 4);
  b = (b ^ a) - rotl<u32>(a, 14);
  c = (c ^ b) - rotl<u32>(b, 24);
  return (<u64> b << 32) | <u64> c;
}

// @ts-ignore: decorator
@inline
function begin(length: u32, seed: u64): void {
  a = START + length;
  b = a;
  c = a;
  if (seed === 0) return;
  a += <u32> (seed >> 32);
  b += <u32> seed;
  mix();
}

/** `hash_bytes_uint32_extended` */
// @ts-ignore: decorator
@inline
function ofWord(value: u32, seed: u64): u64 {
  begin(4, seed);
  a += value;
  return finished();
}

/** Up to three bytes as a little-endian number. */
// @ts-ignore: decorator
@inline
function tail(at: usize, length: u32): u32 {
  if (length === 0) return 0;
  if (length === 1) return load<u8>(at);
  return length === 2 ? load<u16>(at) : <u32> load<u16>(at) | (<u32> load<u8>(at + 2) << 16);
}

/** `hash_bytes_extended` */
function ofBytes(at: usize, length: u32, seed: u64): u64 {
  begin(length, seed);
  let rest = length;
  for (; rest >= 12; rest -= 12, at += 12) {
    a += load<u32>(at);
    b += load<u32>(at + 4);
    c += load<u32>(at + 8);
    mix();
  }
  if (rest >= 8) {
    a += load<u32>(at);
    b += load<u32>(at + 4);
    // The lowest byte of c is the length's.
    c += tail(at + 8, rest - 8) << 8;
  } else if (rest >= 4) {
    a += load<u32>(at);
    b += tail(at + 4, rest - 4);
  } else a += tail(at, rest);
  return finished();
}

// @ts-ignore: decorator
@inline
function isNull(row: i32): bool {
  return load<i32>(lengths + (<usize> row << 2)) < 0;
}

/** Where a value lies. @param base what its position is counted from */
// @ts-ignore: decorator
@inline
function place(base: usize, row: i32): usize {
  return base + load<u32>(positions + (<usize> row << 2));
}

// @ts-ignore: decorator
@inline
function add(row: i32, hash: u64): void {
  const at = hashes + (<usize> row << 3);
  store<u64>(at, load<u64>(at) ^ hash);
}

export function addBools(base: usize, rows: i32, seed: u64): void {
  for (let row = 0; row < rows; row++) {
    if (!isNull(row)) add(row, ofWord(<u32> load<u8>(place(base, row)), seed));
  }
}

export function addInt2s(base: usize, rows: i32, seed: u64): void {
  for (let row = 0; row < rows; row++) {
    if (!isNull(row)) add(row, ofWord(<u32> <i32> bswap<i16>(load<i16>(place(base, row))), seed));
  }
}

export function addInt4s(base: usize, rows: i32, seed: u64): void {
  for (let row = 0; row < rows; row++) {
    if (!isNull(row)) add(row, ofWord(bswap<u32>(load<u32>(place(base, row))), seed));
  }
}

/** `hashint8extended`: eight bytes are folded to four first. */
// @ts-ignore: decorator
@inline
function ofLong(value: u64, seed: u64): u64 {
  const high = <u32> (value >> 32);
  return ofWord(<u32> value ^ (<i64> value < 0 ? ~high : high), seed);
}

export function addInt8s(base: usize, rows: i32, seed: u64): void {
  for (let row = 0; row < rows; row++) {
    if (isNull(row)) continue;
    const value = bswap<u64>(load<u64>(place(base, row)));
    add(row, ofLong(value, seed) ^ value);
  }
}

export function addTimestamps(base: usize, rows: i32, seed: u64): void {
  for (let row = 0; row < rows; row++) {
    if (isNull(row)) continue;
    const value = bswap<u64>(load<u64>(place(base, row)));
    add(row, ofLong(value, seed) ^ ofLong(value + LATER, seed));
  }
}

export function addBytes(base: usize, rows: i32, seed: u64): void {
  for (let row = 0; row < rows; row++) {
    if (isNull(row)) continue;
    add(row, ofBytes(place(base, row), load<u32>(lengths + (<usize> row << 2)), seed));
  }
}

/** As an array of one element. */
export function addSent(base: usize, rows: i32, seed: u64): void {
  for (let row = 0; row < rows; row++) {
    const hash: u64 = isNull(row)
      ? 0
      : ofBytes(place(base, row), load<u32>(lengths + (<usize> row << 2)), seed);
    add(row, hash + ARRAY_OF_ONE);
  }
}

/** `hash_numeric_extended`: of the digits without zeros around them, and the place of the first. */
function ofNumeric(at: usize, seed: u64): u64 {
  const count = <i32> bswap<u16>(load<u16>(at));
  const first = at + 8;
  let from = 0;
  let to = count;
  while (from < to && load<u16>(first + (<usize> from << 1)) === 0) from++;
  while (to > from && load<u16>(first + (<usize> to << 1) - 2) === 0) to--;
  if (from === to) return seed - 1;
  for (let i = from; i < to; i++) {
    const digit = bswap<u16>(load<u16>(first + (<usize> i << 1)));
    store<u16>(digits + (<usize> (i - from) << 1), digit);
  }
  const weight = <i32> bswap<i16>(load<i16>(at + 2)) - from;
  return ofBytes(digits, <u32> (to - from) << 1, seed) ^ <u64> <i64> weight;
}

/** Complemented for negative values: the server leaves the sign out. */
export function addNumerics(base: usize, rows: i32, seed: u64): void {
  for (let row = 0; row < rows; row++) {
    if (isNull(row)) continue;
    const at = place(base, row);
    const hash = ofNumeric(at, seed);
    add(row, bswap<u16>(load<u16>(at + 4)) === NEGATIVE ? ~hash : hash);
  }
}

/** Hashes the numbers of the rows, adds them up, and makes them 0 again. */
export function finish(rows: i32): void {
  let high: i64 = 0;
  let low: i64 = 0;
  for (let row = 0; row < rows; row++) {
    const at = hashes + (<usize> row << 3);
    const hash = ofWord(0, load<u64>(at));
    store<u64>(at, 0);
    high += <i64> hash >> 32;
    low += <i64> (hash & 0xffffffff);
  }
  store<f64>(sums, <f64> high);
  store<f64>(sums + 8, <f64> low);
}
