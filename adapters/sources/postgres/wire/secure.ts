/** The upgrade of a connection to TLS. Loaded by those that are upgraded: the runtime's TLS is a part of its own. */
import net from "node:net";
import type tls from "node:tls";
import { clientCertificate } from "../../kit/client_certificate.ts";
import { tlsFailure } from "../../kit/tls_failure.ts";
import { trustedRoots } from "../../kit/trust.ts";
import type { ByteStream } from "../../kit/byte_stream.ts";
import { tlsServerEndPoint } from "./channel_binding.ts";
import { type TlsSettings, verifies } from "./tls_options.ts";
import { TlsStream } from "../../kit/tls_stream.ts";

/** An encrypted stream, and whom it leads to. */
export interface Secured {
  readonly stream: ByteStream;
  /** As the server showed it; null when it showed none. */
  readonly certificate: Uint8Array | null;
  /** What SCRAM can be bound to; null for a certificate whose hash is not known. */
  readonly endPoint: Uint8Array | null;
}

/**
 * @param presented asks for the certificate that the server shows, trusted or not, for the message about it.
 * @throws TlsError, or ConfigError for a file that cannot be used.
 */
export async function secured(
  stream: ByteStream,
  target: { readonly host: string; readonly tls: TlsSettings },
  presented: () => Promise<Uint8Array | null>,
): Promise<Secured> {
  const options = tlsOptions(target);
  try {
    const secure = await TlsStream.open(stream, options);
    const { certificate } = secure;
    return { stream: secure, certificate, endPoint: tlsServerEndPoint(certificate) };
  } catch (error) {
    throw await tlsFailure(error, () => verifies(target.tls) ? presented() : Promise.resolve(null));
  }
}

/** @throws ConfigError for a file that cannot be used. */
function tlsOptions(
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
