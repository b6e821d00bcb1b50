/** Ranges between boundaries that are values of the column, the outermost ones open. */
import type { ChunkBounds } from "./cut.ts";
import { INTEGER } from "./integer_windows.ts";

export function openRanges(inner: readonly string[]): ChunkBounds[] {
  return [null, ...inner].map((start, i) => ({ start, end: inner[i] ?? null }));
}

/** PA5: each begins where the one before ends. Other than integers are compared by the server only. */
export function openRangeProblem(
  { start, end }: ChunkBounds,
  before: ChunkBounds | undefined,
): string | null {
  if (before === undefined) return start === null ? null : "the first range must be open below";
  if (start === null || start !== before.end) return "it does not begin where the last ends";
  return end === null || !INTEGER.test(start) || !INTEGER.test(end) || BigInt(start) < BigInt(end)
    ? null
    : "it ends before it starts";
}
