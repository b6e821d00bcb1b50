/** What cuts with inclusive integer windows share: `next.start = end + 1` (PA5). */
import type { ExportConfig } from "../../config/schema.ts";
import type { ChunkBounds } from "./cut.ts";
import { DEFAULT_CHUNK_SIZE, type Window, windowsByCount, windowsBySize } from "./windows.ts";

/** Windows from `min` to `max`, as the settings size them. @throws RivetError CONFIG_INVALID */
export function integerBounds(min: bigint, max: bigint, config: ExportConfig): ChunkBounds[] {
  const windows: Window[] = config.chunk_count === undefined
    ? windowsBySize(min, max, BigInt(config.chunk_size ?? DEFAULT_CHUNK_SIZE))
    : windowsByCount(min, max, BigInt(config.chunk_count));
  return windows.map(({ start, end }) => ({ start: String(start), end: String(end) }));
}

export function sizeOrCount(config: ExportConfig): string {
  return config.chunk_count === undefined
    ? `size=${config.chunk_size ?? DEFAULT_CHUNK_SIZE}`
    : `count=${config.chunk_count}`;
}

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
