/** A part file that a run left, and which of a run's parts are its data. */

import type { ChunkCounts } from "../encode/chunk_counts.ts";
import type { FileStatistics } from "../ports/format.ts";

/** One part file that the destination holds. */
export interface PartRecord {
  /** Key relative to the destination's prefix. */
  readonly path: string;
  readonly rows: number;
  readonly sizeBytes: number;
  /** `xxh3:<16 hex>` of the file's bytes (M3). */
  readonly fingerprint: string;
  /** Base64. */
  readonly md5: string;
  readonly chunkIndex: number | null;
  /**
   * Absent: committed, its rows are the data. `superseded`: written again since, the file stays.
   * `quarantined`: moved to `path` because it differed from what was recorded (M9).
   */
  readonly status?: "superseded" | "quarantined";
  /** Where the run's files are committed to a table. */
  readonly statistics?: FileStatistics;
  /** Its folders with their values, where those of its path had to be cut. */
  readonly partition?: string;
  /** On the first part of a chunk, of all of it, where gates look at values. */
  readonly counts?: ChunkCounts;
}

/** The parts that together are the data, once. */
export function committedParts(parts: readonly PartRecord[]): PartRecord[] {
  return parts.filter((part) => part.status === undefined);
}

/** What is left of parts when their chunk was written again: files are never deleted. */
export function supersede(parts: readonly PartRecord[]): PartRecord[] {
  return parts.map((part) => part.status === undefined ? { ...part, status: "superseded" } : part);
}
