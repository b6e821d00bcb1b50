/**
 * What a channel is bound to: a hash of the server's certificate.
 * https://www.rfc-editor.org/rfc/rfc5929#section-4.1
 */
import { createHash, X509Certificate } from "node:crypto";

/** By the hash in the name of the certificate's signature; MD5 and SHA-1 count as SHA-256. */
const HASHES: readonly (readonly [RegExp, string])[] = [
  [/sha-?512/i, "sha512"],
  [/sha-?384/i, "sha384"],
  [/sha-?224/i, "sha224"],
  [/sha-?256|sha-?1|md5/i, "sha256"],
];

/** @param der the certificate. Null when its signature has no hash that is known (Ed25519, RSA-PSS). */
export function tlsServerEndPoint(der: Uint8Array): Uint8Array | null {
  const certificate = new X509Certificate(der);
  const name = "signatureAlgorithm" in certificate ? `${certificate.signatureAlgorithm}` : "";
  const hash = HASHES.find(([pattern]) => pattern.test(name))?.[1];
  return hash === undefined ? null : createHash(hash).update(der).digest();
}
