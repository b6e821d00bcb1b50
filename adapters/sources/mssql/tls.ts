/**
 * Encryption of the connection. SQL Server encrypts the login whatever a client asks for, and tedious
 * encrypts either everything or nothing: here it is always everything. What `tls:` decides is whether the
 * server has to prove who it is.
 */
import { readFileSync } from "node:fs";
import type { TLSSocket } from "node:tls";
import { ConfigError } from "../../../core/base/errors.ts";

/** `unchecked`: any certificate. `verify-ca`: a trusted one. `verify-full`: and it names the host. */
export type TlsMode = "unchecked" | "verify-ca" | "verify-full";

export interface TlsSettings {
  readonly mode: TlsMode;
  /** TLS from the first byte on (TDS 8.0, `encrypt=strict`) instead of inside of TDS. */
  readonly strict: boolean;
  readonly caFile: string | undefined;
}

/** The options of tedious that say so. */
export interface DriverTls {
  readonly encrypt: true | "strict";
  readonly trustServerCertificate: boolean;
  readonly cryptoCredentialsDetails: { readonly ca?: string };
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

export function driverTls({ mode, strict, caFile }: TlsSettings): DriverTls {
  return {
    encrypt: strict ? "strict" : true,
    // For verify-ca too: tedious would check the host, so `certificateProblem` checks the rest.
    trustServerCertificate: mode !== "verify-full",
    cryptoCredentialsDetails: caFile === undefined ? {} : { ca: readCa(caFile) },
  };
}

const WRONG_HOST = "ERR_TLS_CERT_ALTNAME_INVALID";

/** Why the certificate of a handshake that is done is not good enough; null when it is. */
export function certificateProblem(
  { mode }: TlsSettings,
  socket: Pick<TLSSocket, "authorized" | "authorizationError">,
): string | null {
  if (mode === "unchecked" || socket.authorized) return null;
  const problem = socket.authorizationError as string | Error | undefined;
  const text = problem instanceof Error ? problem.message : problem ?? "unknown";
  const code = problem instanceof Error ? (problem as { code?: string }).code : problem;
  return mode === "verify-ca" && code === WRONG_HOST
    ? null
    : `the certificate is refused (${text})`;
}
