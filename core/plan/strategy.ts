/**
 * What one export will read, decided before the first row: its columns and its strategy.
 * Everything in an `ExportPlan` is plain data.
 */
import type { LoadedExport } from "../config/loaded.ts";
import type { StageSpec } from "../encode/stage_plan.ts";
import type { TieSpec } from "../extract/ties.ts";
import type { Description, Source } from "../ports/source.ts";
import type { ChunkShape, CutChange } from "../query/cuts/cut.ts";
import type { CursorShape, CursorWindow } from "../query/cursor.ts";
import type { ReadSpec } from "../query/unit_read.ts";
import type { Column } from "../types/types.ts";

/** One chunk; for what its bounds mean see `ChunkShape`. */
export interface PlannedChunk {
  readonly index: number;
  readonly start: string | null;
  readonly end: string | null;
}

/** `mode: chunked`: the cut, and the chunks it came to. */
export interface ChunkedStrategy {
  readonly kind: "chunked";
  readonly shape: ChunkShape;
  readonly fingerprint: string;
  /** `chunk_size`, where it was found for `chunk_size_memory_mb`; absent: the mode's. */
  readonly size?: number;
  /** Rows per page inside a chunk of a key range, whose true size is only estimated; else null. */
  readonly pageRows: number | null;
  readonly chunks: readonly PlannedChunk[];
}

/** Reads without chunks: one, or a few ranges for as many readers. */
export interface WholeStrategy {
  readonly kind: "whole";
  readonly reads: readonly ReadSpec[];
  /** They are ranges of this table's blocks, which only a snapshot holds still; absent: they are not. */
  readonly blocksOf?: string;
}

/** `mode: incremental`: one read behind the stored cursor. */
export interface IncrementalStrategy {
  readonly kind: "incremental";
  readonly shape: CursorShape;
  /** The stored cursor that the read starts behind; null on the first run. */
  readonly after: string | null;
  readonly window: CursorWindow;
  /** `commit_safe`: the transactions that the window ends before, for people. */
  readonly heldBy: readonly string[];
  /** `commit_safe`: which rows at `after` were exported; null without it. */
  readonly ties: TieSpec | null;
  readonly read: ReadSpec;
  /** The selected column whose last value becomes the cursor (CC4, CC5). */
  readonly watch: string;
  /** That column, where it is selected beside those of the export (CC5); else null. */
  readonly coalesced: Column | null;
}

/** By how units are found: modes that read alike share one. */
export type Strategy = WholeStrategy | IncrementalStrategy | ChunkedStrategy;

/** How the table of a plan that is cut by its storage is stored now. */
export interface StoredNow {
  readonly change: CutChange | null;
  /** Others once rows lie elsewhere altogether; none where that makes no difference. */
  readonly as: readonly string[];
}

/** All that a run needs to know of the source before it reads. */
export interface ExportPlan {
  readonly base: string;
  readonly description: Description;
  readonly estimatedRows: number | null;
  readonly strategy: Strategy;
  /** What is done to the rows before they are encoded. */
  readonly stages: StageSpec;
}

/** What a plan takes from state and from the moment it is made. */
export interface PlanInputs {
  readonly now: Date;
  /** The incremental cursor, or null. */
  readonly cursor: string | null;
  /** The rows at the cursor that were exported; null when they are not remembered. */
  readonly ties: readonly string[] | null;
  /** The chunks of a checkpoint that is resumed: the source is not asked for them again. */
  readonly chunks: readonly PlannedChunk[] | null;
  /** An estimate that is known already; absent: the source is asked. */
  readonly rowEstimate?: number | null;
  /** Ends the waiting that a commit-safe plan may take. */
  readonly signal: AbortSignal;
}

/** What the planners of the modes work with. */
export interface Planning {
  readonly source: Source;
  readonly exported: LoadedExport;
  readonly base: string;
  readonly description: Description;
  readonly inputs: PlanInputs;
}
