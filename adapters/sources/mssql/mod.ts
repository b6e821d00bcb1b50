/** SQL Server as a source. */
import type { ConnectOptions, Source, SourceFactory } from "../../../core/ports/source.ts";
import { Connection } from "./connection.ts";
import { dialect } from "./dialect.ts";
import { classifyRoute, ROUTE_WARNINGS } from "./pooler.ts";
import { resolveConnection } from "./settings.ts";
import { MssqlSource } from "./source.ts";

const UNCHECKED =
  "the server's certificate is not checked: the connection is encrypted, but whoever answers it is trusted; write tls: {mode: verify-full}";
const NO_SNAPSHOTS =
  "the database does not allow snapshot isolation: the pages of an export see its table at different moments; ALTER DATABASE ... SET ALLOW_SNAPSHOT_ISOLATION ON makes them one";

const ABOUT = `SELECT @@SPID, CAST(SERVERPROPERTY('ProductVersion') AS nvarchar(128)),
  CAST(SERVERPROPERTY('EngineEdition') AS int),
  (SELECT CAST(snapshot_isolation_state AS int) FROM sys.databases WHERE database_id = DB_ID())`;

async function connect(options: ConnectOptions): Promise<Source> {
  const settings = resolveConnection(options.source);
  const connection = await Connection.open(settings, options);
  const warnings: string[] = [];
  const info = { engine: "SQL Server", version: "", warnings };
  const source = new MssqlSource(connection, options.tuning, info);
  try {
    const [[first, version, edition, snapshots]] = await source.rows(ABOUT);
    const [[second]] = await source.rows("SELECT @@SPID");
    const route = classifyRoute({
      sessions: [first ?? "", second ?? ""],
      engineEdition: edition === null ? null : Number(edition),
    });
    const multiplexed = route === "Multiplexed";
    source.traits = { multiplexed, snapshots: snapshots === "1" && !multiplexed };
    info.version = version ?? "";
    if (options.source.tls === undefined && settings.tls.mode === "unchecked") {
      warnings.push(UNCHECKED);
    }
    const routed = ROUTE_WARNINGS[route];
    if (routed !== null) warnings.push(routed);
    if (snapshots !== "1") warnings.push(NO_SNAPSHOTS);
    return source;
  } catch (error) {
    await source.close();
    throw error;
  }
}

export const mssql: SourceFactory = { type: "mssql", dialect, connect };
