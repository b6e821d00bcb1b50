/** What cuts with inclusive integer windows share: `next.start = end + 1` (PA5). */
import type { ChunkedMode } from "../../config/modes.ts";
import { type ChunkBounds, sizeText } from "./cut.ts";
import { type Window, windowsByCount, windowsBySize } from "./windows.ts";

/** Windows from `min` to `max`, as the settings size them. @throws RivetError CONFIG_INVALID */
export function integerBounds(
  min: bigint,
  max: bigint,
  { size, count }: ChunkedMode,
): ChunkBounds[] {
  const windows: Window[] = count === null
    ? windowsBySize(min, max, BigInt(size))
    : windowsByCount(min, max, BigInt(count));
  return windows.map(({ start, end }) => ({ start: String(start), end: String(end) }));
}

/** For `rivet check`. */
export function sizeOrCount(mode: ChunkedMode): string {
  return mode.count === null ? sizeText(mode) : `count=${mode.count}`;
}

/** A bound that may go into SQL as it is. */
export const INTEGER = /^-?\d+$/;

export function integerProblem(
  { start, end }: ChunkBounds,
  before: ChunkBounds | undefined,
): string | null {
  if (!INTEGER.test(start ?? "") || !INTEGER.test(end ?? "")) return "its bounds are no integers";
  if (BigInt(start as string) > BigInt(end as string)) return "it ends before it starts";
  if (before === undefined || BigInt(start as string) === BigInt(before.end as string) + 1n) {
    return null;
  }
  return BigInt(start as string) <= BigInt(before.end as string)
    ? "it overlaps the range before it"
    : "there is a gap before it";
}
