/** What one unit of an export reads; plain data, made by the planner and read by `core/extract/read.ts`. */
import type { PageShape } from "./page.ts";

/** Structured-clone safe. */
export type ReadSpec =
  /** One statement, bounded by its chunk. */
  | { readonly kind: "statement"; readonly sql: string }
  /** A statement without a key to page by: read through a server-side cursor. */
  | { readonly kind: "cursor"; readonly sql: string }
  /** A stretch of a table's blocks, in short statements one after another; null is open. */
  | {
    readonly kind: "blocks";
    readonly sql: readonly string[];
    readonly from: string | null;
    readonly until: string | null;
  }
  /** Keyset pages over one snapshot. */
  | {
    readonly kind: "pages";
    readonly shape: PageShape;
    readonly selectList: readonly string[];
    /** Rows of a page; null: as the tuning says. */
    readonly pageRows: number | null;
  };
