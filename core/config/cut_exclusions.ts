/**
 * The ways to cut a chunked export, and which settings each of them excludes. It lies below the cuts
 * themselves (`core/query/cuts`), because a configuration is judged without a source.
 */
import type { ExportConfig } from "./schema.ts";

/** Stored with chunk runs and in artifacts: a kind keeps its name. */
export type CutKind = "range" | "dense_keys" | "days" | "key" | "ctid" | "partitions";

type ChunkKey = Extract<keyof ExportConfig, `chunk_${string}`>;

/** Two settings that exclude each other, and what to do about it. */
export type Exclusion = readonly [a: ChunkKey, b: ChunkKey, advice: string];

const DAYS = "the days are the size";
const NO_COLUMN = "cut by a column or by chunk_by";

/** What a cut's own setting cannot stand beside; a pair of two cuts is told by the first of them. */
export const CUT_EXCLUSIONS: Readonly<Record<CutKind, readonly Exclusion[]>> = {
  range: [
    ["chunk_size", "chunk_size_memory_mb", "size chunks by keys or by memory"],
    ["chunk_size_memory_mb", "chunk_count", "give the size of a chunk or their number"],
    ["chunk_size", "chunk_count", "give the size of a chunk or their number"],
  ],
  days: [
    ["chunk_size_memory_mb", "chunk_by_days", DAYS],
    ["chunk_size", "chunk_by_days", DAYS],
    ["chunk_count", "chunk_by_days", DAYS],
    ["chunk_by_days", "chunk_dense", "cut by days or by row number"],
    ["chunk_by_days", "chunk_by_key", "cut by days or by key"],
  ],
  key: [
    ["chunk_count", "chunk_by_key", "pages are sized by chunk_size"],
    ["chunk_dense", "chunk_by_key", "pages by key have no gaps already"],
  ],
  dense_keys: [
    ["chunk_count", "chunk_dense", "windows over row numbers are sized by chunk_size"],
  ],
  ctid: [
    ["chunk_column", "chunk_by", NO_COLUMN],
    ["chunk_by_key", "chunk_by", NO_COLUMN],
    ["chunk_by_days", "chunk_by", NO_COLUMN],
    ["chunk_dense", "chunk_by", NO_COLUMN],
  ],
  // With `chunk_by` told already; a partition's own size is a rule's affair.
  partitions: [],
};
