/** A run's manifest, from what the run knows when it ends. */
import type { LoadedExport } from "../config/loaded.ts";
import { schemaFingerprint } from "../types/schema_fingerprint.ts";
import type { Destination } from "../ports/destination.ts";
import type { RunOrder } from "../ports/state.ts";
import { committedParts } from "./parts.ts";
import type { PartRecord } from "./parts.ts";
import { formatArrowType } from "../types/arrow_name.ts";
import type { Column } from "../types/types.ts";
import {
  type Manifest,
  MANIFEST_VERSION,
  type ManifestCursor,
  type ManifestPart,
  type ManifestStatus,
} from "./manifest.ts";

export interface ManifestFacts {
  readonly runId: string;
  readonly exported: LoadedExport;
  /** `source.type` of the config. */
  readonly engine: string;
  readonly destination: Pick<Destination, "capabilities" | "uri">;
  readonly startedAt: Date;
  readonly finishedAt: Date;
  readonly status: ManifestStatus;
  /** null when the run failed before it knew them. */
  readonly columns: readonly Column[] | null;
  /** Every part the run knows of, superseded and quarantined ones too. */
  readonly parts: readonly PartRecord[];
  readonly snapshot?: string | null;
  readonly cursor?: ManifestCursor;
  readonly order: RunOrder;
}

function sourceOf(engine: string, table: string | null): Manifest["source"] {
  if (table === null) return { engine, schema: null, table: null };
  const dot = table.lastIndexOf(".");
  if (dot < 0) return { engine, schema: null, table };
  return { engine, schema: table.slice(0, dot), table: table.slice(dot + 1) };
}

function manifestPart(part: PartRecord, index: number): ManifestPart {
  return {
    part_id: index + 1,
    path: part.path,
    rows: part.rows,
    size_bytes: part.sizeBytes,
    content_fingerprint: part.fingerprint,
    content_md5: part.md5,
    status: part.status ?? "committed",
    chunk_index: part.chunkIndex,
  };
}

/** Property order is the file's order, so that equal facts give equal bytes. */
export async function buildManifest(facts: ManifestFacts): Promise<Manifest> {
  const { exported, columns } = facts;
  const committed = committedParts(facts.parts);
  return {
    manifest_version: MANIFEST_VERSION,
    run_id: facts.runId,
    export_name: exported.name,
    started_at: facts.startedAt.toISOString(),
    finished_at: facts.finishedAt.toISOString(),
    status: facts.status,
    source: sourceOf(facts.engine, exported.table),
    destination: { kind: facts.destination.capabilities.kind, uri: facts.destination.uri },
    format: exported.config.format,
    compression: exported.compression.codec,
    schema_fingerprint: columns === null ? null : `xxh3:${await schemaFingerprint(columns)}`,
    columns: (columns ?? []).map(({ name, type }) => ({ name, type: formatArrowType(type) })),
    row_count: committed.reduce((sum, part) => sum + part.rows, 0),
    part_count: committed.length,
    parts: facts.parts.map(manifestPart),
    ...(facts.snapshot === undefined ? {} : { snapshot: facts.snapshot }),
    ...(facts.cursor === undefined ? {} : { cursor: facts.cursor }),
    sequence: facts.order.sequence,
    previous_run_id: facts.order.previousRunId,
  };
}
