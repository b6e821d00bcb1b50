/** `computed.chunk_ranges` of an artifact: written from a plan, checked again on load (PA5). */
import type { ExportConfig } from "../config/schema.ts";
import type { ChunkShape } from "../query/chunk.ts";
import type { PlannedChunk, Strategy } from "./strategy.ts";

/** Integers as numbers while they are exact, else text; null is open, `[null, null]` the NULL keys. */
export type ChunkRange = readonly [number | string | null, number | string | null];

/** `pages`: the key ranges that `mode: full` with `parallel` reads. */
export type RangeKind = ChunkShape["kind"] | "pages";

/** How the ranges of an export are to be understood. */
export function rangeKind(config: ExportConfig): RangeKind {
  if (config.mode !== "chunked") return "pages";
  if (config.chunk_by_key !== undefined && config.chunk_by_key !== false) return "key";
  if (config.chunk_dense === true) return "dense";
  return config.chunk_by_days === undefined ? "range" : "days";
}

function bound(text: string | null, integer: boolean): number | string | null {
  if (text === null || !integer) return text;
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : text;
}

/** Empty for a plan that reads with one reader and no chunks. */
export function rangesOf(strategy: Strategy, kind: RangeKind): ChunkRange[] {
  const integer = kind === "range" || kind === "dense" || kind === "pages";
  const range = (start: string | null, end: string | null): ChunkRange => [
    bound(start, integer),
    bound(end, integer),
  ];
  switch (strategy.kind) {
    case "chunked":
      return strategy.chunks.map((chunk) => range(chunk.start, chunk.end));
    case "incremental":
      return [];
    case "whole":
      if (strategy.reads.length < 2) return [];
      return strategy.reads.flatMap((read) =>
        read.kind === "pages" ? [range(read.shape.after, read.shape.until)] : []
      );
  }
}

export function plannedChunks(ranges: readonly ChunkRange[]): PlannedChunk[] {
  const text = (value: number | string | null) => (value === null ? null : String(value));
  return ranges.map(([start, end], index) => ({ index, start: text(start), end: text(end) }));
}

const INTEGER = /^-?\d+$/;

/** What is wrong between one range and the one before it, or null. */
type Check = (range: PlannedChunk, before: PlannedChunk | undefined) => string | null;

const integerWindow: Check = ({ start, end }, before) => {
  if (!INTEGER.test(start ?? "") || !INTEGER.test(end ?? "")) return "its bounds are no integers";
  if (BigInt(start as string) > BigInt(end as string)) return "it ends before it starts";
  if (before === undefined || BigInt(start as string) === BigInt(before.end as string) + 1n) {
    return null;
  }
  return BigInt(start as string) <= BigInt(before.end as string)
    ? "it overlaps the range before it"
    : "there is a gap before it";
};

const dayWindow: Check = ({ start, end }, before) => {
  if (start === null || end === null) return "it is open";
  if (start >= end) return "it ends before it starts";
  return before === undefined || before.end === start
    ? null
    : "it does not begin where the last ends";
};

const keyRange: Check = ({ start, end }, before) => {
  if (before === undefined) return start === null ? null : "the first range must be open below";
  if (start === null || start !== before.end) return "it does not begin where the last ends";
  return end === null || !INTEGER.test(start) || !INTEGER.test(end) || BigInt(start) < BigInt(end)
    ? null
    : "it ends before it starts";
};

const CHECKS: Record<RangeKind, Check> = {
  range: integerWindow,
  dense: integerWindow,
  days: dayWindow,
  key: keyRange,
  pages: keyRange,
};

/**
 * PA5: windows satisfy `start <= end` and `next.start = end + 1`; half-open days and key ranges begin where
 * the one before ends. Returns what is wrong, naming the range, or null.
 */
export function rangeProblem(chunks: readonly PlannedChunk[], kind: RangeKind): string | null {
  const open = kind === "key" || kind === "pages";
  const last = chunks.at(-1);
  const hasNulls = !open && last !== undefined && last.start === null && last.end === null;
  const bounded = hasNulls ? chunks.slice(0, -1) : chunks;
  for (const [i, chunk] of bounded.entries()) {
    const problem = CHECKS[kind](chunk, bounded[i - 1]);
    if (problem === null) continue;
    return `chunk ${chunk.index} [${chunk.start ?? ""}..${chunk.end ?? ""}]: ${problem}`;
  }
  return open && last !== undefined && last.end !== null
    ? "the last range must be open above"
    : null;
}
