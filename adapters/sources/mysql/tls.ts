/** Encryption of the connection: what is verified, and the upgrade itself. */
import { readFileSync } from "node:fs";
import net from "node:net";
import tls from "node:tls";
import { ConfigError } from "../../../core/base/errors.ts";
import { connectGated } from "../gated_socket.ts";

/** `prefer`: TLS when the server offers it. Only a URL's ssl-mode can ask for it. */
export type TlsMode = "disable" | "prefer" | "require" | "verify-ca" | "verify-full";

export interface TlsSettings {
  readonly mode: TlsMode;
  readonly caFile: string | undefined;
  readonly acceptInvalidCerts: boolean;
  readonly acceptInvalidHostnames: boolean;
}

/** A failed TLS negotiation; the classifier turns it into SOURCE_TLS. */
export class TlsError extends Error {
  override readonly name = "TlsError";
}

/** What mysql2 (3.24.5, `lib/base/connection.js`) does its own upgrade with. */
export interface UpgradableDriver {
  stream: net.Socket;
  readonly packetParser: { execute(data: Uint8Array): void };
  startTLS(onSecure: (error?: Error) => void): void;
}

export function isUpgradable(driver: object): driver is UpgradableDriver {
  return "stream" in driver && "packetParser" in driver && "startTLS" in driver;
}

function readCa(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    const why = (error as { code?: string }).code ?? "I/O error";
    throw new ConfigError(`source.tls.ca_file ${path} cannot be read (${why})`, [], {
      cause: error,
    });
  }
}

/** Options for `tls.connect` but for the socket; null for plaintext. @throws ConfigError */
export function tlsOptions(host: string, settings: TlsSettings): tls.ConnectionOptions | null {
  const { mode, caFile, acceptInvalidCerts, acceptInvalidHostnames } = settings;
  if (mode === "disable") return null;
  const verify = (mode === "verify-ca" || mode === "verify-full") && !acceptInvalidCerts;
  const anyHost = mode !== "verify-full" || acceptInvalidHostnames;
  return {
    host,
    servername: net.isIP(host) === 0 ? host : undefined,
    rejectUnauthorized: verify,
    ca: caFile === undefined ? undefined : readCa(caFile),
    checkServerIdentity: anyHost
      ? () => undefined
      : (_, certificate) => tls.checkServerIdentity(host, certificate),
  };
}

/**
 * Replaces mysql2's upgrade, which checks the certificate of an IP address against "localhost".
 * Nothing is sent before the server's certificate is accepted.
 */
export function upgradeWith(driver: UpgradableDriver, options: tls.ConnectionOptions): void {
  driver.startTLS = (onSecure) => {
    const plain = driver.stream;
    plain.removeAllListeners("data");
    const secure = connectGated(plain, options);
    let established = false;
    secure.once("secureConnect", () => {
      established = true;
      onSecure();
    });
    secure.on("error", (error) => {
      if (established) plain.emit("error", error);
      else onSecure(new TlsError(error.message, { cause: error }));
    });
    secure.on("data", (data: Uint8Array) => driver.packetParser.execute(data));
    driver.stream = secure;
  };
}
