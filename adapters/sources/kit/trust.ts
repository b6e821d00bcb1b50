/** Whose certificates are trusted. */
import { readFileSync } from "node:fs";
import tls from "node:tls";
import { ConfigError } from "../../../core/base/errors.ts";
import { SYSTEM_ROOTS } from "./system_roots.ts";

/** Environment variables that tell the runtime which authorities to trust. */
const RUNTIME_STORE = ["DENO_TLS_CA_STORE", "DENO_CERT"];

/**
 * The `ca` option of a TLS connection: the authorities of `caFile` and no others, or those of the system
 * (SSL_CERT_FILE and SSL_CERT_DIR name other places), unless the environment tells the runtime which to
 * take. Undefined: the runtime's own list, also for a system that has none.
 * @throws ConfigError for a file that cannot be read.
 */
export function trustedRoots(caFile: string | undefined): string | string[] | undefined {
  if (caFile !== undefined && caFile !== SYSTEM_ROOTS) return readRoots(caFile);
  const told = RUNTIME_STORE.some((name) => (Deno.env.get(name) ?? "") !== "");
  if (told && caFile === undefined) return undefined;
  const system = tls.getCACertificates("system");
  return system.length === 0 ? undefined : system;
}

function readRoots(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    const why = (error as { code?: string }).code ?? "I/O error";
    throw new ConfigError(`the file of authorities ${path} cannot be read (${why})`, [], {
      hint: "source.tls.ca_file (sslrootcert in a URL) names it.",
      cause: error,
    });
  }
}
