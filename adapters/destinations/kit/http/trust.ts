/** Certificates that are trusted beside the machine's: `ca_file`, and what the environment names. */
import { ConfigError } from "../../../../core/base/errors.ts";
import type { Env } from "../environment.ts";

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g;

/**
 * `ca_file`, else the file of the first variable that is set. The runtime itself knows NODE_EXTRA_CA_CERTS
 * and DENO_TLS_CA_STORE.
 * @param variables of the store's own tools, e.g. AWS_CA_BUNDLE.
 * @returns one PEM text per certificate.
 * @throws ConfigError for a file that cannot be read or holds no certificate.
 */
export async function trusted(
  caFile: string | undefined,
  env: Env,
  variables: readonly string[],
): Promise<readonly string[]> {
  if (caFile !== undefined) return await certificatesIn(caFile, "destination.ca_file");
  const variable = variables.find((name) => (env(name) ?? "") !== "");
  return variable === undefined ? [] : await certificatesIn(env(variable) ?? "", variable);
}

async function certificatesIn(file: string, namedBy: string): Promise<readonly string[]> {
  const problem = (what: string, cause?: unknown) =>
    new ConfigError(`${namedBy}: ${file} ${what}`, [], {
      hint: "Name a file with the certificate authority's certificate in PEM form.",
      cause,
    });
  let text: string;
  try {
    text = await Deno.readTextFile(file);
  } catch (cause) {
    throw problem("cannot be read", cause);
  }
  const certificates = text.match(CERTIFICATE);
  if (certificates === null) throw problem("holds no certificate");
  return certificates;
}
