/** Which mode suits a table, by its size and its keys. */
import type { ExportMode } from "../config/schema.ts";
import type { CatalogTable } from "../ports/source.ts";
import { type ChunkCandidate, type CursorCandidate, isWriteTime } from "./candidates.ts";

/** Up to here one read of everything is the simplest and cheapest. */
export const FULL_ROWS = 100_000;
/** Below this share of taken keys most windows would be empty. */
const SPARSE_FILL = 0.1;
const DAYS_WINDOW = 7;

/** A mode, with the settings that it needs. */
export type ModeSuggestion =
  | { readonly mode: "full" }
  | {
    readonly mode: "chunked";
    readonly column: string;
    /** `range`: windows of values. `key`: pages, for keys with large gaps or of other types. */
    readonly by: "range" | "key";
  }
  | { readonly mode: "incremental"; readonly cursor: string; readonly fallback: string | null }
  | {
    readonly mode: "time_window";
    readonly column: string;
    readonly days: number;
  };

export interface SuggestInput {
  readonly kind: CatalogTable["kind"];
  readonly rows: number | null;
  readonly cursors: readonly CursorCandidate[];
  /** Of the best cursor, when that can be NULL. */
  readonly fallback: string | null;
  readonly chunks: readonly ChunkCandidate[];
  /** Lowest and highest value of the best chunk column when it is an integer; null: not known. */
  readonly keyRange: readonly [string, string] | null;
}

/** Share of the integers between the lowest and the highest key that are taken; null: not known. */
export function keyFill(
  { rows, keyRange }: Pick<SuggestInput, "rows" | "keyRange">,
): number | null {
  if (rows === null || keyRange === null) return null;
  const span = BigInt(keyRange[1]) - BigInt(keyRange[0]) + 1n;
  return Math.min(1, rows / Number(span));
}

function chunked(input: SuggestInput): ModeSuggestion | null {
  const [best] = input.chunks;
  if (best === undefined) return null;
  const fill = keyFill(input);
  const dense = best.integer && fill !== null && fill >= SPARSE_FILL;
  return { mode: "chunked", column: best.column.name, by: dense ? "range" : "key" };
}

function incremental(input: SuggestInput): ModeSuggestion | null {
  const [best] = input.cursors;
  if (best !== undefined && isWriteTime(best) && input.fallback !== null) {
    return { mode: "incremental", cursor: best.column.name, fallback: input.fallback };
  }
  // Rows whose cursor is NULL are read by the first run only, so such a cursor would lose rows.
  const cursor = input.cursors.find((c) =>
    !c.column.nullable && (isWriteTime(c) || c.reasons.includes("type_integer"))
  );
  return cursor === undefined
    ? null
    : { mode: "incremental", cursor: cursor.column.name, fallback: null };
}

function timeWindow({ cursors }: SuggestInput): ModeSuggestion | null {
  const time = cursors.find((c) => isWriteTime(c));
  return time === undefined
    ? null
    : { mode: "time_window", column: time.column.name, days: DAYS_WINDOW };
}

/** By size and keys: full, else chunked, else incremental; full again when there is nothing to go by. */
export function suggestMode(input: SuggestInput): ModeSuggestion {
  // Every read of a view runs its whole query: more reads would only cost more.
  const isView = input.kind === "view" || input.kind === "materialized_view";
  const isSmall = input.rows !== null && input.rows <= FULL_ROWS;
  if (isView || isSmall) return { mode: "full" };
  // A large table without a key: following its write times is all that keeps later runs small.
  return chunked(input) ?? incremental(input) ?? { mode: "full" };
}

/** The suggestion of a mode that was asked for; null when the table has no column for it. */
export function suggestionIn(mode: ExportMode, input: SuggestInput): ModeSuggestion | null {
  switch (mode) {
    case "full":
      return { mode: "full" };
    case "chunked":
      return chunked(input);
    case "incremental":
      return incremental(input);
    case "time_window":
      return timeWindow(input);
  }
}
