/** An export's table, opened for one step. */
import type { LoadedExport } from "../config/loaded.ts";
import type { Adapters } from "../ports/adapters.ts";
import { type AnyDestination, isStream } from "../ports/destination.ts";
import type { Table } from "../ports/table_format.ts";
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
    return await work(table);
  } finally {
    await table.close();
  }
}

/** Asks the table for the export's last run in it. */
export function lastInTable(of: TableOf): () => Promise<number | null> {
  return () => withTable(of, (table) => table.lastSequence);
}
