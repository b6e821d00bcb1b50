/**
 * The RLE / bit-packed hybrid, which holds definition levels, repetition levels and dictionary indices.
 * https://github.com/apache/parquet-format/blob/master/Encodings.md#run-length-encoding--bit-packing-hybrid-rle--3
 */
import { input, kernel } from "./kernel/memory.ts";
import type { PageBody } from "./page_body.ts";

/** Bits that hold every value in [0, max]; at least 1 for max above 0. */
export function bitWidth(max: number): number {
  return 32 - Math.clz32(max);
}

/** The most that `count` values take: packed, or as the shortest runs. */
function mostBytes(count: number): number {
  return count * 6 + 64;
}

/** Appends `count` indices of 32 bits at an address. `width` is 1..24; the reader must know it, and `count`. */
export function appendIndices(
  indices: number,
  count: number,
  width: number,
  body: PageBody,
): void {
  const out = body.reserve(mostBytes(count));
  body.end(kernel().run.hybrid32(indices, count, width, out));
}

/** Appends levels, which are bytes. */
export function appendLevels(levels: Uint8Array, width: number, body: PageBody): void {
  const out = body.reserve(mostBytes(levels.length));
  const at = input.put(levels);
  body.end(kernel().run.hybrid8(at, levels.length, width, out));
}
