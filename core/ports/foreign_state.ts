/** What the documented tool remembers, which calls its file and its tables as ours are called. Only read. */
import type { Progression } from "./state.ts";

/** An incremental cursor; of an export that read several databases there are several. */
export interface ForeignCursor {
  readonly exportName: string;
  /** The database that it belongs to, e.g. `postgres://host:5432/shop`; empty: not recorded. */
  readonly source: string;
  /** In the form in which ours are stored. */
  readonly cursor: string;
  /** `updated_at`, or `coalesce(a,b)`; null: not recorded. */
  readonly column: string | null;
  readonly updatedAt: string | null;
  /** The run that stopped at this cursor without an end; null: none. */
  readonly unfinishedRun: string | null;
}

/** A part that a destination accepted. */
export interface ForeignFile {
  readonly runId: string;
  readonly exportName: string;
  readonly fileName: string;
  /** Empty: not recorded. */
  readonly destination: string;
  readonly rows: number;
  readonly sizeBytes: number;
  readonly format: string;
  readonly compression: string;
  readonly createdAt: string;
}

/** All that is taken over, and what it was read from. */
export interface ForeignState {
  /** For people; holds no password. */
  readonly location: string;
  readonly version: number | null;
  /** Worth a WARN. */
  readonly warnings: readonly string[];
  readonly cursors: readonly ForeignCursor[];
  readonly progressions: readonly Progression[];
  /** In the order in which they were written. */
  readonly files: readonly ForeignFile[];
  /** Exports with a chunked run that has not ended. */
  readonly openChunkRuns: readonly string[];
}
