/** The discovery as `rivet init --discover` writes it. The names are public API. */
import type { SourceConfig } from "../config/schema.ts";
import { RIVET_VERSION } from "../base/version.ts";
import type { TypeNames } from "../ports/source.ts";
import type { Discovered } from "./connect.ts";
import type { DiscoveredTable } from "./discover.ts";

export interface DiscoveryArtifact {
  readonly rivet_version: string;
  readonly source_type: SourceConfig["type"];
  readonly scope: string;
  readonly tables: readonly TableArtifact[];
  /** Tables that cannot be exported as they are. */
  readonly left_out: readonly { schema: string; table: string; reason: string }[];
}

export interface TableArtifact {
  readonly schema: string;
  readonly table: string;
  readonly row_estimate: number | null;
  readonly total_bytes: number | null;
  readonly suggested_mode: string;
  readonly cursor_candidates: readonly {
    readonly column: string;
    readonly data_type: string;
    readonly is_nullable: boolean;
    readonly is_primary_key: boolean;
    readonly score: number;
    readonly reasons: readonly string[];
  }[];
  readonly suggested_cursor_fallback_column: string | null;
  readonly chunk_candidates: readonly {
    readonly column: string;
    readonly data_type: string;
    readonly is_primary_key: boolean;
    readonly score: number;
  }[];
  readonly notes: readonly string[];
}

/** The document, ready to be written as JSON. */
export function discoveryArtifact(
  { sourceType, dialect, discovery }: Discovered,
): DiscoveryArtifact {
  const { scope, tables, leftOut } = discovery;
  return {
    rivet_version: RIVET_VERSION,
    source_type: sourceType,
    scope,
    tables: tables.map((table) => tableArtifact(table, dialect.typeNames)),
    left_out: leftOut.map(({ table, reason }) => ({
      schema: table.schema,
      table: table.name,
      reason,
    })),
  };
}

function tableArtifact(found: DiscoveredTable, names?: TypeNames): TableArtifact {
  const standard = (name: string) => names?.standard(name) ?? name;
  return {
    schema: found.table.schema,
    table: found.table.name,
    row_estimate: found.rows,
    total_bytes: found.table.totalBytes,
    suggested_mode: found.suggestion.mode,
    cursor_candidates: found.cursors.map(({ column, isPrimaryKey, score, reasons }) => ({
      column: column.name,
      data_type: standard(column.nativeType),
      is_nullable: column.nullable,
      is_primary_key: isPrimaryKey,
      score,
      reasons,
    })),
    suggested_cursor_fallback_column: found.fallback,
    chunk_candidates: found.chunks.map(({ column, isPrimaryKey, score }) => ({
      column: column.name,
      data_type: standard(column.nativeType),
      is_primary_key: isPrimaryKey,
      score,
    })),
    notes: found.notes,
  };
}
