/**
 * DELTA_BINARY_PACKED: integers as their differences, bit-packed above the least of each block.
 * https://github.com/apache/parquet-format/blob/master/Encodings.md#delta-encoding-delta_binary_packed--5
 */
import type { ByteBuilder } from "../byte_builder.ts";

const BLOCK_VALUES = 128;
const MINIBLOCK_VALUES = 32;
const MINIBLOCKS = BLOCK_VALUES / MINIBLOCK_VALUES;
const TWO_32 = 2 ** 32;
/** Differences up to here are exact as numbers, and so are the differences between two of them. */
const MAX_DELTA = 2 ** 52;

/** Of one block; every call is done with it when it returns. */
const deltas = new Float64Array(BLOCK_VALUES);

/** Unsigned LEB128 of the zigzag form of a 64-bit integer. */
function zigzag64(out: ByteBuilder, low: number, high: number): void {
  const sign = high >> 31;
  let lo = ((low << 1) ^ sign) >>> 0;
  let hi = (((high << 1) | (low >>> 31)) ^ sign) >>> 0;
  while (hi !== 0 || lo >= 0x80) {
    out.byte((lo & 0x7f) | 0x80);
    lo = ((lo >>> 7) | (hi << 25)) >>> 0;
    hi >>>= 7;
  }
  out.byte(lo);
}

/** The same of an integer that a number holds exactly. */
function zigzag(out: ByteBuilder, value: number): void {
  zigzag64(out, value | 0, Math.floor(value / TWO_32) | 0);
}

function widthOf(value: number): number {
  if (value < TWO_32) return 32 - Math.clz32(value);
  return 64 - Math.clz32(Math.floor(value / TWO_32));
}

/** Packs a miniblock: values of `width` bits, least significant first, 32 of them are `width` words. */
function packMiniblock(from: number, width: number, least: number, out: ByteBuilder): void {
  if (width === 0) return;
  out.reserve(width * 4);
  const { view } = out;
  const lowBits = Math.min(width, 32);
  let at = out.length;
  let word = 0;
  let held = 0;
  for (let i = from; i < from + MINIBLOCK_VALUES; i++) {
    const value = deltas[i] - least;
    const low = value | 0;
    word |= low << held;
    held += lowBits;
    if (held >= 32) {
      view.setInt32(at, word, true);
      at += 4;
      held -= 32;
      word = held === 0 ? 0 : low >>> (lowBits - held);
    }
    if (width <= 32) continue;
    const high = (value / TWO_32) | 0;
    word |= high << held;
    held += width - 32;
    if (held < 32) continue;
    view.setInt32(at, word, true);
    at += 4;
    held -= 32;
    word = held === 0 ? 0 : high >>> (width - 32 - held);
  }
  out.length = at;
}

/** Writes the block of `count` deltas. */
function appendBlock(count: number, out: ByteBuilder): void {
  let least = deltas[0];
  for (let i = 1; i < count; i++) if (deltas[i] < least) least = deltas[i];
  zigzag(out, least);
  const widthsAt = out.length;
  out.reserve(MINIBLOCKS);
  out.bytes.fill(0, widthsAt, widthsAt + MINIBLOCKS);
  out.length += MINIBLOCKS;
  // What fills the last miniblock packs as zeros.
  const end = Math.ceil(count / MINIBLOCK_VALUES) * MINIBLOCK_VALUES;
  deltas.fill(least, count, end);
  for (let from = 0; from < end; from += MINIBLOCK_VALUES) {
    let most = 0;
    for (let i = from; i < from + MINIBLOCK_VALUES; i++) {
      if (deltas[i] - least > most) most = deltas[i] - least;
    }
    const width = widthOf(most);
    out.bytes[widthsAt + from / MINIBLOCK_VALUES] = width;
    packMiniblock(from, width, least, out);
  }
}

function appendHeader(count: number, out: ByteBuilder): void {
  out.varint(BLOCK_VALUES);
  out.varint(MINIBLOCKS);
  out.varint(count);
}

/** Appends the first `count` integers of `values`. Differences wrap, so that 32 bits hold each. */
export function appendDelta32(values: Int32Array, count: number, out: ByteBuilder): void {
  appendHeader(count, out);
  const first = count === 0 ? 0 : values[0];
  zigzag64(out, first, first >> 31);
  let held = 0;
  for (let i = 1; i < count; i++) {
    deltas[held++] = (values[i] - values[i - 1]) | 0;
    if (held < BLOCK_VALUES) continue;
    appendBlock(held, out);
    held = 0;
  }
  if (held > 0) appendBlock(held, out);
}

/**
 * Appends `count` integers that lie in `words` as two each, the low one first. False, with an unfinished
 * encoding in `out`, when two neighbours are further apart than numbers are exact.
 */
export function appendDelta64(words: Int32Array, count: number, out: ByteBuilder): boolean {
  appendHeader(count, out);
  let low = count === 0 ? 0 : words[0];
  let high = count === 0 ? 0 : words[1];
  zigzag64(out, low, high);
  let held = 0;
  for (let i = 2; i < count * 2; i += 2) {
    const nextLow = words[i];
    const nextHigh = words[i + 1];
    const delta = (nextHigh - high) * TWO_32 + ((nextLow >>> 0) - (low >>> 0));
    if (delta > MAX_DELTA || delta < -MAX_DELTA) return false;
    low = nextLow;
    high = nextHigh;
    deltas[held++] = delta;
    if (held < BLOCK_VALUES) continue;
    appendBlock(held, out);
    held = 0;
  }
  if (held > 0) appendBlock(held, out);
  return true;
}
