/**
 * DELTA_BINARY_PACKED: integers as their differences, bit-packed above the least of each block.
 * https://github.com/apache/parquet-format/blob/master/Encodings.md#delta-encoding-delta_binary_packed--5
 */
import { kernel } from "./kernel/memory.ts";
import type { PageBody } from "./page_body.ts";

/** The most that `count` values take: blocks of 128, their widths and least differences. */
function mostBytes(count: number): number {
  return Math.ceil(count / 128) * (128 * 8 + 16) + 64;
}

/** Appends `count` integers of 32 bits at an address. Differences wrap, so that 32 bits hold each. */
export function appendDelta32(values: number, count: number, body: PageBody): void {
  const out = body.reserve(mostBytes(count));
  body.end(kernel().run.delta32(values, count, out));
}

/**
 * Appends `count` integers of 64 bits at an address. False, with nothing appended, when two neighbours are further
 * apart than doubles are exact.
 */
export function appendDelta64(values: number, count: number, body: PageBody): boolean {
  const out = body.reserve(mostBytes(count));
  const end = kernel().run.delta64(values, count, out);
  if (end !== 0) body.end(end);
  return end !== 0;
}
