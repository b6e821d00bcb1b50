/** An export's table, opened for one step. */
import { RivetError } from "../base/errors.ts";
import type { LoadedExport } from "../config/loaded.ts";
import { TABLE_FORMATS, TABLE_TYPES, type TableType } from "../config/table_formats.ts";
import type { Adapters } from "../ports/adapters.ts";
import { type AnyDestination, type BoundDestination, isStream } from "../ports/destination.ts";
import type { Table, TableStore } from "../ports/table_format.ts";
import { tableStore } from "./table_store.ts";

/** Whose table, and where. */
export interface TableOf {
  readonly deps: Pick<Adapters, "table">;
  readonly exported: Pick<LoadedExport, "name" | "tableFormat">;
  readonly destination: AnyDestination;
  readonly signal: AbortSignal;
}

/** @returns null where the export has no table. @throws RivetError TABLE_UNSUPPORTED, DestinationError */
export async function withTable<T>(
  { deps, exported, destination, signal }: TableOf,
  work: (table: Table) => Promise<T> | T,
): Promise<T | null> {
  const { name: exportName, tableFormat: settings } = exported;
  if (settings === null || isStream(destination)) return null;
  const format = await deps.table(settings.type);
  const store = tableStore(destination, signal);
  const env = (name: string) => Deno.env.get(name);
  const table = await format.open({ store, settings, exportName, env, signal });
  try {
    if (table.current === null) await requireUntaken(store, settings.type);
    return await work(table);
  } finally {
    await table.close();
  }
}

/** Engines remove from a table's place what is not of the table: the files of another one, too. */
async function requireUntaken(store: TableStore, type: TableType): Promise<void> {
  const other = await tableAt(store, TABLE_TYPES.filter((known) => known !== type));
  if (other === null) return;
  throw new RivetError(
    "TABLE_UNSUPPORTED",
    `${store.uri} holds a table of another format: ${other.title} (${other.key})`,
    { hint: "Give this export a path or prefix of its own: one place holds one table." },
  );
}

/** The first sign of a table of one of the types, in whatever state it is; one listing for each. */
async function tableAt(
  { list }: Pick<TableStore, "list">,
  types: readonly TableType[],
): Promise<{ readonly title: string; readonly key: string } | null> {
  for (const type of types) {
    const { title, marks } = TABLE_FORMATS[type];
    for await (const { key } of list(marks.folder)) {
      if (marks.name.test(key)) return { title, key };
    }
  }
  return null;
}

/** What an export that is no table does to one in its place; null: there is none, or the export is one. */
export async function tableInPlace(
  { tableFormat }: Pick<LoadedExport, "tableFormat">,
  { uri, list }: Pick<BoundDestination, "uri" | "list">,
): Promise<string | null> {
  if (tableFormat !== null) return null;
  const table = await tableAt({ list }, TABLE_TYPES);
  if (table === null) return null;
  return `${uri} holds a table (${table.title}, ${table.key}): files without table_format are no rows of it, ` +
    "and what cleans it up removes them. Give the export a path or prefix of its own";
}

/** Asks the table for the export's last run in it. */
export function lastInTable(of: TableOf): () => Promise<number | null> {
  return () => withTable(of, (table) => table.lastSequence);
}
