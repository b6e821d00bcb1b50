/**
 * Encryption of the connection. SQL Server encrypts the login whatever a client asks for, and a session
 * either everything or nothing: here it is always everything. What `tls:` decides is whether the
 * server has to prove who it is.
 */
import net from "node:net";
import type tls from "node:tls";
import { trustedRoots } from "../kit/trust.ts";

/** `unchecked`: any certificate. `verify-ca`: a trusted one. `verify-full`: and it names the host. */
export type TlsMode = "unchecked" | "verify-ca" | "verify-full";

export interface TlsSettings {
  readonly mode: TlsMode;
  /** TLS from the first byte on (TDS 8.0, `encrypt=strict`) instead of inside of TDS. */
  readonly strict: boolean;
  readonly caFile: string | undefined;
}

/** What they are to the runtime. @throws ConfigError for a file of authorities that cannot be read. */
export function tlsOptions(
  { host, tls: { mode, strict, caFile } }: { readonly host: string; readonly tls: TlsSettings },
): tls.ConnectionOptions {
  return {
    servername: net.isIP(host) === 0 ? host : undefined,
    host,
    rejectUnauthorized: mode !== "unchecked",
    ca: mode === "unchecked" ? undefined : trustedRoots(caFile),
    // Behind the handshake of a newer one, servers say more of it, and the packets around it have ended.
    ...(strict ? { ALPNProtocols: ["tds/8.0"] } : { maxVersion: "TLSv1.2" }),
    ...(mode === "verify-full" ? {} : { checkServerIdentity: () => undefined }),
  };
}
