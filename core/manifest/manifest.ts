/**
 * `manifest.json` version 1 (contracts section 3): its shape, its bytes and their reader. Property names
 * are those of the file. Fields may be added, never removed: a reader ignores what it does not know.
 */
import * as v from "valibot";
import { check, issueLine, nonNegative as count, object, text } from "../base/schema.ts";
import { RivetError } from "../base/errors.ts";
import type { FileStatistics } from "../ports/format.ts";

export const MANIFEST_VERSION = 1;

/**
 * How the run ended. `prepared`: every part is accepted and the end is being written; whoever starts the
 * export next completes it or takes it back. A run that was skipped leaves no manifest.
 */
export type ManifestStatus = "success" | "failed" | "interrupted" | "prepared";

/** How an incremental run moves its export's cursor. */
export interface ManifestCursor {
  /** null: there was none. */
  readonly before: string | null;
  readonly after: string;
  /** `CursorState.ties`, while the run is `prepared`. */
  readonly ties?: string;
}

/**
 * `committed` parts together are the data, once. `superseded`: written again later, do not read it.
 * `quarantined`: found damaged and moved to the path that is given.
 */
export type ManifestPartStatus = "committed" | "quarantined" | "superseded";

/** One part, as the file lists it. */
export interface ManifestPart {
  /** Counts from 1 within the manifest. */
  readonly part_id: number;
  /** Relative to the prefix, with `/`. M3: with size and fingerprint it identifies the part. */
  readonly path: string;
  readonly rows: number;
  readonly size_bytes: number;
  /** `xxh3:<16 hex>` of the body. */
  readonly content_fingerprint: string;
  /** Base64, as object stores list it. */
  readonly content_md5: string;
  readonly status: ManifestPartStatus;
  /** null: the export was not read in chunks. */
  readonly chunk_index: number | null;
}

/** What the commit of a run to its table takes. Paths are those of parts. */
export interface ManifestTableCommit {
  /** `overwrite`: the partitions of `covers` are replaced. `amend`: the run is in the table, and is corrected. */
  readonly write: "append" | "replace" | "overwrite" | "amend";
  /** The partitions of one field, by its place, from a value on. */
  readonly covers?: { readonly field: number; readonly from: string };
  /** `type` as `columns:` overrides write it. */
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  /** To be added, in their order. */
  readonly files: readonly {
    readonly path: string;
    readonly statistics: FileStatistics | null;
    /** Where its path does not say it. */
    readonly partition?: string;
  }[];
  /** The run's own that are no longer its data. */
  readonly removed: readonly string[];
  /** In the table since an earlier attempt. */
  readonly kept: readonly string[];
}

/** Fields may be added, never removed; members that are absent in older files are optional. */
export interface Manifest {
  readonly manifest_version: number;
  readonly run_id: string;
  readonly export_name: string;
  /** ISO 8601 UTC. A resumed run started when its first attempt did. */
  readonly started_at: string;
  readonly finished_at: string;
  readonly status: ManifestStatus;
  /** `schema` and `table` are null for a query; `schema` also where the table is not qualified. */
  readonly source: {
    readonly engine: string;
    readonly schema: string | null;
    readonly table: string | null;
  };
  /** `uri` holds no secret. */
  readonly destination: { readonly kind: string; readonly uri: string };
  readonly format: string;
  readonly compression: string;
  /** `xxh3:<16 hex>`; null when the run failed before the columns were known. */
  readonly schema_fingerprint: string | null;
  /** `type` is the Arrow type. */
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  /** Of the committed parts. */
  readonly row_count: number;
  /** Of the committed parts. */
  readonly part_count: number;
  readonly parts: readonly ManifestPart[];
  /** The point in time that all readers saw, where the export asked for one. */
  readonly snapshot?: string | null;
  /** Absent where no cursor moves. */
  readonly cursor?: ManifestCursor;
  /** Grows with every run of the export, whatever the clock says; absent in what an earlier Rivet wrote. */
  readonly sequence?: number;
  /** The run that began before this one, with or without a manifest here. */
  readonly previous_run_id?: string | null;
  /** While the run is `prepared` and its files are those of a table. */
  readonly table_commit?: ManifestTableCommit;
  /** The table's version that the run became; absent where the files are all. */
  readonly table?: { readonly type: string; readonly version: string };
}

const fingerprint = v.pipe(v.string(), v.regex(/^xxh3:[0-9a-f]{16}$/, "expected xxh3:<16 hex>"));

const partSchema = object({
  part_id: count,
  path: text,
  rows: count,
  size_bytes: count,
  content_fingerprint: fingerprint,
  content_md5: v.string(),
  status: v.picklist(["committed", "quarantined", "superseded"]),
  chunk_index: v.optional(v.nullable(count), null),
});

const bound = v.nullable(object({ value: v.string(), exact: v.boolean() }));

const statistics = object({
  columns: v.array(object({
    path: v.array(v.string()),
    values: count,
    nulls: count,
    bytes: count,
    min: bound,
    max: bound,
    fieldId: v.nullish(count),
  })),
  splits: v.array(count),
});

const tableCommit = object({
  write: v.picklist(["append", "replace", "overwrite", "amend"]),
  covers: v.optional(object({ field: count, from: v.string() })),
  columns: v.array(object({ name: v.string(), type: v.string() })),
  files: v.array(object({
    path: v.string(),
    statistics: v.nullable(statistics),
    partition: v.optional(v.string()),
  })),
  removed: v.array(v.string()),
  kept: v.array(v.string()),
});

const manifestSchema = object({
  manifest_version: v.literal(MANIFEST_VERSION),
  run_id: text,
  export_name: text,
  started_at: v.string(),
  finished_at: v.string(),
  status: v.picklist(["success", "failed", "interrupted", "prepared"]),
  source: object({
    engine: v.string(),
    schema: v.nullable(v.string()),
    table: v.nullable(v.string()),
  }),
  destination: object({ kind: v.string(), uri: v.string() }),
  format: v.string(),
  compression: v.string(),
  schema_fingerprint: v.nullable(fingerprint),
  columns: v.array(object({ name: v.string(), type: v.string() })),
  row_count: count,
  part_count: count,
  parts: v.array(partSchema),
  snapshot: v.nullish(v.string()),
  cursor: v.optional(object({
    before: v.nullable(v.string()),
    after: v.string(),
    ties: v.optional(v.string()),
  })),
  sequence: v.optional(count),
  previous_run_id: v.nullish(v.string()),
  table_commit: v.optional(tableCommit),
  table: v.optional(object({ type: v.string(), version: v.string() })),
});

/** What of a manifest contradicts the rest of it, or null. */
function contradiction(manifest: Manifest): string | null {
  const committed = manifest.parts.filter((part) => part.status === "committed");
  const rows = committed.reduce((sum, part) => sum + part.rows, 0);
  const paths = new Set(committed.map((part) => part.path));
  return manifest.part_count !== committed.length
    ? `part_count is ${manifest.part_count}, but ${committed.length} parts are committed`
    : manifest.row_count !== rows
    ? `row_count is ${manifest.row_count}, but the committed parts hold ${rows}`
    : paths.size !== committed.length
    ? "two committed parts have the same path"
    : null;
}

/** The file's bytes: the same manifest gives the same bytes. */
export function serializeManifest(manifest: Manifest): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify(manifest, null, 2)}\n`);
}

/**
 * @param key where the bytes come from, for the message.
 * @throws RivetError VALIDATION_FAILED when they are no manifest of a version that this Rivet reads.
 */
export function parseManifest(bytes: Uint8Array, key: string): Manifest {
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new RivetError("VALIDATION_FAILED", `${key} is not JSON`, { hint: DAMAGED_HINT, cause });
  }
  const parsed = check(manifestSchema, json);
  const against = parsed.success ? contradiction(parsed.output) : null;
  if (parsed.success && against === null) return parsed.output;
  const problems = against !== null ? [against] : (parsed.issues ?? []).slice(0, 3).map(issueLine);
  throw new RivetError("VALIDATION_FAILED", `${key} is not a manifest: ${problems.join("; ")}`, {
    hint: DAMAGED_HINT,
  });
}

const DAMAGED_HINT = "Rivet never edits a manifest: something else wrote or changed this file.";
