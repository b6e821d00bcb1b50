/** What a session is set to, so that every server and account answers alike (contracts section 10). */
import type { Tuning } from "../../../core/config/tuning.ts";
import { RivetError } from "../../../core/base/errors.ts";
import { quoteLiteral } from "./dialect.ts";

export type Flavor = "MySQL" | "MariaDB";

/** What the server says about itself when the session starts. */
export interface ServerFacts {
  readonly flavor: Flavor;
  readonly version: string;
  readonly versionComment: string | null;
  /** The checksum's hash. */
  readonly hasMd5: boolean;
  readonly hasWindowFunctions: boolean;
  /** The session's variables before it was set up, by name: those of `SESSION_VARIABLES` that there are. */
  readonly variables: ReadonlyMap<string, string>;
}

/** MariaDB writes its name into the version, e.g. `10.11.19-MariaDB-log`, also behind a `5.5.5-` prefix. */
export function flavorOf(version: string): Flavor {
  return /mariadb/i.test(version) ? "MariaDB" : "MySQL";
}

/**
 * Modes that would change what Rivet's own SQL means or returns: backslashes in literals, empty literals,
 * padding of CHAR, and comparisons with zero dates being errors. The others stay as the export's query
 * knows them.
 */
const UNWANTED_MODES = [
  "NO_BACKSLASH_ESCAPES",
  "EMPTY_STRING_IS_NULL",
  "PAD_CHAR_TO_FULL_LENGTH",
  "NO_ZERO_DATE",
  "NO_ZERO_IN_DATE",
  // Stands for a list that has the last two.
  "TRADITIONAL",
];

function without(list: string, unwanted: readonly string[]): string {
  return list.split(",").filter((word) => !unwanted.includes(word.trim().toUpperCase())).join(",");
}

export function sessionSqlMode(serverMode: string): string {
  return without(serverMode, UNWANTED_MODES);
}

/** The server gives up on a reader that is busy elsewhere after this; its defaults are short. */
const IDLE_S = 3600;
/** The largest values the servers take: no limit. */
const MAX_LOCK_WAIT_S = 31_536_000;
const MAX_64 = "18446744073709551615";
/** Bytes that a sort looks at: more than the longest key of an index has. */
const SORT_LENGTH = 8192;

type Timeouts = Pick<Tuning, "statementTimeoutS" | "lockTimeoutS">;
type Facts = Pick<ServerFacts, "flavor" | "variables">;

/** Without these, each read of a chunk would make the whole query's rows again. */
const WANTED_SWITCHES = /\b(derived_merge|\w*condition_pushdown\w*)=off\b/g;

/**
 * What would cut or bend a read, each as SET takes it, by the variable's name. A server that has no such
 * variable is not asked for it. Order matters: a join's limit takes the permission for big ones away.
 */
const SETTINGS: Readonly<Record<string, (facts: Facts, timeouts: Timeouts) => string>> = {
  sql_select_limit: () => MAX_64,
  max_join_size: () => MAX_64,
  sql_big_selects: () => "ON",
  completion_type: () => "'NO_CHAIN'",
  sql_mode: ({ variables }) => quoteLiteral(sessionSqlMode(variables.get("sql_mode") ?? "")),
  old_mode: ({ variables }) =>
    quoteLiteral(without(variables.get("old_mode") ?? "", ["ZERO_DATE_TIME_CAST"])),
  time_zone: () => "'+00:00'",
  timestamp: () => "DEFAULT",
  system_versioning_asof: () => "DEFAULT",
  character_set_client: () => "utf8mb4",
  character_set_results: () => "utf8mb4",
  character_set_collations: () => "''",
  collation_connection: ({ variables }) =>
    variables.has("default_collation_for_utf8mb4") ? "utf8mb4_0900_ai_ci" : "utf8mb4_general_ci",
  default_regex_flags: () => "''",
  lc_time_names: () => "'en_US'",
  // Names are taken from messages.
  lc_messages: () => "'en_US'",
  default_week_format: () => "0",
  div_precision_increment: () => "4",
  group_concat_max_len: ({ variables }) => variables.get("max_allowed_packet") ?? MAX_64,
  max_recursive_iterations: () => "4294967295",
  max_sort_length: () => String(SORT_LENGTH),
  sql_auto_is_null: () => "OFF",
  sql_buffer_result: () => "OFF",
  // Statistics of tables are as old as that.
  information_schema_stats_expiry: () => "0",
  show_gipk_in_create_table_and_information_schema: () => "ON",
  optimizer_switch: ({ variables }) => {
    const off = variables.get("optimizer_switch")?.matchAll(WANTED_SWITCHES) ?? [];
    return quoteLiteral([...off].map(([, name]) => `${name}=on`).join(","));
  },
  max_statement_time: (_, { statementTimeoutS }) => String(statementTimeoutS),
  max_execution_time: (_, { statementTimeoutS }) => String(statementTimeoutS * 1000),
  lock_wait_timeout: (_, timeouts) => lockWait(timeouts),
  innodb_lock_wait_timeout: (_, timeouts) => lockWait(timeouts),
  net_write_timeout: () => String(IDLE_S),
  wait_timeout: () => String(IDLE_S),
  idle_transaction_timeout: () => "0",
  idle_readonly_transaction_timeout: () => "0",
};

function lockWait({ lockTimeoutS }: Timeouts): string {
  return String(lockTimeoutS === 0 ? MAX_LOCK_WAIT_S : lockTimeoutS);
}

/** What the settings are made from, beside themselves. */
const FACTS = ["max_allowed_packet", "default_collation_for_utf8mb4"];

/** Asks for the session's variables. */
export const VARIABLES_SQL = "SHOW SESSION VARIABLES WHERE Variable_name IN (" +
  [...Object.keys(SETTINGS), ...FACTS].map(quoteLiteral).join(", ") + ")";

/** A variable and what it is set to, as SET takes it. */
export type Setting = readonly [name: string, value: string];

/** None touches the transaction, so that they may be repeated inside of one. */
export function sessionSettings(facts: Facts, timeouts: Timeouts): Setting[] {
  return Object.entries(SETTINGS).filter(([name]) => facts.variables.has(name))
    .map(([name, value]) => [name, value(facts, timeouts)]);
}

export function settingsSql(settings: readonly Setting[]): string {
  return `SET ${settings.map(([name, value]) => `SESSION ${name} = ${value}`).join(", ")}`;
}

/** Before anything is asked: what would cut the answers, or leave a transaction open or the server. */
export const FIRST_SQL = settingsSql([
  ["completion_type", "'NO_CHAIN'"],
  ["sql_select_limit", MAX_64],
  ["max_join_size", MAX_64],
  ["sql_big_selects", "ON"],
]);

/**
 * Sets the session up with `run`. A variable that this account must not set may stay when it already is as it
 * is wanted.
 * @returns the settings that can be made.
 */
export async function setUp(
  run: (sql: string) => Promise<void>,
  facts: Facts,
  timeouts: Timeouts,
): Promise<Setting[]> {
  const settings = sessionSettings(facts, timeouts);
  try {
    await run(settingsSql(settings));
    return settings;
  } catch (error) {
    if (!(error instanceof RivetError) || error.category === "disconnect") throw error;
  }
  const made: Setting[] = [];
  for (const setting of settings) {
    try {
      await run(settingsSql([setting]));
      made.push(setting);
    } catch (error) {
      if (!isAsWanted(setting, facts)) throw error;
    }
  }
  return made;
}

function isAsWanted([name, value]: Setting, { variables }: Facts): boolean {
  return variables.get(name)?.toUpperCase() === value.replaceAll("'", "").toUpperCase();
}

const STATEMENT_LIMITS = ["max_statement_time", "max_execution_time"];

/** Lifts the limit of each statement, or sets it again; null where the server has none. */
export function statementLimitSql(settings: readonly Setting[], lifted: boolean): string | null {
  const limits = settings.filter(([name]) => STATEMENT_LIMITS.includes(name));
  if (limits.length === 0) return null;
  return settingsSql(limits.map(([name, value]) => [name, lifted ? "0" : value]));
}

/** A consistent snapshot exists in this isolation only, whatever the server's default is. */
export const ISOLATION_SQL = "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ";
export const AUTOCOMMIT_SQL = "SET SESSION autocommit = ON";
export const BEGIN_SQL = "START TRANSACTION READ ONLY";
export const BEGIN_SNAPSHOT_SQL = "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY";
/** Whatever `completion_type` says. */
export const COMMIT_SQL = "COMMIT AND NO CHAIN NO RELEASE";
export const ROLLBACK_SQL = "ROLLBACK AND NO CHAIN NO RELEASE";
