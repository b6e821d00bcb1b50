/**
 * What the gates of `quality:` need of one chunk, kept with its parts: whoever ends a run has not read all of
 * it when it was resumed, or shared out.
 */
import type { QualityGates } from "../config/quality_gates.ts";
import type { QualityCounts } from "./quality.ts";

/** Of all rows of a chunk; property names are those of the state. */
export interface ChunkCounts {
  readonly rows: number;
  /** NULLs by column of `null_ratio_max`. */
  readonly nulls: Readonly<Record<string, number>>;
  /** Rows that repeat a value within the chunk, by column of `unique_columns`; null: too many values. */
  readonly repeats: Readonly<Record<string, number | null>>;
}

/** Null: no gate looks at values. */
export function chunkCounts(
  gates: QualityGates | null,
  { rows, nulls, unique }: QualityCounts,
): ChunkCounts | null {
  const [ratios, uniques] = [Object.keys(gates?.nullRatioMax ?? {}), gates?.uniqueColumns ?? []];
  if (ratios.length + uniques.length === 0) return null;
  return {
    rows,
    nulls: Object.fromEntries(ratios.map((column) => [column, nulls[column] ?? 0])),
    repeats: Object.fromEntries(uniques.map((column) => {
      const { repeats = 0, hashes = null } = unique[column] ?? {};
      return [column, hashes === null && repeats === 0 && rows > 0 ? null : repeats];
    })),
  };
}

/** What is asked of counters, those of a process or those of the state. */
export interface GateTotals {
  readonly rows: number;
  nulls(column: string): number;
  unique(column: string): UniqueTotal;
}

export interface UniqueTotal {
  readonly repeats: number;
  /** `repeats` is a lower bound. */
  readonly givenUp: boolean;
  /** Why it was, where that is not the number of values. */
  readonly why?: string;
}

/** @param apart columns of which no two chunks have a value in common: the run was cut by them. */
export function storedTotals(
  chunks: readonly ChunkCounts[],
  apart: ReadonlySet<string>,
): GateTotals {
  const sum = (of: (chunk: ChunkCounts) => number) =>
    chunks.reduce((total, chunk) => total + of(chunk), 0);
  return {
    rows: sum(({ rows }) => rows),
    nulls: (column) => sum(({ nulls }) => nulls[column] ?? 0),
    unique: (column) => {
      const repeats = sum((chunk) => chunk.repeats[column] ?? 0);
      if (chunks.some((chunk) => chunk.repeats[column] === null)) return { repeats, givenUp: true };
      if (apart.has(column) || chunks.length < 2) return { repeats, givenUp: false };
      const why = "no process has read all chunks, and two of them may have a value in common";
      return { repeats, givenUp: true, why };
    },
  };
}
