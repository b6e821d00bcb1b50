/**
 * The one place that translates failures of MySQL, MariaDB and their driver into `SourceError`s: by
 * error number first, then by the driver's or the system's code, by SQLSTATE, by message last. Unknown
 * is permanent. https://dev.mysql.com/doc/mysql-errors/8.4/en/server-error-reference.html
 */
import {
  type ErrorCategory,
  type ErrorCode,
  RivetError,
  SourceError,
} from "../../../core/base/errors.ts";
import { TlsError } from "../kit/tls_failure.ts";
import { UnknownServerKeyError } from "./auth.ts";

interface Verdict {
  readonly code: ErrorCode;
  readonly category: ErrorCategory;
  readonly hint?: string;
}

const CAPACITY: Verdict = {
  code: "SOURCE_CAPACITY",
  category: "capacity",
  hint: "The server is full, starting or stopping; it is tried again after a pause.",
};
const AUTH: Verdict = {
  code: "SOURCE_AUTH",
  category: "auth",
  hint: "Check user and password, and that the account may connect from this host.",
};
const AUTH_PLUGIN: Verdict = {
  code: "SOURCE_AUTH",
  category: "auth",
  hint: "Use an account with caching_sha2_password, mysql_native_password, ed25519 or parsec.",
};
const SERVER_KEY: Verdict = {
  code: "SOURCE_AUTH",
  category: "auth",
  hint: "Encrypt the connection: tls: {mode: verify-full}. Or name the server's key in " +
    "source.server_public_key_file; allow_public_key_retrieval: true takes any that is sent.",
};
const PERMISSION: Verdict = {
  code: "SOURCE_PERMISSION",
  category: "auth",
  hint: "Grant it: GRANT SELECT ON <database>.<table> TO <user>;",
};
const NO_SUCH_TABLE: Verdict = {
  code: "SOURCE_OBJECT_NOT_FOUND",
  category: "permanent",
  hint: "Check the table's name and database.",
};
const QUERY: Verdict = {
  code: "SOURCE_QUERY",
  category: "permanent",
  hint: "Correct the export's query.",
};
const READ_ONLY: Verdict = {
  code: "SOURCE_QUERY",
  category: "permanent",
  hint: "Exports run in read-only transactions; the query must not write.",
};
const LOCK_WAIT: Verdict = {
  code: "SOURCE_TIMEOUT",
  category: "timeout",
  hint: "Another session holds the lock; raise tuning.lock_timeout_s to wait longer.",
};
const DEADLOCK: Verdict = { code: "SOURCE_DEADLOCK", category: "deadlock" };
const UNREACHABLE: Verdict = {
  code: "SOURCE_UNREACHABLE",
  category: "network",
  hint: "Check host and port, and that a firewall lets this machine through.",
};
const DISCONNECTED: Verdict = { code: "SOURCE_DISCONNECTED", category: "disconnect" };
const STOPPING: Verdict = { ...CAPACITY, code: "SOURCE_DISCONNECTED" };
const PACKET: Verdict = {
  code: "SOURCE_QUERY",
  category: "permanent",
  hint: "Raise max_allowed_packet at the server, or read less per row.",
};
const TLS: Verdict = {
  code: "SOURCE_TLS",
  category: "permanent",
  hint: "Check source.tls: mode, ca_file, and that the certificate names this host.",
};
const TLS_WANTED: Verdict = {
  code: "SOURCE_TLS",
  category: "permanent",
  hint: "The server accepts encrypted connections only: write tls: {mode: verify-full}.",
};
const CANCELLED: Verdict = {
  code: "SOURCE_TIMEOUT",
  category: "permanent",
  hint: "Somebody cancelled the statement at the server.",
};

const BY_NUMBER: Readonly<Record<number, Verdict>> = {
  1040: CAPACITY, // too many connections
  1041: CAPACITY, // out of memory at the server
  1044: PERMISSION, // access denied to the database
  1045: AUTH, // access denied
  1046: {
    code: "SOURCE_OBJECT_NOT_FOUND",
    category: "permanent",
    hint:
      "Name the database in the URL (mysql://user:password@host:3306/database), or before each table.",
  },
  1049: {
    code: "SOURCE_OBJECT_NOT_FOUND",
    category: "permanent",
    hint: "Check the database name of the source.",
  },
  1051: NO_SUCH_TABLE,
  1053: STOPPING, // shutdown in progress
  1054: { code: "SOURCE_OBJECT_NOT_FOUND", category: "permanent" }, // unknown column
  1060: {
    code: "SOURCE_QUERY",
    category: "permanent",
    hint: "Name every column once: SELECT a.id, b.id AS b_id ...",
  },
  1064: QUERY, // syntax
  1079: STOPPING,
  1109: NO_SUCH_TABLE,
  1115: { code: "SOURCE_QUERY", category: "permanent" }, // unknown character set
  1129: AUTH, // host is blocked
  1130: AUTH, // host is not allowed to connect
  1142: PERMISSION, // command denied for the table
  1143: PERMISSION, // and for the column
  1146: NO_SUCH_TABLE,
  1152: DISCONNECTED, // aborted connection
  1153: PACKET,
  1158: DISCONNECTED, // network read and write errors
  1159: DISCONNECTED,
  1160: DISCONNECTED,
  1161: DISCONNECTED,
  1184: DISCONNECTED,
  1203: CAPACITY, // the user has too many connections
  1205: LOCK_WAIT,
  1206: CAPACITY, // the lock table is full
  1213: DEADLOCK,
  1226: CAPACITY, // the user's resource limit
  1227: PERMISSION,
  1251: AUTH_PLUGIN, // ER_NOT_SUPPORTED_AUTH_MODE
  1301: PACKET,
  1317: CANCELLED,
  1345: PERMISSION, // EXPLAIN of a view that the user cannot read
  1356: { ...NO_SUCH_TABLE, hint: "The view refers to tables or columns that are gone or hidden." },
  1370: PERMISSION,
  1412: {
    code: "SOURCE_QUERY",
    category: "permanent",
    hint: "The table was altered while its snapshot was read; run the export again.",
  },
  1698: AUTH, // the account logs in through the server's Unix socket only
  1792: READ_ONLY,
  1820: AUTH, // the password has expired
  1862: AUTH,
  1927: DISCONNECTED, // the connection was killed
  2006: DISCONNECTED, // server has gone away, passed on by a proxy
  2013: DISCONNECTED, // connection lost during the query
  3118: AUTH, // the account is locked
  3159: TLS_WANTED,
  3572: LOCK_WAIT, // NOWAIT
  4031: DISCONNECTED, // idle for too long
  4151: AUTH, // the account is locked (MariaDB)
  9001: CAPACITY, // ProxySQL has no server connection free
};

/** The code of an error that tells of a silent server. */
export const SILENT = "RIVET_SILENT";

/** By the code of Node's socket errors and of mysql2. */
const BY_DRIVER_CODE: Readonly<Record<string, Verdict>> = {
  ECONNREFUSED: UNREACHABLE,
  ENOTFOUND: UNREACHABLE,
  EAI_AGAIN: UNREACHABLE,
  EHOSTUNREACH: UNREACHABLE,
  ENETUNREACH: UNREACHABLE,
  ENOENT: UNREACHABLE,
  EACCES: UNREACHABLE,
  ETIMEDOUT: UNREACHABLE,
  ECONNRESET: DISCONNECTED,
  ECONNABORTED: DISCONNECTED,
  EPIPE: DISCONNECTED,
  PROTOCOL_CONNECTION_LOST: DISCONNECTED,
  PROTOCOL_UNEXPECTED_PACKET: DISCONNECTED,
  PROTOCOL_PACKETS_OUT_OF_ORDER: DISCONNECTED,
  [SILENT]: {
    code: "SOURCE_DISCONNECTED",
    category: "network",
    hint: "tuning.network_timeout_s is how long a silence may last.",
  },
  HANDSHAKE_NO_SSL_SUPPORT: TLS,
  HANDSHAKE_SSL_ERROR: TLS,
  AUTH_SWITCH_PLUGIN_ERROR: AUTH_PLUGIN,
};

/** By SQLSTATE, or by its class (the first two characters). */
const BY_SQLSTATE: Readonly<Record<string, Verdict>> = {
  "08": DISCONNECTED,
  "28": AUTH,
  "40": DEADLOCK,
  "42": QUERY,
  "25006": READ_ONLY,
  "70100": CANCELLED,
};

const BY_MESSAGE: readonly (readonly [RegExp, Verdict])[] = [
  [/auth(entication)? plugin|unknown plugin/i, AUTH_PLUGIN],
  [/gone away|lost connection|connection (reset|closed)|closed state|broken pipe/i, DISCONNECTED],
];

/** `max_execution_time` (MySQL) and `max_statement_time` (MariaDB) reached. */
const STATEMENT_TIMEOUTS: readonly number[] = [3024, 1969];

/** What the classifier may say about the statement that failed. */
export interface ErrorContext {
  /** Where the connection goes, e.g. `db.example.com:3306`. */
  readonly address: string;
  /** Seconds; 0 for none. */
  readonly statementTimeoutS: number;
}

interface DriverError {
  readonly errno?: number | string;
  readonly code?: string;
  readonly sqlState?: string;
  readonly message: string;
}

/** A statement that ran into its own timeout would do so again: permanent (contracts section 10). */
function timedOut({ statementTimeoutS }: ErrorContext): Verdict {
  const limit = statementTimeoutS === 0
    ? "It ran into the server's own limit"
    : `It ran into tuning.statement_timeout_s (${statementTimeoutS} s)`;
  return {
    code: "SOURCE_TIMEOUT",
    category: "permanent",
    hint: `${limit}: read smaller chunks, add an index on the chunk or cursor column, or raise it.`,
  };
}

function verdictOf(error: DriverError, context: ErrorContext): Verdict {
  if (error instanceof TlsError) {
    return error.hint === undefined ? TLS : { ...TLS, hint: error.hint };
  }
  if (error instanceof UnknownServerKeyError) return SERVER_KEY;
  const number = typeof error.errno === "number" ? error.errno : 0;
  if (STATEMENT_TIMEOUTS.includes(number)) return timedOut(context);
  const state = error.sqlState ?? "";
  return BY_NUMBER[number] ?? BY_DRIVER_CODE[error.code ?? ""] ??
    BY_SQLSTATE[state] ?? BY_SQLSTATE[state.slice(0, 2)] ??
    BY_MESSAGE.find(([pattern]) => pattern.test(error.message))?.[1] ??
    { code: "SOURCE_QUERY", category: "permanent" };
}

function messageOf(error: DriverError, verdict: Verdict, { address }: ErrorContext): string {
  switch (verdict.code) {
    case "SOURCE_UNREACHABLE":
      return `cannot reach MySQL at ${address}: ${error.message}`;
    case "SOURCE_TLS":
      return `no TLS connection to MySQL at ${address}: ${error.message}`;
    case "SOURCE_DISCONNECTED":
      return `the connection to MySQL at ${address} was lost: ${error.message}`;
    default:
      return `MySQL: ${error.message}`;
  }
}

/** Anything thrown while talking to the server; a `RivetError` is already classified and passes. */
export function classify(error: unknown, context: ErrorContext): RivetError {
  if (error instanceof RivetError) return error;
  const driver: DriverError = error instanceof Error ? error : new Error(String(error));
  const verdict = verdictOf(driver, context);
  const { errno, code } = driver;
  return new SourceError(verdict.code, messageOf(driver, verdict, context), {
    category: verdict.category,
    hint: verdict.hint,
    nativeCode: typeof errno === "number" && errno > 0 ? String(errno) : code,
    cause: error,
  });
}
