/** Ranges between boundaries that are values of the column, the outermost ones open. */
import type { ChunkBounds } from "./cut.ts";
import { INTEGER } from "./integer_windows.ts";

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

/** The same of integers, whose order needs no server. */
export function openIntegerProblem(
  range: ChunkBounds,
  before: ChunkBounds | undefined,
): string | null {
  const problem = openRangeProblem(range, before);
  const { start, end } = range;
  if (problem !== null || start === null || end === null) return problem;
  if (!INTEGER.test(start) || !INTEGER.test(end)) return "its bounds are no integers";
  return BigInt(start) < BigInt(end) ? null : "it ends before it starts";
}
