/**
 * Encryption of the connection. SQL Server encrypts the login whatever a client asks for, and tedious
 * encrypts either everything or nothing: here it is always everything. What `tls:` decides is whether the
 * server has to prove who it is.
 */
import type { TLSSocket } from "node:tls";
import { certificateProblem as problemOf, isUntrusted } from "../kit/tls_failure.ts";
import { trustedRoots } from "../kit/trust.ts";

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
  readonly cryptoCredentialsDetails: { readonly ca?: string | string[] };
}

/** @throws ConfigError for a file of authorities that cannot be read. */
export function driverTls({ mode, strict, caFile }: TlsSettings): DriverTls {
  const ca = mode === "unchecked" && !strict ? undefined : trustedRoots(caFile);
  return {
    encrypt: strict ? "strict" : true,
    // For verify-ca too: tedious would check the host, so `certificateProblem` checks the rest.
    trustServerCertificate: mode !== "verify-full",
    cryptoCredentialsDetails: ca === undefined ? {} : { ca },
  };
}

const WRONG_HOST = "ERR_TLS_CERT_ALTNAME_INVALID";

/** What the server has shown (DER). */
export function certificateOf(socket: Pick<TLSSocket, "getPeerCertificate">): Uint8Array | null {
  return socket.getPeerCertificate(true)?.raw ?? null;
}

/** Why the certificate of a handshake that is done is not good enough; null when it is. */
export function certificateProblem(
  { mode }: TlsSettings,
  socket: Pick<TLSSocket, "authorized" | "authorizationError" | "getPeerCertificate">,
): string | null {
  if (mode === "unchecked" || socket.authorized) return null;
  const problem = socket.authorizationError as string | Error | undefined;
  const text = problem instanceof Error ? problem.message : problem ?? "unknown";
  const code = problem instanceof Error ? (problem as { code?: string }).code : problem;
  if (mode === "verify-ca" && code === WRONG_HOST) return null;
  const shown = isUntrusted(code) ? certificateOf(socket) : null;
  return shown === null ? `the certificate is refused (${text})` : problemOf(shown);
}
