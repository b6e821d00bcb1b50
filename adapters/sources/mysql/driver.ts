/** What this adapter takes from mysql2 and what it does otherwise than mysql2 would. */
import tls from "node:tls";
import mysql from "mysql2";
import { RivetError } from "../../../core/base/errors.ts";
import { authPlugins } from "./auth.ts";
import { TlsError, tlsFailure } from "../kit/tls_failure.ts";
import type { ConnectionSettings } from "./settings.ts";
import { copyForDriver, openSocket } from "./socket.ts";
import { isUpgradable, tlsOptions, upgradeWith, verifies } from "./tls.ts";

export type Driver = mysql.Connection;

/**
 * The certificate that the server shows, trusted or not; null when it shows none. The connection ends
 * before it is told who asks.
 */
function presentedCertificate(
  settings: ConnectionSettings,
  limitMs: number,
): Promise<Uint8Array | null> {
  const unchecked = { ...settings, tls: { ...settings.tls, mode: "require" } } as const;
  const driver = makeDriver(unchecked, "rivet", true);
  return new Promise((resolve) => {
    const end = (certificate: Uint8Array | null) => {
      clearTimeout(timer);
      socketOf(driver).destroy();
      resolve(certificate);
    };
    const timer = setTimeout(() => end(null), limitMs);
    driver.on("error", () => end(null));
    if (!isUpgradable(driver)) return end(null);
    const upgrade = driver.startTLS;
    driver.startTLS = () =>
      upgrade((error) => {
        const { stream } = driver;
        const secure = error === undefined && stream instanceof tls.TLSSocket;
        end(secure ? stream.getPeerCertificate().raw ?? null : null);
      });
  });
}

/** What is wrong with a certificate is found by looking at it; the runtime says less. */
export async function explained(
  error: Error,
  settings: ConnectionSettings,
  limitMs: number,
): Promise<Error> {
  if (!(error instanceof TlsError) || error.cause === undefined) return error;
  const look = () => presentedCertificate(settings, limitMs);
  return await tlsFailure(
    error.cause,
    verifies(settings.tls) ? look : () => Promise.resolve(null),
  );
}

/** The socket that the driver reads: under TLS the encrypted one. */
export interface DriverSocket {
  readonly closed: boolean;
  destroy(): void;
  pause(): void;
  resume(): void;
  once(event: "close", listener: () => void): void;
  on(event: "data", listener: (bytes: Uint8Array) => void): void;
}

export function socketOf(driver: Driver): DriverSocket {
  return (driver as unknown as { readonly stream: DriverSocket }).stream;
}

/** Begins to connect. */
export function makeDriver(
  settings: ConnectionSettings,
  applicationName: string,
  encrypt: boolean,
): Driver {
  const encryption = encrypt ? tlsOptions(settings.host, settings.tls) : null;
  const { host, port, socket } = settings;
  const place = socket === undefined ? { host, port } : { socketPath: socket };
  const driver = mysql.createConnection({
    ...place,
    ...(encryption === null ? { stream: () => openSocket(settings) } : {}),
    user: settings.user,
    password: settings.password,
    database: settings.database === "" ? undefined : settings.database,
    // Its limit would end with the server's first packet: `Connection` has one for the whole login.
    connectTimeout: 0,
    charset: "utf8mb4",
    rowsAsArray: true,
    typeCast: false,
    // What is between two semicolons of a query must never be a statement.
    multipleStatements: false,
    // A server must not be able to ask for local files, nor a client flag change how SQL is parsed.
    flags: ["-LOCAL_FILES", "-IGNORE_SPACE", "-ODBC"],
    authPlugins: authPlugins(settings),
    connectAttributes: { program_name: applicationName },
    ...(encryption === null ? {} : { ssl: { rejectUnauthorized: encryption.rejectUnauthorized } }),
  });
  if (!isUpgradable(driver)) {
    throw new RivetError("INTERNAL", "mysql2 cannot be upgraded to TLS; its internals changed");
  }
  if (encryption === null) copyForDriver(driver);
  else upgradeWith(driver, encryption);
  return driver;
}
