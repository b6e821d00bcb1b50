/** An export's table, opened for one step. */
import { RivetError } from "../base/errors.ts";
import type { LoadedExport } from "../config/loaded.ts";
import { TABLE_FORMATS, TABLE_TYPES, type TableType } from "../config/table_formats.ts";
import type { Adapters } from "../ports/adapters.ts";
import { type AnyDestination, isStream } from "../ports/destination.ts";
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
  for (const other of TABLE_TYPES) {
    if (other === type) continue;
    const { title, marks } = TABLE_FORMATS[other];
    for await (const { key } of store.list(marks.folder)) {
      if (!marks.name.test(key)) continue;
      throw new RivetError(
        "TABLE_UNSUPPORTED",
        `${store.uri} holds a table of another format: ${title} (${key})`,
        { hint: "Give this export a path or prefix of its own: one place holds one table." },
      );
    }
  }
}

/** Asks the table for the export's last run in it. */
export function lastInTable(of: TableOf): () => Promise<number | null> {
  return () => withTable(of, (table) => table.lastSequence);
}
