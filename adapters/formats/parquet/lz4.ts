/**
 * The LZ4 block format (Parquet's LZ4_RAW), compressing only.
 * https://github.com/lz4/lz4/blob/dev/doc/lz4_Block_format.md
 *
 * It keeps the end-of-block rules (the last 5 bytes are literals, the last match starts at least 12 bytes
 * before the end), without which the reference decoder refuses a block.
 */

const MIN_MATCH = 4;
const LAST_LITERALS = 5;
const MATCH_START_MARGIN = 12;
const MAX_OFFSET = 0xffff;
const HASH_BITS = 14;
/** A longer stretch without a match is searched in wider steps, so that random input stays fast. */
const SKIP_SHIFT = 6;

const table = new Int32Array(1 << HASH_BITS);

/** Upper bound of the compressed size of `length` bytes. */
export function lz4Bound(length: number): number {
  return length + Math.floor(length / 255) + 16;
}

function writeLength(out: Uint8Array, at: number, length: number): number {
  let rest = length;
  for (; rest >= 255; rest -= 255) out[at++] = 255;
  out[at++] = rest;
  return at;
}

function writeLiterals(
  input: Uint8Array,
  from: number,
  to: number,
  matchToken: number,
  out: Uint8Array,
  at: number,
): number {
  const count = to - from;
  out[at++] = (Math.min(count, 15) << 4) | matchToken;
  if (count >= 15) at = writeLength(out, at, count - 15);
  if (count > 32) out.set(input.subarray(from, to), at);
  else for (let i = 0; i < count; i++) out[at + i] = input[from + i];
  return at + count;
}

/** Compresses `input`, which is not empty, as one LZ4 block. At worst it grows to `lz4Bound`. */
export function lz4CompressBlock(input: Uint8Array): Uint8Array {
  const out = new Uint8Array(lz4Bound(input.length));
  const view = new DataView(input.buffer, input.byteOffset, input.byteLength);
  const matchStartEnd = input.length - MATCH_START_MARGIN;
  const matchEnd = input.length - LAST_LITERALS;
  table.fill(-1);
  let anchor = 0;
  let at = 0;
  let i = 0;
  let attempts = 1 << SKIP_SHIFT;
  while (i <= matchStartEnd) {
    const word = view.getInt32(i, true);
    const slot = Math.imul(word, 0x9e3779b1) >>> (32 - HASH_BITS);
    const candidate = table[slot];
    table[slot] = i;
    if (candidate < 0 || i - candidate > MAX_OFFSET || view.getInt32(candidate, true) !== word) {
      i += attempts++ >> SKIP_SHIFT;
      continue;
    }
    let length = MIN_MATCH;
    while (i + length < matchEnd && input[i + length] === input[candidate + length]) length++;
    const extra = length - MIN_MATCH;
    at = writeLiterals(input, anchor, i, Math.min(extra, 15), out, at);
    out[at++] = (i - candidate) & 0xff;
    out[at++] = (i - candidate) >> 8;
    if (extra >= 15) at = writeLength(out, at, extra - 15);
    i += length;
    anchor = i;
    attempts = 1 << SKIP_SHIFT;
  }
  at = writeLiterals(input, anchor, input.length, 0, out, at);
  return out.slice(0, at);
}
