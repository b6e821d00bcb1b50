/** Where a table is, as other tools name it. */
import { hostAndPort } from "../../../core/ports/needs.ts";
import type { TableLocation } from "../../../core/ports/source.ts";
import type { RunRows } from "../kit/run_rows.ts";
import { tableCondition } from "./introspect.ts";
import type { ConnectionSettings } from "./settings.ts";

/** @param reference as SQL writes it. */
export async function locate(
  rows: RunRows,
  { host, port, socket }: Pick<ConnectionSettings, "host" | "port" | "socket">,
  reference: string,
): Promise<TableLocation | null> {
  const [found] = await rows(
    `SELECT t.TABLE_SCHEMA, t.TABLE_NAME FROM information_schema.TABLES t
     WHERE ${tableCondition("t", reference)}`,
  );
  if (found === undefined) return null;
  const server = socket === undefined ? host : "localhost";
  return { server: `mysql://${hostAndPort(server, port)}`, name: found.join(".") };
}
