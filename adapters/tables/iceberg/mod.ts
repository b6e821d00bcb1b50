/** Iceberg tables of format version 2, as the port has them. */
import type { CatalogConfig } from "../../../core/config/schema.ts";
import { ConfigError } from "../../../core/base/errors.ts";
import { registerPassword, registerSecret } from "../../../core/base/redact.ts";
import type { Grants } from "../../../core/ports/granted_access.ts";
import type { EnvLookup } from "../../../core/ports/needs.ts";
import type { Table, TableFormat, TablePlace } from "../../../core/ports/table_format.ts";
import type { Catalog } from "./catalog.ts";
import { PathCatalog } from "./path_catalog.ts";
import { locationOf } from "./paths.ts";
import { RestCatalog } from "./rest_catalog.ts";
import { type RestAccess, RestClient } from "./rest_client.ts";
import { IcebergTable } from "./table.ts";

/** Iceberg, as the port has it. */
export const iceberg: TableFormat = {
  type: "iceberg",

  async open(place: TablePlace): Promise<Table> {
    const location = locationOf(place.store.uri);
    const catalog = openCatalog(place, location);
    return new IcebergTable(place, catalog, location, await catalog.load());
  },

  grants({ settings: { catalog, identifier }, env, signal }, asking): Grants | null {
    if (catalog === null || identifier === null) return null;
    const rest = restCatalog(catalog, identifier, env, signal);
    return (uri) => rest.grant(locationOf(uri), asking);
  },
};

function openCatalog({ store, settings, env, signal }: TablePlace, location: string): Catalog {
  const { catalog, identifier } = settings;
  if (catalog === null || identifier === null) return new PathCatalog(store, location);
  return restCatalog(catalog, identifier, env, signal);
}

function restCatalog(
  catalog: CatalogConfig,
  identifier: string,
  env: EnvLookup,
  signal: AbortSignal,
): RestCatalog {
  return new RestCatalog(new RestClient(restAccess(catalog, env), signal), identifier, signal);
}

const AT = "table_format.catalog";

function variable(env: EnvLookup, key: string, name: string): string {
  const text = env(name)?.trim();
  if (text !== undefined && text !== "") return text;
  throw new ConfigError(`${AT}.${key}: the environment variable ${name} is not set`);
}

function secretOf(env: EnvLookup, key: string, name: string): string {
  const text = variable(env, key, name);
  registerSecret(text);
  registerPassword(text);
  return text;
}

/** @throws ConfigError for a variable that is not set, or an address that is not http(s). */
export function catalogUri(catalog: CatalogConfig, env: EnvLookup): string {
  const { uri_env: name } = catalog;
  const text = name === undefined ? catalog.uri ?? "" : variable(env, "uri_env", name);
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol)) {
    const key = name === undefined ? "uri" : "uri_env";
    throw new ConfigError(`${AT}.${key}: not a http:// or https:// address`);
  }
  return text;
}

/** `client_id:client_secret`, or a secret alone. */
function credentialOf(text: string): RestAccess["credential"] {
  const colon = text.indexOf(":");
  const secret = colon < 0 ? text : text.slice(colon + 1);
  registerSecret(secret);
  registerPassword(secret);
  return { id: colon < 0 ? null : text.slice(0, colon), secret };
}

function restAccess(catalog: CatalogConfig, env: EnvLookup): RestAccess {
  const { token_env, credential_env } = catalog;
  return {
    uri: catalogUri(catalog, env),
    warehouse: catalog.warehouse ?? null,
    token: token_env === undefined ? null : secretOf(env, "token_env", token_env),
    credential: credential_env === undefined
      ? null
      : credentialOf(secretOf(env, "credential_env", credential_env)),
    oauthUri: catalog.oauth2_server_uri ?? null,
    scope: catalog.scope ?? "catalog",
  };
}
