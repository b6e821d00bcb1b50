/** Who says which metadata is the table's: its own folder, or a catalog. */
import type { MetadataChange, TableMetadata } from "./metadata.ts";

/** A table as it was found. */
export interface Loaded {
  readonly metadata: TableMetadata;
  /** Address of the file that holds it; null where it has none yet. */
  readonly file: string | null;
}

/** A commit, as the one who decides needs it. */
export interface Proposal {
  /** null: there is no table, and the change is its first. */
  readonly base: Loaded | null;
  /** Of the table before the change: a new one's own, when `base` is null. */
  readonly metadata: TableMetadata;
  readonly change: MetadataChange;
}

export interface Catalog {
  /** null: there is no table. */
  load(): Promise<Loaded | null>;
  /** What a new table is to be, as the catalog would have it. Nothing is there before the commit. */
  stage(metadata: TableMetadata): Promise<TableMetadata>;
  /**
   * `lost`: somebody else's commit came first, and nothing of this one is there. An error of which nobody knows
   * what came of it may be thrown: `load` tells.
   */
  commit(proposal: Proposal): Promise<"done" | "lost">;
  /** What only helps readers, of a commit that is there: an attempt may have died before it. */
  settle(): Promise<void>;
  close(): Promise<void>;
}
