/** Ranges between boundaries that are values of the column, the outermost ones open. */
import type { ChunkBounds } from "./cut.ts";

export function openRanges(inner: readonly string[]): ChunkBounds[] {
  return [null, ...inner].map((start, i) => ({ start, end: inner[i] ?? null }));
}

/** PA5: each begins where the one before ends. Which of two values is less is for the server to say. */
export function openRangeProblem(
  { start }: ChunkBounds,
  before: ChunkBounds | undefined,
): string | null {
  if (before === undefined) return start === null ? null : "the first range must be open below";
  return start === null || start !== before.end ? "it does not begin where the last ends" : null;
}
