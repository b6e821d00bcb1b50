/**
 * Credentials that a REST catalog hands out with a table (credential vending).
 * https://github.com/apache/iceberg/blob/main/open-api/rest-catalog-open-api.yaml, LoadTableResult
 */
import { registerPassword, registerSecret } from "../../../core/base/redact.ts";
import type {
  GrantedAccess,
  GrantedKeys,
  GrantedToken,
} from "../../../core/ports/granted_access.ts";
import type { JsonObject } from "./json.ts";
import { comparable } from "./paths.ts";

type Properties = Readonly<Record<string, unknown>>;

/** The least that a session of a cloud's token service lasts, for catalogs that do not say. */
const SESSION_MS = 15 * 60_000;

/** @param answer the catalog's, with the table that lies at `location` */
export function grantedAccess(answer: JsonObject, location: string): GrantedAccess | null {
  const properties: Properties = {
    ...answer.config as Properties | undefined,
    ...storageCredential(answer["storage-credentials"], location),
  };
  const access = {
    s3: keysOf(properties),
    gcs: tokenOf(properties),
    azure: signatureOf(properties, location),
  };
  return access.s3 === null && access.gcs === null && access.azure === null ? null : access;
}

/** Of those whose prefix the location has, the one with the longest. */
function storageCredential(list: unknown, location: string): Properties {
  const all = Array.isArray(list) ? list as { prefix?: unknown; config?: Properties }[] : [];
  let best = { length: -1, config: {} as Properties };
  for (const { prefix, config = {} } of all) {
    const text = comparable(String(prefix ?? ""));
    if (comparable(location).startsWith(text) && text.length > best.length) {
      best = { length: text.length, config };
    }
  }
  return best.config;
}

function textOf(properties: Properties, ...names: readonly string[]): string | null {
  for (const name of names) {
    const value = properties[name];
    if (value !== undefined && value !== null && value !== "") return String(value);
  }
  return null;
}

function secretOf(text: string): string {
  registerSecret(text);
  registerPassword(text);
  return text;
}

/** Catalogs have several names for it. */
function expiryOf(properties: Properties, ...names: readonly string[]): Date | null {
  const text = textOf(properties, ...names, "expiration-time");
  return text !== null && /^\d{1,15}$/.test(text) ? new Date(Number(text)) : null;
}

function keysOf(properties: Properties): GrantedKeys | null {
  const accessKeyId = textOf(properties, "s3.access-key-id");
  const secret = textOf(properties, "s3.secret-access-key");
  if (accessKeyId === null || secret === null) return null;
  const session = textOf(properties, "s3.session-token");
  const pathStyle = textOf(properties, "s3.path-style-access");
  return {
    accessKeyId,
    secretAccessKey: secretOf(secret),
    sessionToken: session === null ? null : secretOf(session),
    endpoint: textOf(properties, "s3.endpoint"),
    region: textOf(properties, "client.region", "s3.region"),
    pathStyle: pathStyle === null ? null : pathStyle.toLowerCase() === "true",
    expiresAt: expiryOf(properties, "s3.session-token-expires-at-ms") ??
      (session === null ? null : new Date(Date.now() + SESSION_MS)),
  };
}

function tokenOf(properties: Properties): GrantedToken | null {
  const token = textOf(properties, "gcs.oauth2.token");
  if (token === null) return null;
  const expiresAt = expiryOf(properties, "gcs.oauth2.token-expires-at");
  return { token: secretOf(token), expiresAt: expiresAt ?? new Date(Date.now() + SESSION_MS) };
}

const SIGNATURE = "adls.sas-token.";

/** Signatures are by account, which is called by its name or by its host. */
function signatureOf(properties: Properties, location: string): GrantedToken | null {
  const account = /@([^./]+)\./.exec(location)?.[1];
  for (const [name, value] of Object.entries(properties)) {
    if (!name.startsWith(SIGNATURE) || typeof value !== "string" || value === "") continue;
    const host = name.slice(SIGNATURE.length);
    if (host.split(".", 1)[0] !== account) continue;
    const token = secretOf(value.replace(/^\?/, ""));
    registerSecret(new URLSearchParams(token).get("sig") ?? undefined);
    const ends = new URLSearchParams(token).get("se");
    const expiresAt = expiryOf(properties, `adls.sas-token-expires-at-ms.${host}`) ??
      (ends === null ? null : new Date(ends));
    return { token, expiresAt };
  }
  return null;
}
