/** What every source needs whatever its engine: the files and variables that its block names. */
import type { Needs } from "../../../core/ports/needs.ts";
import type { SourceConfig } from "../../../core/config/schema.ts";
import { SYSTEM_ROOTS } from "./system_roots.ts";

/** TLS files of a connection; the system's own authorities need none. */
export interface TlsFiles {
  readonly caFile?: string;
  readonly certFile?: string;
  readonly keyFile?: string;
}

function named(...values: readonly (string | undefined)[]): string[] {
  return values.filter((value) => value !== undefined);
}

/** Of the block, and of the connection's TLS files, which a URL may name, too. */
export function sourceNeeds(source: SourceConfig, tls: TlsFiles): Needs {
  const authorities = tls.caFile === SYSTEM_ROOTS ? undefined : tls.caFile;
  return {
    read: named(source.url_file, authorities, tls.certFile, tls.keyFile),
    env: [
      ...named(source.url_env, source.password_env),
      ...["DENO_TLS_CA_STORE", "DENO_CERT"],
    ],
  };
}
