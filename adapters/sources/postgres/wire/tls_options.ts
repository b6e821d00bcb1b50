/** What a source asks of TLS. */

/** `allow` and `prefer` are a URL's sslmode: plaintext or TLS first, and then the other. */
export type TlsMode = "disable" | "allow" | "prefer" | "require" | "verify-ca" | "verify-full";

/** What is asked of TLS. */
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
