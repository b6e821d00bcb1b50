/** What every object store needs: its addresses or the proxy in front of them, and a place for unfinished files. */
import { addressOfUrl, type EnvLookup, type Needs, together } from "../../../core/ports/needs.ts";
import { originOf } from "./http/message.ts";
import { proxies, PROXY_VARIABLES } from "./http/proxy.ts";
import { temporaryPath } from "./staging.ts";

/** Of what an opener has in its configuration. */
export interface StorePlace {
  /** Of the store and of whatever gives credentials for it. */
  readonly urls: readonly string[];
  readonly caFile: string | undefined;
  /** As `openHttp` takes them. */
  readonly caVariables?: readonly string[];
}

/** @throws ConfigError for a proxy that is no http:// URL. */
export function storeNeeds({ urls, caFile, caVariables = [] }: StorePlace, env: EnvLookup): Needs {
  const named = caVariables.map(env).find((file) => (file ?? "") !== "");
  const authorities = caFile ?? named;
  const place = temporaryPath();
  return together(httpNeeds(urls, env), {
    read: [place, ...(authorities === undefined ? [] : [authorities])],
    write: [place],
    env: ["TMPDIR", "TMP", "TEMP", ...caVariables],
    sys: ["uid"],
  });
}

/** Connections go to the proxy where one is set for the address. */
function httpNeeds(urls: readonly string[], env: EnvLookup): Needs {
  const proxyFor = proxies(env);
  const net = urls.flatMap((text) => {
    const direct = addressOfUrl(text);
    if (direct === null) return [];
    const proxy = proxyFor(originOf(new URL(text)));
    if (proxy === null) return [direct];
    const { hostname, port } = proxy.origin;
    return [hostname.includes(":") ? `[${hostname}]:${port}` : `${hostname}:${port}`];
  });
  return { net, env: [...PROXY_VARIABLES] };
}
