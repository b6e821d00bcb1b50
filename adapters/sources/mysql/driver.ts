/** What this adapter takes from mysql2 and what it does otherwise than mysql2 would. */
import mysql from "mysql2";
import { RivetError } from "../../../core/base/errors.ts";
import type { ConnectionSettings } from "./settings.ts";
import { isUpgradable, tlsOptions, upgradeWith } from "./tls.ts";

export type Driver = mysql.Connection;

/** A row as it came: length-encoded fields in `[start, end)` of `bytes`, valid during the call only. */
export type OnRow = (bytes: Uint8Array, start: number, end: number) => void;

/** mysql2's packet of a row (`lib/packets/packet.js`). */
interface DriverPacket {
  readonly buffer: Uint8Array;
  readonly offset: number;
  readonly end: number;
}

/** The socket that the driver reads: under TLS the encrypted one. */
export interface DriverSocket {
  readonly closed: boolean;
  destroy(): void;
  once(event: "close", listener: () => void): void;
  on(event: "data", listener: () => void): void;
}

export function socketOf(driver: Driver): DriverSocket {
  return (driver as unknown as { readonly stream: DriverSocket }).stream;
}

/**
 * Makes mysql2 hand its row packets to `row` instead of decoding them (`Query.row` in
 * `lib/commands/query.js` calls `_rowParser.next` for each). Returns whether it did as expected.
 */
export function takeRows(query: object, row: OnRow): () => boolean {
  let replaced = false;
  const parser = { next: (packet: DriverPacket) => row(packet.buffer, packet.offset, packet.end) };
  Object.defineProperty(query, "_rowParser", {
    get: () => parser,
    set: () => replaced = true,
  });
  return () => replaced;
}

/** Begins to connect. */
export function makeDriver(
  settings: ConnectionSettings,
  applicationName: string,
  encrypt: boolean,
): Driver {
  const tls = encrypt ? tlsOptions(settings.host, settings.tls) : null;
  const { host, port, socket } = settings;
  const driver = mysql.createConnection({
    ...(socket === undefined ? { host, port } : { socketPath: socket }),
    user: settings.user,
    password: settings.password,
    database: settings.database,
    // Its limit would end with the server's first packet: `Connection` has one for the whole login.
    connectTimeout: 0,
    charset: "utf8mb4",
    rowsAsArray: true,
    typeCast: false,
    // What is between two semicolons of a query must never be a statement.
    multipleStatements: false,
    // A server must not be able to ask for local files, nor a client flag change how SQL is parsed.
    flags: ["-LOCAL_FILES", "-IGNORE_SPACE", "-ODBC"],
    connectAttributes: { program_name: applicationName },
    ...(tls === null ? {} : { ssl: { rejectUnauthorized: tls.rejectUnauthorized } }),
  });
  if (tls !== null) {
    if (!isUpgradable(driver)) {
      throw new RivetError("INTERNAL", "mysql2 cannot be upgraded to TLS; its internals changed");
    }
    upgradeWith(driver, tls);
  }
  return driver;
}
