/** What a session is set to, so that every server answers alike (contracts section 10). */
import type { Tuning } from "../../../core/config/tuning.ts";
import { quoteLiteral } from "./dialect.ts";

export type Flavor = "MySQL" | "MariaDB";

/** What the server says about itself when the session starts. */
export interface ServerFacts {
  readonly flavor: Flavor;
  readonly version: string;
  readonly versionComment: string | null;
  /** `@@SESSION.sql_mode` as the server's default set it. */
  readonly sqlMode: string;
}

/** MariaDB writes its name into the version, e.g. `10.11.19-MariaDB-log`, also behind a `5.5.5-` prefix. */
export function flavorOf(version: string): Flavor {
  return /mariadb/i.test(version) ? "MariaDB" : "MySQL";
}

/**
 * Modes that would change what Rivet's own SQL means or returns: backslashes in literals, padding of
 * CHAR, and comparisons with zero dates being errors. The others stay as the export's query knows them.
 */
const UNWANTED_MODES = new Set([
  "NO_BACKSLASH_ESCAPES",
  "PAD_CHAR_TO_FULL_LENGTH",
  "NO_ZERO_DATE",
  "NO_ZERO_IN_DATE",
  // Stands for a list that has the last two.
  "TRADITIONAL",
]);

export function sessionSqlMode(serverMode: string): string {
  return serverMode.split(",").filter((mode) => !UNWANTED_MODES.has(mode.trim().toUpperCase()))
    .join(",");
}

/** The server gives up on a reader that is busy elsewhere after this; its default of 60 s is short. */
const NET_WRITE_TIMEOUT_S = 3600;
/** The largest values the servers take: no limit. */
const MAX_LOCK_WAIT_S = 31_536_000;

type Timeouts = Pick<Tuning, "statementTimeoutS" | "lockTimeoutS">;

/** One SET statement. It leaves the transaction alone, so that it may be repeated inside of one. */
export function sessionSql(
  facts: Pick<ServerFacts, "flavor" | "sqlMode">,
  { statementTimeoutS, lockTimeoutS }: Timeouts,
): string {
  const statementTimeout: Record<string, string> = facts.flavor === "MariaDB"
    ? { max_statement_time: String(statementTimeoutS) }
    : { max_execution_time: String(statementTimeoutS * 1000) };
  const lockWait = String(lockTimeoutS === 0 ? MAX_LOCK_WAIT_S : lockTimeoutS);
  const settings: Readonly<Record<string, string>> = {
    time_zone: "'+00:00'",
    sql_mode: quoteLiteral(sessionSqlMode(facts.sqlMode)),
    character_set_client: "utf8mb4",
    character_set_connection: "utf8mb4",
    character_set_results: "utf8mb4",
    ...statementTimeout,
    lock_wait_timeout: lockWait,
    innodb_lock_wait_timeout: lockWait,
    net_write_timeout: String(NET_WRITE_TIMEOUT_S),
  };
  const list = Object.entries(settings).map(([name, value]) => `SESSION ${name} = ${value}`);
  return `SET ${list.join(", ")}`;
}

/** A consistent snapshot exists in this isolation only, whatever the server's default is. */
export const ISOLATION_SQL = "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ";
export const BEGIN_SQL = "START TRANSACTION READ ONLY";
export const BEGIN_SNAPSHOT_SQL = "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY";
