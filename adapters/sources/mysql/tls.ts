/** Encryption of the connection: what is verified, and the upgrade itself. */
import net from "node:net";
import tls from "node:tls";
import { clientCertificate } from "../kit/client_certificate.ts";
import { TlsError } from "../kit/tls_failure.ts";
import { trustedRoots } from "../kit/trust.ts";
import { connectGated } from "../kit/gated_socket.ts";

/** `prefer`: TLS when the server offers it. Only a URL's ssl-mode can ask for it. */
export type TlsMode = "disable" | "prefer" | "require" | "verify-ca" | "verify-full";

export interface TlsSettings {
  readonly mode: TlsMode;
  /** PEM file of the authorities to trust; `system`: those of the system alone. */
  readonly caFile: string | undefined;
  /** PEM files of a client certificate. */
  readonly certFile: string | undefined;
  readonly keyFile: string | undefined;
  readonly acceptInvalidCerts: boolean;
  readonly acceptInvalidHostnames: boolean;
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

/** Whether the server's certificate is checked. */
export function verifies({ mode, acceptInvalidCerts }: TlsSettings): boolean {
  return (mode === "verify-ca" || mode === "verify-full") && !acceptInvalidCerts;
}

/** Options for `tls.connect` but for the socket; null for plaintext. @throws ConfigError */
export function tlsOptions(host: string, settings: TlsSettings): tls.ConnectionOptions | null {
  const { mode, caFile, acceptInvalidHostnames } = settings;
  if (mode === "disable") return null;
  const verify = verifies(settings);
  const anyHost = mode !== "verify-full" || acceptInvalidHostnames;
  return {
    host,
    servername: net.isIP(host) === 0 ? host : undefined,
    rejectUnauthorized: verify,
    ca: verify ? trustedRoots(caFile) : undefined,
    ...clientCertificate(settings),
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
