/** Tables for the tests of discovery. */
import {
  chunkCandidates,
  cursorCandidates,
  fallbackFor,
} from "../../../../core/discover/candidates.ts";
import type { DiscoveredTable } from "../../../../core/discover/discover.ts";
import { notesOf } from "../../../../core/discover/notes.ts";
import {
  type SuggestInput,
  suggestionIn,
  suggestMode,
} from "../../../../core/discover/suggest_mode.ts";
import type { ExportMode } from "../../../../core/config/schema.ts";
import type { CatalogTable, InspectedColumn, TableKey } from "../../../../core/ports/source.ts";
import type { RivetType } from "../../../../core/types/types.ts";

export const INT: RivetType = { kind: "int", bits: 64, signed: true };
export const TEXT: RivetType = { kind: "text" };
export const DATE: RivetType = { kind: "date" };
export const UTC: RivetType = { kind: "timestamp", unit: "us", utc: true };
export const LOCAL: RivetType = { kind: "timestamp", unit: "us", utc: false };

/** `name` is NOT NULL, `name?` is nullable. */
export function column(name: string, type: RivetType): InspectedColumn {
  return {
    name: name.replace(/\?$/, ""),
    nativeType: type.kind,
    nullable: name.endsWith("?"),
    type,
    fidelity: "exact",
    refusal: null,
  };
}

/** A column whose type nobody can read, and what to write instead. */
export function refused(name: string, override: RivetType | null): InspectedColumn {
  return {
    name,
    nativeType: override?.kind === "decimal" ? "numeric" : "odd",
    nullable: true,
    type: null,
    fidelity: "unsupported",
    refusal: { reason: "cannot be read", override, cast: `"${name}"::text AS "${name}"` },
  };
}

export const key = (name: string, fields: Partial<TableKey> = {}): TableKey => ({
  column: name,
  unique: true,
  integer: true,
  primary: true,
  ...fields,
});

export interface TableParts {
  readonly name?: string;
  readonly reference?: string;
  readonly kind?: CatalogTable["kind"];
  readonly columns?: readonly InspectedColumn[];
  readonly keys?: readonly TableKey[];
  readonly indexed?: readonly string[];
  readonly rows?: number | null;
  readonly keyRange?: readonly [string, string];
  readonly mode?: ExportMode;
}

export function table(parts: TableParts = {}): DiscoveredTable {
  const { name = "orders", kind = "table", columns = [], keys = [], rows = 1_000_000 } = parts;
  const primaryKey = keys.filter((k) => k.primary).map((k) => k.column);
  const shape = { columns, keys, primaryKey, indexedColumns: parts.indexed ?? [] };
  const cursors = cursorCandidates(shape);
  const chunks = chunkCandidates(shape);
  const fallback = fallbackFor(cursors[0], cursors);
  const input: SuggestInput = {
    kind,
    rows,
    cursors,
    fallback,
    chunks,
    keyRange: parts.keyRange ?? null,
  };
  const asked = parts.mode === undefined ? null : suggestionIn(parts.mode, input);
  const suggestion = asked ?? suggestMode(input);
  const catalog: CatalogTable = {
    schema: "public",
    name,
    reference: parts.reference ?? name,
    kind,
    rowEstimate: null,
    totalBytes: null,
    indexedColumns: parts.indexed ?? [],
    unreadable: null,
  };
  const notes = notesOf({
    table: catalog,
    columns,
    input,
    suggestion,
    askedMode: parts.mode ?? null,
  });
  return { table: catalog, columns, rows, cursors, fallback, chunks, suggestion, notes };
}
