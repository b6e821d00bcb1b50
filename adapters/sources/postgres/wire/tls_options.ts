/** What a source's TLS settings are to the runtime. */
import { createPrivateKey } from "node:crypto";
import { readFileSync } from "node:fs";
import net from "node:net";
import type tls from "node:tls";
import { ConfigError } from "../../../../core/base/errors.ts";
import { trustedRoots } from "../../kit/trust.ts";

/** `allow` and `prefer` are a URL's sslmode: plaintext or TLS first, and then the other. */
export type TlsMode = "disable" | "allow" | "prefer" | "require" | "verify-ca" | "verify-full";

export interface TlsSettings {
  readonly mode: TlsMode;
  /** PEM file of the authorities to trust; `system`: those of the system alone. */
  readonly caFile: string | undefined;
  /** PEM files of a client certificate. */
  readonly certFile: string | undefined;
  readonly keyFile: string | undefined;
  readonly keyPassword: string | undefined;
  readonly acceptInvalidCerts: boolean;
  readonly acceptInvalidHostnames: boolean;
  /** The handshake comes first, without a request for it (`sslnegotiation=direct`, PostgreSQL 17). */
  readonly direct: boolean;
  readonly minVersion: "TLSv1.2" | "TLSv1.3";
}

/** Whether the server's certificate is checked. As libpq does it, `require` checks it when it has a CA file. */
export function verifies({ mode, caFile, acceptInvalidCerts }: TlsSettings): boolean {
  if (acceptInvalidCerts) return false;
  return mode === "verify-ca" || mode === "verify-full" || caFile !== undefined;
}

function readPem(path: string, what: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    const why = (error as { code?: string }).code ?? "I/O error";
    throw new ConfigError(`the ${what} ${path} cannot be read (${why})`, [], { cause: error });
  }
}

/** Decrypted here: the runtime would go on without a key that it cannot read. */
function readKey(path: string, passphrase: string | undefined): string {
  const key = readPem(path, "client key (source.tls.key_file, sslkey)");
  try {
    return createPrivateKey({ key, passphrase }).export({ type: "pkcs8", format: "pem" })
      .toString();
  } catch (error) {
    throw new ConfigError(`the client key ${path} cannot be used`, [], {
      hint: passphrase === undefined
        ? "It is to be an unencrypted private key in PEM form."
        : "Check sslpassword.",
      cause: error,
    });
  }
}

function clientCertificate(
  { certFile, keyFile, keyPassword }: TlsSettings,
): Pick<tls.ConnectionOptions, "cert" | "key"> {
  if (certFile === undefined || keyFile === undefined) return {};
  return {
    cert: readPem(certFile, "client certificate (source.tls.cert_file, sslcert)"),
    key: readKey(keyFile, keyPassword),
  };
}

/** @throws ConfigError for a file that cannot be used. */
export function tlsOptions(
  { host, tls }: { readonly host: string; readonly tls: TlsSettings },
): tls.ConnectionOptions {
  const anyHost = tls.mode !== "verify-full" || tls.acceptInvalidHostnames;
  return {
    servername: net.isIP(host) === 0 ? host : undefined,
    host,
    rejectUnauthorized: verifies(tls),
    ca: verifies(tls) ? trustedRoots(tls.caFile) : undefined,
    minVersion: tls.minVersion,
    ...clientCertificate(tls),
    ...(tls.direct ? { ALPNProtocols: ["postgresql"] } : {}),
    ...(anyHost ? { checkServerIdentity: () => undefined } : {}),
  };
}
