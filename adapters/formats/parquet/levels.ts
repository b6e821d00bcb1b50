/**
 * The RLE / bit-packed hybrid, which holds definition levels, repetition levels and dictionary indices.
 * https://github.com/apache/parquet-format/blob/master/Encodings.md#run-length-encoding--bit-packing-hybrid-rle--3
 */
import type { ByteBuilder } from "../byte_builder.ts";

/** A run shorter than this costs less bit-packed than as a run of its own. */
const MIN_RUN = 8;

/** Bits that hold every value in [0, max]; at least 1 for max above 0. */
export function bitWidth(max: number): number {
  return 32 - Math.clz32(max);
}

/** Appends `values[from, to)` bit-packed, least significant bit first, padded to whole groups of 8. */
export function packBits(
  values: ArrayLike<number>,
  from: number,
  to: number,
  width: number,
  out: ByteBuilder,
): void {
  const groups = (to - from + 7) >> 3;
  out.reserve(groups * width);
  const { bytes } = out;
  let at = out.length;
  let bits = 0;
  let held = 0;
  for (let i = from; i < to; i++) {
    bits |= values[i] << held;
    held += width;
    while (held >= 8) {
      bytes[at++] = bits;
      bits >>>= 8;
      held -= 8;
    }
  }
  if (held > 0) bytes[at++] = bits;
  const end = out.length + groups * width;
  bytes.fill(0, at, end);
  out.length = end;
}

function appendPacked(
  values: ArrayLike<number>,
  from: number,
  to: number,
  width: number,
  out: ByteBuilder,
): void {
  if (from === to) return;
  out.varint(((to - from + 7) >> 3) * 2 + 1);
  packBits(values, from, to, width, out);
}

function appendRun(value: number, count: number, width: number, out: ByteBuilder): void {
  out.varint(count * 2);
  for (let shift = 0; shift < width; shift += 8) out.byte((value >>> shift) & 0xff);
}

/**
 * Appends `values[0, count)` as runs and bit-packed groups. `width` is 1..24; the reader must know it,
 * and `count`, from elsewhere.
 */
export function encodeHybrid(
  values: ArrayLike<number>,
  count: number,
  width: number,
  out: ByteBuilder,
): void {
  let packedFrom = 0;
  let i = 0;
  while (i < count) {
    const value = values[i];
    let end = i + 1;
    while (end < count && values[end] === value) end++;
    // Bit-packed values come in groups of 8: the run first lends what fills the group before it.
    const fill = (8 - ((i - packedFrom) & 7)) & 7;
    if (end - i - fill >= MIN_RUN) {
      appendPacked(values, packedFrom, i + fill, width, out);
      appendRun(value, end - i - fill, width, out);
      packedFrom = end;
    }
    i = end;
  }
  appendPacked(values, packedFrom, count, width, out);
}
