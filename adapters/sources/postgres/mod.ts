/** PostgreSQL as a source. */
import type { ConnectOptions, Source, SourceFactory } from "../../../core/ports/source.ts";
import { Connection } from "./connection.ts";
import { dialect } from "./dialect.ts";
import { detectPooler } from "./pooler.ts";
import type { Session } from "./open.ts";
import { resolveConnection } from "./settings.ts";
import { PostgresSource } from "./source.ts";

const NOT_ENCRYPTED =
  "TLS is not enforced — credentials and result rows cross the network in plaintext.";

/** Whoever wrote `tls: {mode: disable}` knows. */
function tlsWarning({ source }: ConnectOptions, { confidential }: Session): string | null {
  return source.tls === undefined && !confidential ? NOT_ENCRYPTED : null;
}

async function connect(options: ConnectOptions): Promise<Source> {
  const resolved = resolveConnection(options.source);
  const { applicationName, tuning, signal } = options;
  const { networkTimeoutS } = tuning;
  const connection = await Connection.open(resolved, { applicationName, networkTimeoutS, signal });
  const warnings: string[] = [...resolved.warnings];
  const info = { engine: "PostgreSQL", system: "postgresql", version: "", warnings };
  const source = new PostgresSource(connection, tuning, info, options.snapshot ?? null);
  try {
    const pooler = await detectPooler(async () => {
      const { pid, version } = await source.backend();
      info.version = version;
      return pid;
    });
    if (pooler === null) source.knowsBackend();
    for (const warning of [tlsWarning(options, connection.session), pooler]) {
      if (warning !== null) warnings.push(warning);
    }
    return source;
  } catch (error) {
    await source.close();
    throw error;
  }
}

/** PostgreSQL's factory. */
export const postgres: SourceFactory = { type: "postgres", title: "Postgres", dialect, connect };
