/** `computed.chunk_ranges` of an artifact: written from a plan, checked again on load (PA5). */
import { resolveMode } from "../config/modes.ts";
import type { ExportConfig } from "../config/schema.ts";
import type { CutKind } from "../config/cut_exclusions.ts";
import { type Cut, isNullChunk } from "../query/cuts/cut.ts";
import { cutOf, CUTS } from "../query/cuts/mod.ts";
import { openIntegerProblem } from "../query/cuts/open_ranges.ts";
import type { PlannedChunk, Strategy } from "./strategy.ts";

/** Integers as numbers while they are exact, else text; null is open, `[null, null]` the NULL keys. */
export type ChunkRange = readonly [number | string | null, number | string | null];

/** `pages`: the ranges of keys, or of blocks, that `mode: full` with `parallel` reads. */
export type RangeKind = CutKind | "pages";

const PAGES: Pick<Cut, "open" | "nullChunk" | "integers" | "problem"> = {
  open: true,
  nullChunk: false,
  integers: true,
  problem: openIntegerProblem,
};

/** How the ranges of an export are to be understood. */
export function rangeKind(config: ExportConfig): RangeKind {
  const mode = resolveMode(config);
  return mode.kind === "chunked" ? cutOf(mode).kind : "pages";
}

function bound(text: string | null, integer: boolean): number | string | null {
  if (text === null || !integer) return text;
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : text;
}

/** Empty for a plan that reads with one reader and no chunks. */
export function rangesOf(strategy: Strategy, kind: RangeKind): ChunkRange[] {
  const integer = (kind === "pages" ? PAGES : CUTS[kind]).integers;
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
      return strategy.reads.flatMap((read) => {
        if (read.kind === "blocks") return [range(read.from, read.until)];
        return read.kind === "pages" ? [range(read.shape.after, read.shape.until)] : [];
      });
  }
}

/** Chunks of ranges that were checked; their index is their place. */
export function plannedChunks(ranges: readonly ChunkRange[]): PlannedChunk[] {
  const text = (value: number | string | null) => (value === null ? null : String(value));
  return ranges.map(([start, end], index) => ({ index, start: text(start), end: text(end) }));
}

/**
 * PA5: windows satisfy `start <= end` and `next.start = end + 1`; half-open days and key ranges begin where
 * the one before ends. Returns what is wrong, naming the range, or null.
 */
export function rangeProblem(chunks: readonly PlannedChunk[], kind: RangeKind): string | null {
  const { open, nullChunk, problem } = kind === "pages" ? PAGES : CUTS[kind];
  const last = chunks.at(-1);
  const hasNulls = last !== undefined && isNullChunk({ nullChunk }, last);
  const bounded = hasNulls ? chunks.slice(0, -1) : chunks;
  for (const [i, chunk] of bounded.entries()) {
    const found = problem(chunk, bounded[i - 1]);
    if (found === null) continue;
    return `chunk ${chunk.index} [${chunk.start ?? ""}..${chunk.end ?? ""}]: ${found}`;
  }
  const end = bounded.at(-1)?.end;
  return open && end !== undefined && end !== null ? "the last range must be open above" : null;
}
