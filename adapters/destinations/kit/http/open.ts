/** The HTTP client of a destination: what it trusts, and the proxies of the environment. */
import type { Env } from "../environment.ts";
import { HttpClient } from "./client.ts";
import { proxies } from "./proxy.ts";
import { trusted } from "./trust.ts";

/**
 * @param caVariables of the store's own tools, for a file of certificates: AWS_CA_BUNDLE.
 * @throws ConfigError for a file or a proxy that cannot be used.
 */
export async function openHttp(
  config: { readonly ca_file?: string },
  env: Env,
  caVariables: readonly string[] = [],
): Promise<HttpClient> {
  return new HttpClient({
    caCerts: await trusted(config.ca_file, env, caVariables),
    proxyFor: proxies(env),
  });
}
