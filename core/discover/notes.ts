/** What somebody who reads a discovery should know about a table. */
import type { ExportMode } from "../config/schema.ts";
import type { CatalogTable, InspectedColumn } from "../ports/source.ts";
import { formatType } from "../types/types.ts";
import { isWriteTime } from "./candidates.ts";
import { FULL_ROWS, keyFill, type ModeSuggestion, type SuggestInput } from "./suggest_mode.ts";

export interface NotesInput {
  readonly table: CatalogTable;
  readonly columns: readonly InspectedColumn[];
  readonly input: SuggestInput;
  readonly suggestion: ModeSuggestion;
  readonly askedMode: ExportMode | null;
}

/** A number whose digits nobody declared: its override is a guess that somebody has to look at. */
export function isBareNumeric({ refusal }: InspectedColumn): boolean {
  const override = refusal?.override;
  const type = override?.kind === "list" ? override.element : override;
  return type?.kind === "decimal";
}

function columnNotes(columns: readonly InspectedColumn[]): string[] {
  return columns.flatMap((column) => {
    const { name, nativeType, refusal } = column;
    if (refusal === null) return [];
    const { override } = refusal;
    if (override === null) return [`${name} (${nativeType}) ${refusal.reason}; it is cast`];
    return isBareNumeric(column)
      ? [`${name} is a bare ${nativeType}; ${formatType(override)} is a guess, review it`]
      : [`${name} (${nativeType}) ${refusal.reason}; it is exported as ${formatType(override)}`];
  });
}

function kindNote({ kind }: CatalogTable): string | null {
  switch (kind) {
    case "table":
      return null;
    case "partitioned":
      return "partitioned table; read as a whole";
    case "materialized_view":
      return "materialized view; what it held when it was last refreshed";
    case "view":
      return "view; it has no keys, and every read runs its query";
    case "foreign_table":
      return "foreign table; its server is read through this one";
  }
}

function cursorNote({ cursors, fallback }: SuggestInput): string | null {
  const [best] = cursors;
  if (best === undefined || !isWriteTime(best) || !best.column.nullable) return null;
  const { name } = best.column;
  return fallback === null
    ? `${name} is nullable and no NOT NULL sibling can stand in for it`
    : `${name} is nullable; coalesce with ${fallback}`;
}

function sizeNote({ rows, chunks, ...rest }: SuggestInput): string | null {
  if (rows !== null && rows <= FULL_ROWS) return null;
  if (chunks.length === 0) return "no single-column key to cut it by";
  const fill = keyFill({ rows, ...rest });
  return chunks[0].integer && fill !== null && fill < 0.1
    ? `${chunks[0].column.name} is sparse: pages of the key follow the rows`
    : null;
}

export function notesOf({ table, columns, input, suggestion, askedMode }: NotesInput): string[] {
  const refused = askedMode !== null && suggestion.mode !== askedMode
    ? `no column for mode ${askedMode}; ${suggestion.mode} instead`
    : null;
  return [kindNote(table), refused, sizeNote(input), cursorNote(input)]
    .filter((note) => note !== null)
    .concat(columnNotes(columns));
}
