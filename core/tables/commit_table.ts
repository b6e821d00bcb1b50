/**
 * A run's commit to its table, as its prepared manifest carries it: whoever completes the run, in this
 * process or in a later one, commits the same.
 */
import { RivetError } from "../base/errors.ts";
import type { TableSettings } from "../config/loaded.ts";
import { parseHiveValue } from "../encode/partition_names.ts";
import type { Manifest, ManifestPart, ManifestTableCommit } from "../manifest/manifest.ts";
import { committedParts, type PartRecord } from "../manifest/parts.ts";
import type { Table, TableCover, TableFile, TableVersion } from "../ports/table_format.ts";
import { commitKind } from "./covers.ts";
import { parseOverride } from "../types/overrides.ts";
import { type Column, formatType } from "../types/types.ts";

/** What a run that is prepared knows of its files. */
export interface PreparedFiles {
  readonly columns: readonly Column[];
  readonly parts: readonly PartRecord[];
}

/** Errors after which the commit was not made, and will not be. */
const REFUSALS: readonly string[] = [
  "TABLE_CONFLICT",
  "TABLE_SCHEMA",
  "TABLE_UNSUPPORTED",
  "TYPE_UNSUPPORTED",
];

/** Whether nothing of the run is in the table, nor will be. */
export function isRefusal(error: RivetError): boolean {
  return REFUSALS.includes(error.code);
}

/**
 * @param covers what of the table the run has read anew; null: nothing or all.
 * @param before the run's own manifest from an earlier attempt, or before a repair; null: there is none.
 * @returns `parts` with what the earlier attempt may have committed and this one does not count as data.
 */
export function planCommit(
  table: Pick<Table, "lastSequence">,
  settings: Pick<TableSettings, "write" | "window">,
  covers: TableCover | null,
  { columns, parts }: PreparedFiles,
  before: Manifest | null,
): { readonly commit: ManifestTableCommit; readonly removed: readonly ManifestPart[] } {
  const data = committedParts(parts);
  const now = new Set(data.map(({ path }) => path));
  const earlier = (before?.parts ?? []).filter(({ status }) => status === "committed");
  const amends = before !== null && isCommitted(table, before);
  const kept = amends ? earlier.map(({ path }) => path).filter((path) => now.has(path)) : [];
  const there = new Set(kept);
  const fresh = data.filter(({ path }) => !there.has(path));
  return {
    commit: {
      write: amends ? "amend" : commitKind(settings),
      ...(amends || covers === null ? {} : { covers }),
      columns: columns.map(({ name, type }) => ({ name, type: formatType(type) })),
      files: fresh.map(({ path, statistics = null, partition }) => ({
        ...{ path, statistics },
        ...(partition === undefined ? {} : { partition }),
      })),
      removed: earlier.map(({ path }) => path).filter((path) => !now.has(path)),
      kept,
    },
    removed: earlier.filter(({ path }) => !now.has(path)),
  };
}

/** Whether the run whose manifest it is has come into the table. */
export function isCommitted({ lastSequence }: Pick<Table, "lastSequence">, manifest: Manifest) {
  if (manifest.table !== undefined) return true;
  return manifest.sequence !== undefined && manifest.sequence === lastSequence;
}

/** @throws as `Table.commit` */
export async function commitManifest(
  table: Table,
  manifest: Manifest,
  settings: TableSettings,
): Promise<TableVersion> {
  const { table_commit: commit, sequence } = manifest;
  if (commit === undefined || sequence === undefined) {
    throw new RivetError("INTERNAL", `the manifest of run '${manifest.run_id}' has no commit`);
  }
  const parts = new Map(manifest.parts.map((part) => [part.path, part]));
  return await table.commit({
    runId: manifest.run_id,
    sequence,
    write: commit.write,
    covers: commit.covers ?? null,
    columns: commit.columns.map(({ name, type }) => ({ name, type: typeOf(type) })),
    added: commit.files.map(({ path, statistics, partition }): TableFile => ({
      path,
      rows: parts.get(path)?.rows ?? 0,
      sizeBytes: parts.get(path)?.size_bytes ?? 0,
      statistics,
      partition: partitionOf(partition?.split("/") ?? path.split("/").slice(0, -1), settings),
    })),
    removed: commit.removed,
    kept: commit.kept,
    committedAt: new Date(),
  });
}

function typeOf(text: string): Column["type"] {
  const parsed = parseOverride(text);
  if ("type" in parsed) return parsed.type;
  throw new RivetError("INTERNAL", `a manifest has the type '${text}': ${parsed.error}`);
}

/** The last folders of a file are its partitions, `created_at_day=2026-01-31`. */
function partitionOf(
  folders: readonly string[],
  { partitionBy }: TableSettings,
): (string | null)[] {
  if (partitionBy.length === 0) return [];
  return folders.slice(-partitionBy.length).map((folder) =>
    parseHiveValue(folder.slice(folder.lastIndexOf("=") + 1))
  );
}
