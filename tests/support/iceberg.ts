/** Files and commits of an Iceberg table on disk, for tests without a database. */
import { join } from "node:path";
import { openDestination } from "../../adapters/destinations/mod.ts";
import { loadFormat } from "../../adapters/formats/mod.ts";
import { iceberg } from "../../adapters/tables/iceberg/mod.ts";
import type { TableSettings } from "../../core/config/loaded.ts";
import type { Destination } from "../../core/ports/destination.ts";
import type {
  CommitKind,
  Table,
  TableCommit,
  TableFile,
  TableStore,
} from "../../core/ports/table_format.ts";
import { tableStore } from "../../core/tables/table_store.ts";
import type { Column } from "../../core/types/types.ts";
import { batchOf, type Value } from "./batches.ts";
import { encode } from "./format_files.ts";

const NEVER = new AbortController().signal;

export const SETTINGS: TableSettings = {
  type: "iceberg",
  write: "append",
  partitionBy: [],
  window: null,
  catalog: null,
  identifier: null,
};

/** The objects of a table in a folder. */
export async function storeAt(path: string): Promise<TableStore> {
  const destination = await openDestination({ type: "local", path });
  return tableStore(destination as Destination, NEVER);
}

export async function tableAt(
  store: TableStore,
  settings: Partial<TableSettings> = {},
  env: (name: string) => string | undefined = () => undefined,
  exportName = "orders",
): Promise<Table> {
  return await iceberg.open({
    store,
    settings: { ...SETTINGS, ...settings },
    exportName,
    env,
    signal: NEVER,
  });
}

/** A file of the rows below the folder, with the ids that the table wants. */
export async function fileOf(
  table: Table,
  folder: string,
  path: string,
  columns: readonly Column[],
  rows: readonly (readonly Value[])[],
  more: { write?: CommitKind; partition?: readonly (string | null)[] } = {},
): Promise<TableFile> {
  const ids = table.fieldIds(columns, more.write ?? "append");
  const bytes = await encode("parquet", columns, [batchOf(columns, rows)], {
    fieldIds: ids ?? undefined,
  });
  const file = join(folder, path);
  await Deno.mkdir(join(file, ".."), { recursive: true });
  await Deno.writeFile(file, bytes);
  const { statistics } = await loadFormat("parquet");
  return {
    path,
    rows: rows.length,
    sizeBytes: bytes.length,
    statistics: await statistics?.(file) ?? null,
    partition: more.partition ?? [],
  };
}

export function commitOf(
  sequence: number,
  columns: readonly Column[],
  added: readonly TableFile[],
  more: Partial<TableCommit> = {},
): TableCommit {
  return {
    runId: `orders_${sequence}`,
    sequence,
    write: "append",
    covers: null,
    columns,
    added,
    removed: [],
    kept: [],
    committedAt: new Date(),
    ...more,
  };
}
