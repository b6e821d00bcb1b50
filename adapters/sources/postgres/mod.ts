/** PostgreSQL as a source. */
import type { ConnectOptions, Source, SourceFactory } from "../../../core/ports/source.ts";
import { Connection } from "./connection.ts";
import { dialect } from "./dialect.ts";
import { detectPooler } from "./pooler.ts";
import { type ConnectionSettings, resolveConnection } from "./settings.ts";
import { PostgresSource } from "./source.ts";

const NOT_ENCRYPTED =
  "TLS is not enforced — credentials and result rows cross the network in plaintext.";

function tlsWarning(options: ConnectOptions, settings: ConnectionSettings): string | null {
  if (options.source.tls !== undefined) return null;
  const { mode } = settings.tls;
  return mode === "disable" || mode === "prefer" ? NOT_ENCRYPTED : null;
}

async function connect(options: ConnectOptions): Promise<Source> {
  const settings = resolveConnection(options.source);
  const connection = await Connection.open(settings, options);
  const warnings: string[] = [];
  const info = { engine: "PostgreSQL", version: "", warnings };
  const source = new PostgresSource(connection, options.tuning, info, options.snapshot ?? null);
  try {
    const pooler = await detectPooler(async () => {
      const [[pid, version]] = await source.rows(
        "SELECT pg_catalog.pg_backend_pid(), pg_catalog.current_setting('server_version')",
      );
      info.version = version ?? "";
      return pid ?? "";
    });
    for (const warning of [tlsWarning(options, settings), pooler]) {
      if (warning !== null) warnings.push(warning);
    }
    return source;
  } catch (error) {
    await source.close();
    throw error;
  }
}

export const postgres: SourceFactory = { type: "postgres", dialect, connect };
