/** Integer windows from MIN to MAX of a chunk column (contracts section 6, PA5). */
import { RivetError } from "../../base/errors.ts";

export interface Window {
  readonly start: bigint;
  readonly end: bigint;
}

/** `chunk_size` when nothing is set: one chunk is read well within half a second. */
export const DEFAULT_CHUNK_SIZE = 100_000;

/** More chunks than this are refused: each is a statement, and most would be empty. */
export const MAX_CHUNKS = 100_000n;

/** Inclusive windows of `size` values; the last one may be shorter. `next.start = end + 1` (PA5). */
export function windowsBySize(min: bigint, max: bigint, size: bigint): Window[] {
  const count = (max - min) / size + 1n;
  if (count > MAX_CHUNKS) {
    throw new RivetError(
      "CONFIG_INVALID",
      `chunk_size ${size} cuts the keys ${min}..${max} into ${count} chunks (at most ${MAX_CHUNKS})`,
      {
        hint:
          "The key range is sparse: set chunk_count, chunk_by_key: true, or a larger chunk_size.",
      },
    );
  }
  const windows: Window[] = [];
  for (let start = min; start <= max; start += size) {
    const end = start + size - 1n;
    windows.push({ start, end: end < max ? end : max });
  }
  return windows;
}

const DAY_MS = 86_400_000;

/** Half-open windows `[start, end)` of whole UTC days that cover both dates, as `YYYY-MM-DD`. */
export function dayWindows(
  first: string,
  last: string,
  days: number,
): { readonly start: string; readonly end: string }[] {
  const windows: { start: string; end: string }[] = [];
  const text = (ms: number) => new Date(ms).toISOString().slice(0, 10);
  const end = Date.parse(`${last}T00:00:00Z`);
  for (let at = Date.parse(`${first}T00:00:00Z`); at <= end; at += days * DAY_MS) {
    windows.push({ start: text(at), end: text(at + days * DAY_MS) });
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
