/** Where a table is, as other tools name it. */
import { hostAndPort } from "../../../core/ports/needs.ts";
import type { TableLocation } from "../../../core/ports/source.ts";
import type { RunRows } from "../kit/run_rows.ts";
import { quoteLiteral, tableParts } from "./dialect.ts";
import { objectId } from "./introspect.ts";
import type { ConnectionSettings } from "./settings.ts";

/** What a server listens on unless it is told otherwise. */
const DEFAULT_PORT = 1433;

/** @param reference as SQL writes it. */
export async function locate(
  rows: RunRows,
  { host, port, instance }: Pick<ConnectionSettings, "host" | "port" | "instance">,
  reference: string,
): Promise<TableLocation | null> {
  const parts = tableParts(reference);
  // A linked server is another one, whose address is not known here.
  if (parts.length > 3) return null;
  const database = parts.length > 2 ? quoteLiteral(parts[0]) : "DB_NAME()";
  const id = objectId(reference);
  const [found] = await rows(
    `SELECT ${database}, OBJECT_SCHEMA_NAME(${id}, DB_ID(${database})), OBJECT_NAME(${id}, DB_ID(${database}))`,
  );
  if (found === undefined || found.includes(null)) return null;
  // Nobody knows the port of a named instance before the Browser is asked; its name stands for it.
  const server = port === null && instance !== null
    ? `${host}\\${instance}`
    : hostAndPort(host, port ?? DEFAULT_PORT);
  return { server: `mssql://${server}`, name: found.join(".") };
}
