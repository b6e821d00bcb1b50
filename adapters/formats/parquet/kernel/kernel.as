/**
 * The loops over the values of a page, in AssemblyScript. Every one takes addresses of its memory; what it writes may
 * be followed by up to 32 bytes of rubbish.
 */

/** Where what a function finds besides its result is left. */
export const found: usize = memory.data(128, 16);

const BLOCK_VALUES: i32 = 128;
const MINIBLOCK_VALUES: i32 = 32;
const MINIBLOCKS: i32 = 4;
/** Differences up to here are exact as doubles, which readers in other languages take them for. */
const MAX_DELTA: i64 = 1 << 52;
/** A run shorter than this costs less bit-packed than as a run of its own. */
const MIN_RUN: i32 = 8;

/** Of one block. */
const deltas: usize = memory.data(1024, 16);

// @ts-ignore: decorator
@inline
function varint(at: usize, value: u64): usize {
  let rest = value;
  while (rest >= 0x80) {
    store<u8>(at++, <u8> (rest | 0x80));
    rest >>= 7;
  }
  store<u8>(at, <u8> rest);
  return at + 1;
}

// @ts-ignore: decorator
@inline
function zigzag(at: usize, value: i64): usize {
  return varint(at, <u64> ((value << 1) ^ (value >> 63)));
}

/** Appends 32 values of `width` bits, least significant first. */
function packMiniblock(from: usize, width: i32, least: i64, out: usize): usize {
  let at = out;
  let word: u64 = 0;
  let held = 0;
  for (let value = from; value < from + 32 * 8; value += 8) {
    const delta = <u64> (load<i64>(value) - least);
    word |= delta << held;
    held += width;
    if (held >= 64) {
      store<u64>(at, word);
      at += 8;
      held -= 64;
      word = held == 0 ? 0 : delta >> (width - held);
    }
  }
  store<u64>(at, word);
  return at + (held >> 3);
}

function appendBlock(count: i32, out: usize): usize {
  let least = load<i64>(deltas);
  for (let i = 1; i < count; i++) {
    const delta = load<i64>(deltas + (i << 3));
    if (delta < least) least = delta;
  }
  const widths = zigzag(out, least);
  store<i32>(widths, 0);
  let at = widths + MINIBLOCKS;
  // What fills the last miniblock packs as zeros.
  const end = (count + MINIBLOCK_VALUES - 1) & ~(MINIBLOCK_VALUES - 1);
  for (let i = count; i < end; i++) store<i64>(deltas + (i << 3), least);
  for (let from = 0; from < end; from += MINIBLOCK_VALUES) {
    let bits: u64 = 0;
    for (let i = from; i < from + MINIBLOCK_VALUES; i++) {
      bits |= <u64> (load<i64>(deltas + (i << 3)) - least);
    }
    const width = 64 - <i32> clz(bits);
    store<u8>(widths + (from >> 5), <u8> width);
    if (width > 0) at = packMiniblock(deltas + (from << 3), width, least, at);
  }
  return at;
}

function appendHeader(count: i32, out: usize): usize {
  return varint(varint(varint(out, BLOCK_VALUES), MINIBLOCKS), count);
}

/** DELTA_BINARY_PACKED of `count` integers of 32 bits, whose differences wrap. @returns the end. */
export function delta32(values: usize, count: i32, out: usize): usize {
  let at = appendHeader(count, out);
  let before = count == 0 ? 0 : load<i32>(values);
  at = zigzag(at, before);
  let held = 0;
  for (let i = 1; i < count; i++) {
    const value = load<i32>(values + (i << 2));
    store<i64>(deltas + (held << 3), <i64> (value - before));
    before = value;
    if (++held == BLOCK_VALUES) {
      at = appendBlock(held, at);
      held = 0;
    }
  }
  return held > 0 ? appendBlock(held, at) : at;
}

/** The same of 64 bits. @returns the end, 0 where two neighbours are too far apart. */
export function delta64(values: usize, count: i32, out: usize): usize {
  let at = appendHeader(count, out);
  let before = count == 0 ? <i64> 0 : load<i64>(values);
  at = zigzag(at, before);
  let held = 0;
  for (let i = 1; i < count; i++) {
    const value = load<i64>(values + (i << 3));
    const delta = value - before;
    // A difference that wrapped has the wrong sign.
    const wrapped = ((value ^ before) & (value ^ delta)) < 0;
    if (wrapped || delta > MAX_DELTA || delta < -MAX_DELTA) return 0;
    store<i64>(deltas + (held << 3), delta);
    before = value;
    if (++held == BLOCK_VALUES) {
      at = appendBlock(held, at);
      held = 0;
    }
  }
  return held > 0 ? appendBlock(held, at) : at;
}

// @ts-ignore: decorator
@inline
function valueAt<T>(values: usize, i: i32): u32 {
  return <u32> load<T>(values + <usize> i * sizeof<T>());
}

/** Values [from, to) bit-packed, padded to whole groups of 8. */
function pack<T>(values: usize, from: i32, to: i32, width: i32, out: usize): usize {
  const end = out + ((to - from + 7) >> 3) * width;
  let at = out;
  let word: u64 = 0;
  let held = 0;
  for (let i = from; i < to; i++) {
    const value = <u64> valueAt<T>(values, i);
    word |= value << held;
    held += width;
    if (held >= 64) {
      store<u64>(at, word);
      at += 8;
      held -= 64;
      word = held == 0 ? 0 : value >> (width - held);
    }
  }
  if (at < end) {
    memory.fill(at, 0, end - at);
    store<u64>(at, word);
  }
  return end;
}

function appendPacked<T>(values: usize, from: i32, to: i32, width: i32, out: usize): usize {
  if (from == to) return out;
  return pack<T>(values, from, to, width, varint(out, ((to - from + 7) >> 3) * 2 + 1));
}

// @ts-ignore: decorator
@inline
function runEnd<T>(values: usize, from: i32, count: i32): i32 {
  const value = valueAt<T>(values, from);
  let end = from + 1;
  if (sizeof<T>() == 1) {
    const eight = <u64> value * 0x0101010101010101;
    while (end + 8 <= count && load<u64>(values + end) == eight) end += 8;
  }
  while (end < count && valueAt<T>(values, end) == value) end++;
  return end;
}

function hybrid<T>(values: usize, count: i32, width: i32, out: usize): usize {
  let at = out;
  let packedFrom = 0;
  let i = 0;
  while (i < count) {
    const end = runEnd<T>(values, i, count);
    // Bit-packed values come in groups of 8: the run first lends what fills the group before it.
    const fill = (8 - ((i - packedFrom) & 7)) & 7;
    if (end - i - fill >= MIN_RUN) {
      at = appendPacked<T>(values, packedFrom, i + fill, width, at);
      at = varint(at, <u64> (end - i - fill) * 2);
      store<u32>(at, valueAt<T>(values, i));
      at += (width + 7) >> 3;
      packedFrom = end;
    }
    i = end;
  }
  return appendPacked<T>(values, packedFrom, count, width, at);
}

/** The RLE / bit-packed hybrid of `count` bytes. @returns the end. */
export function hybrid8(values: usize, count: i32, width: i32, out: usize): usize {
  return hybrid<u8>(values, count, width, out);
}

/** The same of integers of 32 bits. */
export function hybrid32(values: usize, count: i32, width: i32, out: usize): usize {
  return hybrid<u32>(values, count, width, out);
}

/** Bytes that are 0 or 1 as bits. @returns the end. */
export function packBits(values: usize, count: i32, out: usize): usize {
  return pack<u8>(values, 0, count, 1, out);
}

function extremes<T>(values: usize, count: i32): void {
  let least = load<T>(values);
  let greatest = least;
  for (let i = 1; i < count; i++) {
    const value = load<T>(values + <usize> i * sizeof<T>());
    least = value < least ? value : least;
    greatest = value > greatest ? value : greatest;
  }
  store<T>(found, least);
  store<T>(found + 64, greatest);
}

/** The least of `count` values is left at `found`, the greatest at `found + 64`. `count` is above 0. */
export function extremesI32(values: usize, count: i32): void {
  extremes<i32>(values, count);
}

export function extremesI64(values: usize, count: i32): void {
  extremes<i64>(values, count);
}

export function extremesU64(values: usize, count: i32): void {
  extremes<u64>(values, count);
}

/** The same without NaN. @returns whether there was anything else. */
function floatExtremes<T>(values: usize, count: i32): bool {
  let least = <T> Infinity;
  let greatest = <T> -Infinity;
  let some = false;
  for (let i = 0; i < count; i++) {
    const value = load<T>(values + <usize> i * sizeof<T>());
    if (value != value) continue;
    some = true;
    if (value < least) least = value;
    if (value > greatest) greatest = value;
  }
  store<T>(found, least);
  store<T>(found + 64, greatest);
  return some;
}

export function extremesF32(values: usize, count: i32): bool {
  return floatExtremes<f32>(values, count);
}

export function extremesF64(values: usize, count: i32): bool {
  return floatExtremes<f64>(values, count);
}

/** Orders byte strings. Reads up to 7 bytes behind them. */
function compare(a: usize, aLength: i32, b: usize, bLength: i32): i32 {
  const length = min(aLength, bLength);
  let i = 0;
  for (; i + 8 <= length; i += 8) {
    const x = load<u64>(a + i);
    const y = load<u64>(b + i);
    if (x != y) return bswap<u64>(x) < bswap<u64>(y) ? -1 : 1;
  }
  if (i < length) {
    const rest = 64 - ((length - i) << 3);
    const x = bswap<u64>(load<u64>(a + i)) >> rest;
    const y = bswap<u64>(load<u64>(b + i)) >> rest;
    if (x != y) return x < y ? -1 : 1;
  }
  return aLength - bLength;
}

let least: usize = 0;
let leastLength: i32 = -1;
let greatest: usize = 0;
let greatestLength: i32 = 0;

// @ts-ignore: decorator
@inline
function bound(value: usize, length: i32): void {
  if (leastLength < 0) {
    least = greatest = value;
    leastLength = greatestLength = length;
  } else if (compare(value, length, least, leastLength) < 0) {
    least = value;
    leastLength = length;
  } else if (compare(value, length, greatest, greatestLength) > 0) {
    greatest = value;
    greatestLength = length;
  }
}

/** Address and length of the least at `found`, of the greatest behind. */
function leaveBounds(): void {
  store<u32>(found, least);
  store<i32>(found, leastLength, 4);
  store<u32>(found, greatest, 8);
  store<i32>(found, greatestLength, 12);
}

/** Bounds of `count` byte strings that lie one behind the other. `count` is above 0. */
export function boundsOfBytes(lengths: usize, bytes: usize, count: i32): void {
  leastLength = -1;
  let at = bytes;
  for (let i = 0; i < count; i++) {
    const length = load<i32>(lengths + (i << 2));
    bound(at, length);
    at += length;
  }
  leaveBounds();
}

/** Bounds of `count` values of `width` bytes; `signed`: two's complement, most significant byte first. */
export function boundsOfFixed(values: usize, width: i32, count: i32, signed: bool): void {
  let low = values;
  let high = values;
  const end = values + <usize> count * width;
  for (let value = values + width; value < end; value += width) {
    if (order(value, low, width, signed) < 0) low = value;
    else if (order(value, high, width, signed) > 0) high = value;
  }
  memory.copy(found, low, width);
  memory.copy(found + 64, high, width);
}

// @ts-ignore: decorator
@inline
function order(a: usize, b: usize, width: i32, signed: bool): i32 {
  if (signed) {
    const sign = <i32> load<i8>(a) - <i32> load<i8>(b);
    if (sign != 0) return sign;
  }
  return compare(a, width, b, width);
}

/** Validity bits from bit `from` on as bytes 0 and 1. @returns how many are 1. */
export function spreadBits(bits: usize, from: i32, count: i32, out: usize): i32 {
  let ones = 0;
  let i = 0;
  for (; i < count && ((from + i) & 7) != 0; i++) {
    const bit = (load<u8>(bits + ((from + i) >> 3)) >> <u8> ((from + i) & 7)) & 1;
    store<u8>(out + i, bit);
    ones += bit;
  }
  for (; i + 8 <= count; i += 8) {
    const byte = load<u8>(bits + ((from + i) >> 3));
    const spread = (<u64> byte * 0x0101010101010101) & 0x8040201008040201;
    store<u64>(out + i, ((spread + 0x7f7f7f7f7f7f7f7f) >> 7) & 0x0101010101010101);
    ones += popcnt<i32>(byte);
  }
  for (; i < count; i++) {
    const bit = (load<u8>(bits + ((from + i) >> 3)) >> <u8> ((from + i) & 7)) & 1;
    store<u8>(out + i, bit);
    ones += bit;
  }
  return ones;
}

function compactWords<T>(values: usize, valid: usize, count: i32, out: usize): void {
  let at = out;
  for (let i = 0; i < count; i++) {
    store<T>(at, load<T>(values + <usize> i * sizeof<T>()));
    at += <usize> load<u8>(valid + i) * sizeof<T>();
  }
}

function compactWide(values: usize, width: i32, valid: usize, count: i32, out: usize): void {
  let at = out;
  for (let i = 0; i < count; i++) {
    const value = values + <usize> i * width;
    for (let word = 0; word < width; word += 8) store<u64>(at + word, load<u64>(value + word));
    at += <usize> load<u8>(valid + i) * width;
  }
}

/**
 * Moves the values of `width` bytes together for which `valid` is 1. Each is written, and the next one over it where it
 * was NULL: no branch, which random NULLs would make a costly one.
 */
export function compact(values: usize, width: i32, valid: usize, count: i32, out: usize): void {
  switch (width) {
    case 1:
      return compactWords<u8>(values, valid, count, out);
    case 2:
      return compactWords<u16>(values, valid, count, out);
    case 4:
      return compactWords<u32>(values, valid, count, out);
    case 8:
      return compactWords<u64>(values, valid, count, out);
    default:
      return compactWide(values, width, valid, count, out);
  }
}

/** Offsets of those of `count` values for which `valid` is 1, and the end. @returns whether a NULL has bytes. */
export function compactOffsets(offsets: usize, valid: usize, count: i32, out: usize): bool {
  let at = out;
  let ofNulls = 0;
  let offset = load<i32>(offsets);
  for (let i = 0; i < count; i++) {
    const next = load<i32>(offsets + (i << 2), 4);
    const one = <i32> load<u8>(valid + i);
    store<i32>(at, offset);
    at += one << 2;
    ofNulls |= (next - offset) & (one - 1);
    offset = next;
  }
  store<i32>(at, offset);
  return ofNulls != 0;
}

/**
 * Levels of `rows` lists whose elements lie between `offsets`. `rowValid` and `valid` say of lists and of elements whether
 * they are there, a byte each; `rowValid` 0: all lists are. Elements of NULL lists are taken out of `valid`.
 * @returns how many levels. How many are no value is left at `found`, how many are behind.
 */
export function listLevels(
  offsets: usize,
  rows: i32,
  rowValid: usize,
  valid: usize,
  present: i32,
  definition: usize,
  repetition: usize,
): i32 {
  let at = 0;
  let values = 0;
  const first = load<i32>(offsets);
  let start = 0;
  for (let row = 0; row < rows; row++) {
    const end = load<i32>(offsets + (row << 2), 4) - first;
    const there = rowValid == 0 || load<u8>(rowValid + row) != 0;
    if (start == end || !there) {
      // Of an empty list, two below that of a value.
      store<u8>(definition + at, there ? <u8> (present - 2) : 0);
      store<u8>(repetition + at, 0);
      at++;
      for (let i = start; i < end; i++) store<u8>(valid + i, 0);
    } else {
      for (let i = start; i < end; i++) {
        const value = <i32> load<u8>(valid + i);
        store<u8>(repetition + at, i == start ? 0 : 1);
        store<u8>(definition + at, <u8> (present - 1 + value));
        values += value;
        at++;
      }
    }
    start = end;
  }
  store<i32>(found, at - values);
  store<i32>(found, values, 4);
  return at;
}

/** Integers of 16 bits as 32. */
export function widen16(values: usize, count: i32, out: usize): void {
  for (let i = 0; i < count; i++) {
    store<i32>(out + (i << 2), <i32> load<i16>(values + (i << 1)));
  }
}

/** The low 4 bytes of `count` values of `stride` bytes. */
export function low32(values: usize, stride: i32, count: i32, out: usize): void {
  for (let i = 0; i < count; i++) store<u32>(out + (i << 2), load<u32>(values + <usize> i * stride));
}

/** The low 8 bytes. */
export function low64(values: usize, stride: i32, count: i32, out: usize): void {
  for (let i = 0; i < count; i++) store<u64>(out + (i << 3), load<u64>(values + <usize> i * stride));
}

/** The low `width` bytes, most significant first. */
export function bigEndian(values: usize, stride: i32, width: i32, count: i32, out: usize): void {
  let at = out;
  for (let i = 0; i < count; i++) {
    const value = values + <usize> i * stride;
    for (let byte = width - 1; byte >= 0; byte--) store<u8>(at++, load<u8>(value + byte));
  }
}

/** BYTE_STREAM_SPLIT: the first bytes of all values, then the second ones, and so on. */
export function splitStreams(values: usize, width: i32, count: i32, out: usize): void {
  let at = out;
  const end = values + <usize> count * width;
  for (let stream = 0; stream < width; stream++) {
    for (let value = values + stream; value < end; value += width) store<u8>(at++, load<u8>(value));
  }
}

/** Copies up to 7 bytes more than `length`. */
// @ts-ignore: decorator
@inline
function copyBytes(to: usize, from: usize, length: i32): void {
  if (length > 64) {
    memory.copy(to, from, length);
    return;
  }
  for (let i = 0; i < length; i += 8) store<u64>(to + i, load<u64>(from + i));
}

/** Byte strings, each with its length before it. @returns the end. */
export function interleave(lengths: usize, bytes: usize, count: i32, out: usize): usize {
  let from = bytes;
  let at = out;
  for (let i = 0; i < count; i++) {
    const length = load<i32>(lengths + (i << 2));
    store<i32>(at, length);
    copyBytes(at + 4, from, length);
    from += length;
    at += 4 + length;
  }
  return at;
}

/** What each byte string shares with the one before, and how long the rest is. @returns the sum of what is shared. */
export function prefixes(
  lengths: usize,
  bytes: usize,
  count: i32,
  shared: usize,
  rests: usize,
): u32 {
  let sum = 0;
  let before = bytes;
  let beforeLength = 0;
  let at = bytes;
  for (let i = 0; i < count; i++) {
    const length = load<i32>(lengths + (i << 2));
    const most = min(length, beforeLength);
    let prefix = 0;
    while (prefix < most) {
      const differ = load<u64>(at + prefix) ^ load<u64>(before + prefix);
      if (differ != 0) {
        prefix += <i32> (ctz(differ) >> 3);
        break;
      }
      prefix += 8;
    }
    prefix = min(prefix, most);
    store<i32>(shared + (i << 2), prefix);
    store<i32>(rests + (i << 2), length - prefix);
    sum += prefix;
    before = at;
    beforeLength = length;
    at += length;
  }
  return sum;
}

/** The bytes of each string behind what it shares with the one before. @returns the end. */
export function appendRests(
  shared: usize,
  rests: usize,
  bytes: usize,
  count: i32,
  out: usize,
): usize {
  let from = bytes;
  let at = out;
  for (let i = 0; i < count; i++) {
    const rest = load<i32>(rests + (i << 2));
    from += load<i32>(shared + (i << 2));
    copyBytes(at, from, rest);
    from += rest;
    at += rest;
  }
  return at;
}
