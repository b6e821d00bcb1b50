/** Integer windows from MIN to MAX of a chunk column (contracts section 6, PA5). */
import { RivetError } from "../../base/errors.ts";

export interface Window {
  readonly start: bigint;
  readonly end: bigint;
}

/** More chunks than this are refused: each is a statement, and most would be empty. */
export const MAX_CHUNKS = 100_000n;

/** @param setting what cuts too finely, with its value. */
export function tooManyChunks(
  setting: string,
  what = "the table into more chunks",
  hint = "Set a larger value.",
): RivetError {
  return new RivetError("CONFIG_INVALID", `${setting} cuts ${what} (at most ${MAX_CHUNKS})`, {
    hint,
  });
}

/** Inclusive windows of `size` values; the last one may be shorter. `next.start = end + 1` (PA5). */
export function windowsBySize(min: bigint, max: bigint, size: bigint): Window[] {
  const count = (max - min) / size + 1n;
  if (count > MAX_CHUNKS) {
    throw tooManyChunks(
      `chunk_size ${size}`,
      `the keys ${min}..${max} into ${count} chunks`,
      "The key range is sparse: set chunk_count, chunk_by_key: true, or a larger chunk_size.",
    );
  }
  const windows: Window[] = [];
  for (let start = min; start <= max; start += size) {
    const end = start + size - 1n;
    windows.push({ start, end: end < max ? end : max });
  }
  return windows;
}

/** `count` inclusive windows of equal span; fewer when there are fewer values. */
export function windowsByCount(min: bigint, max: bigint, count: bigint): Window[] {
  const span = max - min + 1n;
  const pieces = count < span ? count : span;
  const windows: Window[] = [];
  for (let i = 0n; i < pieces; i++) {
    windows.push({ start: min + span * i / pieces, end: min + span * (i + 1n) / pieces - 1n });
  }
  return windows;
}
