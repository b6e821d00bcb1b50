/** What an Iceberg table needs beside its destination: its catalog. */
import type { TableFormatConfig } from "../../../core/config/schema.ts";
import { addressOfUrl, type Needs, type NeedsOf } from "../../../core/ports/needs.ts";
import { catalogUri } from "./mod.ts";

/** The catalog's host, and that of its tokens. The runtime itself takes proxies from the environment. */
export const icebergNeeds: NeedsOf<TableFormatConfig> = ({ catalog }, env): Needs => {
  if (catalog === undefined) return {};
  const hosts = [catalogUri(catalog, env), catalog.oauth2_server_uri];
  const names = [catalog.uri_env, catalog.token_env, catalog.credential_env];
  const known = (text: string | undefined): text is string => text !== undefined;
  return {
    net: hosts.filter(known).map((text) => addressOfUrl(text) ?? "*"),
    env: names.filter(known),
    notes: ["the catalog may name another address for its requests, and for the store"],
  };
};
