/**
 * What protects an artifact: a hash over all of its fields against mistakes (PA2, PA10), and a signature
 * with a shared key against those who can write the file and compute the hash anew.
 */
import { ConfigError } from "../base/errors.ts";
import { registerSecret } from "../base/redact.ts";
import { canonicalJson, integrityOf } from "./canonical.ts";

/** Of the fields and of what the seal covers. */
export const ARTIFACT_VERSION = 2;

type Fields = Readonly<Record<string, unknown>>;

/** Every field but the hash itself, and the signature, which is over the hash too. */
export function sealOf(artifact: object): Promise<string> {
  const { integrity: _, signature: __, ...fields } = artifact as Fields;
  return integrityOf(fields);
}

const PREFIX = "hmac-sha256:";
const MIN_KEY = 16;

/** A key for `--sign-key-env` and `--verify-key-env`. @throws ConfigError when there is none to use. */
export function signingKey(
  env: (name: string) => string | undefined,
  flag: string,
  variable: string,
): string {
  const key = env(variable)?.trim() ?? "";
  registerSecret(key);
  if (key.length >= MIN_KEY) return key;
  const state = key === "" ? "which is not set" : `which holds less than ${MIN_KEY} characters`;
  throw new ConfigError(`${flag} names the environment variable ${variable}, ${state}`, [], {
    code: "USAGE",
    hint: "A key is made with e.g. `openssl rand -hex 32`, and is the same for plan and apply.",
  });
}

async function hmacKey(key: string, use: "sign" | "verify"): Promise<CryptoKey> {
  const bytes = new TextEncoder().encode(key);
  return await crypto.subtle.importKey("raw", bytes, { name: "HMAC", hash: "SHA-256" }, false, [
    use,
  ]);
}

function signedBytes(artifact: object): Uint8Array<ArrayBuffer> {
  const { signature: _, ...fields } = artifact as Fields;
  return new TextEncoder().encode(canonicalJson(fields));
}

/** `hmac-sha256:<hex>` over every field but the signature. */
export async function signatureOf(artifact: object, key: string): Promise<string> {
  const hmac = await crypto.subtle.sign("HMAC", await hmacKey(key, "sign"), signedBytes(artifact));
  return PREFIX + new Uint8Array(hmac).toHex();
}

/** Whether the artifact's signature was made with the key. */
export async function isSigned(artifact: object, key: string): Promise<boolean> {
  const { signature } = artifact as Fields;
  if (typeof signature !== "string" || !/^hmac-sha256:[0-9a-f]{64}$/.test(signature)) return false;
  const hmac = Uint8Array.fromHex(signature.slice(PREFIX.length));
  return await crypto.subtle.verify(
    "HMAC",
    await hmacKey(key, "verify"),
    hmac,
    signedBytes(artifact),
  );
}
