/** SQL Server as a source. */
import type { ConnectOptions, Source, SourceFactory } from "../../../core/ports/source.ts";
import { onlyHelps } from "../../../core/access/only_helps.ts";
import { Connection } from "./connection.ts";
import { dialect } from "./dialect.ts";
import type { RunRows } from "../kit/run_rows.ts";
import { classifyRoute, type Route, ROUTE_WARNINGS } from "./pooler.ts";
import { resolveConnection } from "./settings.ts";
import { MssqlSource } from "./source.ts";

const UNCHECKED =
  "the server's certificate is not checked: the connection is encrypted, but whoever answers it is trusted; write tls: {mode: verify-full}";
const NO_SNAPSHOTS =
  "the database does not allow snapshot isolation: the pages of an export see its table at different moments; ALTER DATABASE ... SET ALLOW_SNAPSHOT_ISOLATION ON makes them one";

/** What a server tells about itself, as far as it does. */
interface About {
  readonly version: string;
  readonly route: Route;
  readonly snapshots: boolean;
  /** `@@SPID`; null: not told, or not the same from statement to statement. */
  readonly sessionId: number | null;
}

const SERVER = `SELECT @@SPID, CAST(SERVERPROPERTY('ProductVersion') AS nvarchar(128)),
  CAST(SERVERPROPERTY('EngineEdition') AS int)`;
const DATABASE = `SELECT @@SPID,
  (SELECT CAST(snapshot_isolation_state AS int) FROM sys.databases WHERE database_id = DB_ID())`;

/** Two statements, so that a session that changes in between is seen. */
async function about(rows: RunRows): Promise<About> {
  const ask = async (what: string, sql: string) =>
    (await onlyHelps(what, () => rows(sql), []))[0] ?? [];
  const [first = null, version = null, edition = null] = await ask("the server's version", SERVER);
  const [second = null, snapshots = null] = await ask("the database's snapshots", DATABASE);
  const known = first !== null && second !== null;
  return {
    version: version ?? "",
    route: classifyRoute({
      sessions: known ? [first, second] : ["", ""],
      engineEdition: edition === null ? null : Number(edition),
    }),
    snapshots: snapshots === "1",
    sessionId: known && first === second ? Number(first) : null,
  };
}

async function connect(options: ConnectOptions): Promise<Source> {
  const settings = resolveConnection(options.source);
  const { applicationName, tuning: { networkTimeoutS }, signal } = options;
  const connection = await Connection.open(settings, { applicationName, networkTimeoutS, signal });
  const warnings: string[] = [...settings.warnings];
  const info = { engine: "SQL Server", system: "microsoft.sql_server", version: "", warnings };
  const source = new MssqlSource(connection, options.tuning, info);
  try {
    const { version, route, snapshots, sessionId } = await about((sql) => source.rows(sql));
    const multiplexed = route === "Multiplexed";
    source.traits = { multiplexed, snapshots: snapshots && !multiplexed };
    info.version = version;
    connection.sessionId = sessionId;
    if (options.source.tls === undefined && settings.tls.mode === "unchecked") {
      warnings.push(UNCHECKED);
    }
    const routed = ROUTE_WARNINGS[route];
    if (routed !== null) warnings.push(routed);
    if (!snapshots) warnings.push(NO_SNAPSHOTS);
    return source;
  } catch (error) {
    await source.close();
    throw error;
  }
}

/** SQL Server 2016 and later, and Azure SQL. */
export const mssql: SourceFactory = { type: "mssql", title: "SQL Server", dialect, connect };
