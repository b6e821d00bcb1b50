/** Where a table is, as other tools name it. */
import { hostAndPort } from "../../../core/ports/needs.ts";
import type { TableLocation } from "../../../core/ports/source.ts";
import type { RunRows } from "../kit/run_rows.ts";
import { quoteLiteral } from "./dialect.ts";
import { isUnixSocket } from "./wire/dial.ts";

/** @param reference as SQL writes it: the server itself folds names and looks along its search path. */
export async function locate(
  rows: RunRows,
  { host, port }: { readonly host: string; readonly port: number },
  reference: string,
): Promise<TableLocation | null> {
  const [found] = await rows(
    `SELECT pg_catalog.current_database(), n.nspname, c.relname
     FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
     WHERE c.oid = pg_catalog.to_regclass(${quoteLiteral(reference)})`,
  );
  if (found === undefined) return null;
  const server = isUnixSocket(host) ? "localhost" : host;
  return { server: `postgres://${hostAndPort(server, port)}`, name: found.join(".") };
}
