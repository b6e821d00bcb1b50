/** The end of a run whose files are a table: its commit, between its prepared manifest and `_SUCCESS`. */
import { RivetError } from "../base/errors.ts";
import { manifestCopyKey } from "../manifest/keys.ts";
import { type Manifest, parseManifest } from "../manifest/manifest.ts";
import type { BoundDestination } from "../ports/destination.ts";
import type { Table, TableColumn, TableVersion } from "../ports/table_format.ts";
import { tableDifferences, tableDriftError } from "../preflight/schema_drift.ts";
import { commitManifest, planCommit, type PreparedFiles } from "../tables/commit_table.ts";
import { commitKind, coverOf } from "../tables/covers.ts";
import { type TableOf, withTable } from "../tables/open_table.ts";
import { partitionName } from "../types/partition_transform.ts";
import type { ExportContext } from "./context.ts";

/** The run's manifest as an earlier attempt of it left it, whatever state that was in. */
export async function manifestBefore(
  destination: BoundDestination,
  runId: string,
): Promise<Manifest | null> {
  const bytes = await destination.read(manifestCopyKey(runId));
  return bytes === null ? null : parseManifest(bytes, manifestCopyKey(runId));
}

/**
 * The prepared manifest with what the table's commit takes. One that this attempt has written already is
 * the one that counts: the cursor has moved behind it.
 */
export async function withCommit(
  ctx: ExportContext,
  destination: BoundDestination,
  prepared: Manifest,
  files: PreparedFiles,
): Promise<Manifest> {
  const settings = ctx.exported.tableFormat;
  if (settings === null) return prepared;
  const before = await manifestBefore(destination, ctx.runId);
  if (before?.sequence === prepared.sequence && before?.table_commit !== undefined) return before;
  const covers = coverOf(ctx.exported, files.columns, ctx.startedAt);
  const planned = await withTable(
    ctx,
    (table) => planCommit(table, settings, covers, files, before),
  );
  if (planned === null) return prepared;
  const listed = new Set(prepared.parts.map(({ path }) => path));
  const gone = planned.removed.filter(({ path }) => !listed.has(path));
  const parts = [
    ...prepared.parts,
    ...gone.map((part) => ({ ...part, status: "superseded" as const })),
  ].map((part, index) => ({ ...part, part_id: index + 1 }));
  return { ...prepared, parts, table_commit: planned.commit };
}

/** What a manifest says once its run is in the table. */
export function committedManifest(
  { table_commit: _, ...manifest }: Manifest,
  table: Manifest["table"],
): Manifest {
  return { ...manifest, ...(table === undefined ? {} : { table }) };
}

/** @returns the manifest as it is published; unchanged where the export has no table. */
export async function commitTable(of: TableOf, manifest: Manifest): Promise<Manifest> {
  const settings = of.exported.tableFormat;
  if (settings === null || manifest.table_commit === undefined) return manifest;
  const version = await withTable(of, (table) => commitManifest(table, manifest, settings));
  if (version === null) return manifest;
  return committedManifest(manifest, { type: settings.type, version: version.id });
}

/** Before anything is read: what the table would refuse at the end is refused now. */
export async function checkTable(
  ctx: ExportContext,
  columns: readonly TableColumn[],
): Promise<void> {
  const settings = ctx.exported.tableFormat;
  if (settings === null) return;
  await withTable(ctx, async (table: Table) => {
    const { current } = table;
    if (current === null) await requireBeginning(ctx);
    const next = table.check(columns, commitKind(settings));
    if (current !== null) await requireSameTable(ctx, current.columns, next, columns);
  });
}

/**
 * Where no run is remembered, the table is what `on_schema_drift: fail` goes by.
 * @param next its columns after the run's commit
 * @param columns those of the run's files
 */
async function requireSameTable(
  { state, exported, journal }: ExportContext,
  table: TableVersion["columns"],
  next: TableVersion["columns"],
  columns: readonly TableColumn[],
): Promise<void> {
  const { name: exportName, config, tableFormat } = exported;
  if (config.on_schema_drift !== "fail" || await state.schema(exportName) !== null) return;
  const own = [
    ...columns.map(({ name }) => name),
    ...(tableFormat?.partitionBy ?? []).map(partitionName),
  ];
  const lines = tableDifferences(table, next, own);
  if (lines.length === 0) return;
  journal.add("schema_changed", { changes: lines });
  throw tableDriftError(exportName, lines);
}

/**
 * Rows before the cursor that a run has exported are in no new table: one that is gone, or a folder of files
 * that becomes a table. A cursor that somebody has set is where they want it to begin.
 */
async function requireBeginning({ state, exported }: ExportContext): Promise<void> {
  const { name: exportName, mode } = exported;
  if (mode.kind !== "incremental") return;
  const cursor = await state.cursor(exportName);
  if (cursor === null) return;
  const [file] = await state.files({ exportName, last: 1 });
  if (file === undefined || file.runId !== cursor.runId) return;
  throw new RivetError(
    "TABLE_MISSING",
    `export '${exportName}': there is no table at its destination, and rows up to '${cursor.cursor}' were ` +
      "exported before: a new table would lack them",
    {
      hint:
        `Restore the table; or read all rows again: rivet state reset --export ${exportName}. Files ` +
        "that were exported before are no part of a table.",
    },
  );
}
