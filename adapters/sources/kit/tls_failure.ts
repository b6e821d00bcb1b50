/** Why a TLS connection did not come about, in words that say what to change. */
import { X509Certificate } from "node:crypto";
import { RivetError } from "../../../core/base/errors.ts";

/** A failed TLS negotiation; the classifier turns it into SOURCE_TLS. */
export class TlsError extends Error {
  override readonly name = "TlsError";
  readonly hint: string | undefined;

  constructor(message: string, options: { readonly hint?: string; readonly cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.hint = options.hint;
  }
}

/** Of a chain that was not accepted; the runtime says the same of an expired certificate. */
const UNTRUSTED: readonly string[] = [
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "CERT_HAS_EXPIRED",
  "CERT_NOT_YET_VALID",
];

/** Of a connection that ended; that it did so within a handshake says nothing of TLS. */
const LOST: readonly string[] = ["ECONNRESET", "ECONNABORTED", "EPIPE"];

const TRUST_HINT =
  "Name the authority's PEM file in source.tls.ca_file (sslrootcert in a URL), or add it to the " +
  "system's trust store; SSL_CERT_FILE names another file for that.";

/** What is wrong with a certificate that was not accepted. */
export function certificateProblem(der: Uint8Array, now: Date = new Date()): string {
  const certificate = new X509Certificate(der);
  const day = (text: string) => new Date(text).toISOString().slice(0, 10);
  if (new Date(certificate.validTo) < now) {
    return `the server's certificate expired on ${day(certificate.validTo)}`;
  }
  if (new Date(certificate.validFrom) > now) {
    return `the server's certificate is not valid before ${day(certificate.validFrom)}`;
  }
  const issuer = certificate.issuer.replaceAll("\n", ", ");
  return `the server's certificate is of an authority that is not trusted here (${issuer})`;
}

/** Whether a chain was not accepted, by the code of what said so. */
export function isUntrusted(code: string | undefined): boolean {
  return code !== undefined && UNTRUSTED.includes(code);
}

/**
 * @param error what the handshake threw.
 * @param presented asks for the certificate once more, unchecked; null when there is none to look at.
 */
export async function tlsFailure(
  error: unknown,
  presented: () => Promise<Uint8Array | null>,
): Promise<Error> {
  if (error instanceof RivetError || !(error instanceof Error)) return error as Error;
  const code = (error as { code?: string }).code ?? "";
  if (LOST.includes(code)) {
    const message = "the server closed the connection before TLS was agreed on";
    return Object.assign(new Error(message, { cause: error }), { code });
  }
  if (!isUntrusted(code)) return new TlsError(error.message, { cause: error });
  const certificate = await presented();
  if (certificate === null) {
    return new TlsError(error.message, { hint: TRUST_HINT, cause: error });
  }
  const message = certificateProblem(certificate);
  const hint = message.includes("not trusted") ? TRUST_HINT : undefined;
  return new TlsError(message, { hint, cause: error });
}
