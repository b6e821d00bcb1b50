/** MySQL and MariaDB as a source. */
import { RivetError } from "../../../core/base/errors.ts";
import type { ConnectOptions, Source, SourceFactory } from "../../../core/ports/source.ts";
import { Connection } from "./connection.ts";
import { dialect } from "./dialect.ts";
import { type Ask, detectProxy, proxyWarning } from "./pooler.ts";
import {
  BEGIN_SQL,
  COMMIT_SQL,
  FIRST_SQL,
  flavorOf,
  type ServerFacts,
  VARIABLES_SQL,
} from "./session.ts";
import { type ConnectionSettings, resolveConnection } from "./settings.ts";
import { MysqlSource } from "./source.ts";

const NOT_ENCRYPTED =
  "TLS is not enforced — credentials and result rows cross the network in plaintext.";

/** Whoever wrote `tls: {mode: disable}` knows. */
function tlsWarning(
  { source }: ConnectOptions,
  { socket }: ConnectionSettings,
  { encrypted }: Connection,
): string | null {
  return source.tls === undefined && socket === undefined && !encrypted ? NOT_ENCRYPTED : null;
}

/** The major version of MySQL that has the function no more, but in a component. */
const MD5_LEFT = 9;
/** The major version from which on nobody has to be asked for window functions. */
const WINDOWS_CAME = 8;

/** Asks the server what it is, and tells the connection its limit. */
async function serverFacts(connection: Connection): Promise<ServerFacts> {
  // A proxy asks the same server from here to the transaction's end.
  await connection.exec(BEGIN_SQL);
  await connection.exec(FIRST_SQL);
  const { rows: [[version, versionComment]] } = await connection.query(
    "SELECT VERSION(), @@version_comment",
  );
  const { rows } = await connection.query(VARIABLES_SQL);
  const flavor = flavorOf(version ?? "");
  const major = Number.parseInt(version ?? "");
  const answers = async (sql: string) => await asking(connection)(sql) !== undefined;
  const hasMd5 = flavor === "MariaDB" || major < MD5_LEFT || await answers("SELECT MD5('')");
  const hasWindowFunctions = major >= WINDOWS_CAME || await answers("SELECT ROW_NUMBER() OVER ()");
  await connection.exec(COMMIT_SQL);
  const variables = new Map(rows.map(([name, value]) => [(name ?? "").toLowerCase(), value ?? ""]));
  const maxPacket = Number(variables.get("max_allowed_packet"));
  if (maxPacket > 0) connection.maxPacketBytes = maxPacket;
  const has = { hasMd5, hasWindowFunctions };
  return { flavor, version: version ?? "", versionComment, ...has, variables };
}

/** Answers `undefined` where the server refuses; a lost connection is still an error. */
function asking(connection: Connection): Ask {
  return async (sql) => {
    try {
      // Proxies know their own statements by the first word.
      return (await connection.queryUnlabelled(sql)).rows[0]?.[0] ?? null;
    } catch (error) {
      if (error instanceof RivetError && error.category === "disconnect") throw error;
      return undefined;
    }
  };
}

async function connect(options: ConnectOptions): Promise<Source> {
  const settings = resolveConnection(options.source);
  const { applicationName, tuning: { networkTimeoutS }, signal } = options;
  const connection = await Connection.open(settings, { applicationName, networkTimeoutS, signal });
  try {
    const facts = await serverFacts(connection);
    const proxy = await detectProxy(facts.versionComment, asking(connection));
    const found = [tlsWarning(options, settings, connection), proxyWarning(proxy)];
    const warnings = [...settings.warnings, ...found.filter((warning) => warning !== null)];
    const { flavor, version } = facts;
    const info = { engine: flavor, system: flavor.toLowerCase(), version, warnings };
    const source = new MysqlSource(connection, options.tuning, facts, info, proxy !== "Direct");
    await source.start();
    return source;
  } catch (error) {
    await connection.close();
    throw error;
  }
}

/** MySQL and MariaDB, directly or behind a proxy. */
export const mysql: SourceFactory = { type: "mysql", title: "MySQL", dialect, connect };
