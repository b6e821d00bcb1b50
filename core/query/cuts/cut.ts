/**
 * A way to cut a chunked export, all of it in one place: how its bounds are found, how a chunk becomes a
 * WHERE, and how its chunks are checked when a sealed plan or a checkpoint brings them back (PA5).
 * Each file of this folder is one of them; `mod.ts` lists them.
 */
import type { CutKind } from "../../config/cut_exclusions.ts";
import type { LoadedExport } from "../../config/loaded.ts";
import type { ChunkedMode } from "../../config/modes.ts";
import type { Dialect, Source } from "../../ports/source.ts";
import type { Column, TypeKind } from "../../types/types.ts";
import type { ComparedType } from "../select.ts";

/** How an export is cut; stored with the chunk run, so that a resume builds the same SQL. */
export interface ChunkShape {
  readonly kind: CutKind;
  readonly base: string;
  readonly column: string;
  readonly columnType?: ComparedType;
  /** No two rows are known to be equal in the column; absent: they may be. */
  readonly unique?: boolean;
  /** The table as the configuration names it, where it is cut by its storage (`Cut.storage`). */
  readonly table?: string;
}

/** One chunk, as text; what an absent bound means is the cut's to say. */
export interface ChunkBounds {
  readonly start: string | null;
  readonly end: string | null;
}

/** What the bounds are found for. */
export interface CutRequest {
  readonly source: Source;
  readonly exported: LoadedExport;
  readonly mode: ChunkedMode;
  readonly base: string;
  readonly column: Column;
}

/** One way to cut; see `range.ts` for the simplest. */
export interface Cut {
  readonly kind: CutKind;
  /** Whether these settings ask for it; the first in the list that is asked for is taken. */
  wanted(mode: ChunkedMode): boolean;
  /** The setting that names its column; null where it has none (`storage`). */
  readonly columnSetting: "chunk_column" | "chunk_by_key" | null;
  /** It cuts by how the table is stored, which this stands for in place of a column; absent: by a column. */
  readonly storage?: Column;
  /** A chunk is as large as it is, so it is read in steps where the engine has them; absent: as one statement. */
  readonly steps?: boolean;
  /** Of the chunk column; null: any. */
  readonly columnKinds: readonly TypeKind[] | null;
  /** Any primary key of one column serves when none is named; else an integer one. */
  readonly anyKey: boolean;
  /** Rows whose column is NULL are one more chunk, `[null, null]`. */
  readonly nullChunk: boolean;
  /** The outermost chunks are open, so that no value lies outside. */
  readonly open: boolean;
  /** Its bounds are integers, which artifacts write as numbers. */
  readonly integers: boolean;
  /** A chunk's size is only estimated, so it is read in pages. */
  readonly paged: boolean;
  /** Whether no two rows are equal in the column (`ChunkShape.unique`); absent: it makes no difference. */
  unique?(request: CutRequest): Promise<boolean>;
  /** What one chunk is, for `rivet check`: `size=100000`. */
  measure(mode: ChunkedMode): string;
  /**
   * What a table must have for its bounds, beside a column of the right kind; asked before them. Absent:
   * nothing.
   * @throws ConfigError, SourceError
   */
  required?(request: CutRequest): Promise<void>;
  /** Its bounds are found by a few look-ups, where an index has the column's values in order. */
  readonly lookUps: boolean;
  /**
   * The chunks, in order, without the one of NULLs; none for an empty table.
   * @throws ConfigError, RivetError, SourceError
   */
  bounds(request: CutRequest): Promise<readonly ChunkBounds[]>;
  /**
   * What has become of the chunks since they were planned; null: they hold what they held then. Absent: what
   * a chunk's bounds say is all there is to it.
   * @throws ConfigError, SourceError
   */
  change?(request: CutRequest, planned: readonly ChunkBounds[]): Promise<CutChange | null>;
  /**
   * Names how each part of the table is stored: otherwise once chunks that are read later hold other rows than
   * planned. Absent: that cannot be.
   */
  storedAs?(request: CutRequest): Promise<readonly string[]>;
  /** What the chunk's rows are selected from. */
  rows(dialect: Dialect, shape: ChunkShape, bounds: ChunkBounds): string;
  /** The condition over those rows; undefined: all of them. */
  where(dialect: Dialect, shape: ChunkShape, bounds: ChunkBounds): string | undefined;
  /** What a chunk is read in the order of; null: in none. */
  order(dialect: Dialect, shape: ChunkShape): string | null;
  /** Whether the bounds can be of this cut: what is in state is checked before it goes into SQL. */
  accepts(bounds: ChunkBounds): boolean;
  /** PA5: what is wrong between a chunk and the one before it, or null. */
  problem(chunk: ChunkBounds, before: ChunkBounds | undefined): string | null;
}

/** Chunks that there are no more, or that were not there when the export was planned; by name. */
export interface CutChange {
  readonly gone: readonly string[];
  readonly added: readonly string[];
}

/** `Cut.measure` of a size: in rows, or in the memory that the rows are found from. */
export function sizeText({ size, memoryMb }: Pick<ChunkedMode, "size" | "memoryMb">): string {
  return memoryMb === null ? `size=${size}` : `size=${memoryMb} MiB`;
}

/** `[null, null]` where that names the rows whose column is NULL. */
export function isNullChunk(cut: Pick<Cut, "nullChunk">, { start, end }: ChunkBounds): boolean {
  return cut.nullChunk && start === null && end === null;
}
