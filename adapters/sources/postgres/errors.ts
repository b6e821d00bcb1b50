/**
 * The one place that translates failures of PostgreSQL and the way to it into `SourceError`s: by SQLSTATE
 * first, then by the system's error code, by message last. Unknown is permanent.
 * https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
import {
  type ErrorCategory,
  type ErrorCode,
  RivetError,
  SourceError,
} from "../../../core/base/errors.ts";
import { LoginError } from "./wire/login_error.ts";
import { ProtocolError } from "./wire/protocol_error.ts";
import { TlsError } from "../kit/tls_failure.ts";
import { SILENT } from "./wire/wire.ts";

interface Verdict {
  readonly code: ErrorCode;
  readonly category: ErrorCategory;
  readonly hint?: string;
  /** The server's own hint says less. */
  readonly insists?: boolean;
}

const BUSY = "The server is full, starting or stopping; it is tried again after a pause.";

/** By SQLSTATE, or by its class (the first two characters). */
const BY_SQLSTATE: Readonly<Record<string, Verdict>> = {
  "08": { code: "SOURCE_DISCONNECTED", category: "disconnect" },
  "0A": { code: "SOURCE_QUERY", category: "permanent" },
  "22": { code: "SOURCE_QUERY", category: "permanent" },
  "25006": {
    code: "SOURCE_QUERY",
    category: "permanent",
    hint: "Exports run in read-only transactions; the query must not write.",
  },
  "25P03": { code: "SOURCE_DISCONNECTED", category: "disconnect" },
  "25P04": {
    code: "SOURCE_TIMEOUT",
    category: "permanent",
    hint: "Raise the server's transaction_timeout for this user, or read in smaller chunks.",
  },
  "28": {
    code: "SOURCE_AUTH",
    category: "auth",
    hint: "Check user and password, and that pg_hba.conf lets this user in from here.",
  },
  "3D000": {
    code: "SOURCE_OBJECT_NOT_FOUND",
    category: "permanent",
    hint: "Check the database name of the source.",
  },
  "3F000": { code: "SOURCE_OBJECT_NOT_FOUND", category: "permanent" },
  "40": { code: "SOURCE_DEADLOCK", category: "deadlock" },
  "42": { code: "SOURCE_QUERY", category: "permanent", hint: "Correct the export's query." },
  "42501": {
    code: "SOURCE_PERMISSION",
    category: "auth",
    hint:
      "Grant it: GRANT SELECT ON <table> TO <user>; and GRANT USAGE ON SCHEMA <schema> TO <user>;",
  },
  "42P01": {
    code: "SOURCE_OBJECT_NOT_FOUND",
    category: "permanent",
    hint: "Check the table's name and schema, and the user's search_path.",
  },
  "42703": { code: "SOURCE_OBJECT_NOT_FOUND", category: "permanent" },
  "53": { code: "SOURCE_CAPACITY", category: "capacity", hint: BUSY },
  "55P03": {
    code: "SOURCE_TIMEOUT",
    category: "timeout",
    hint: "Another session holds the lock; raise tuning.lock_timeout_s to wait longer.",
  },
  "57014": {
    code: "SOURCE_TIMEOUT",
    category: "permanent",
    hint: "Somebody cancelled the statement at the server.",
  },
  "57P01": { code: "SOURCE_DISCONNECTED", category: "capacity", hint: BUSY },
  "57P02": { code: "SOURCE_DISCONNECTED", category: "capacity", hint: BUSY },
  "57P03": { code: "SOURCE_CAPACITY", category: "capacity", hint: BUSY },
  "57P04": { code: "SOURCE_OBJECT_NOT_FOUND", category: "permanent" },
  "57P05": { code: "SOURCE_DISCONNECTED", category: "disconnect" },
};

const UNREACHABLE: Verdict = {
  code: "SOURCE_UNREACHABLE",
  category: "network",
  hint: "Check host and port, and that a firewall lets this machine through.",
};
const DISCONNECTED: Verdict = { code: "SOURCE_DISCONNECTED", category: "disconnect" };

/** By the system's error code, or one of this side. */
const BY_SYSTEM_CODE: Readonly<Record<string, Verdict>> = {
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
  CONNECTION_CLOSED: DISCONNECTED,
  [SILENT]: {
    code: "SOURCE_DISCONNECTED",
    category: "network",
    hint: "tuning.network_timeout_s is how long a silence may last.",
  },
};

/** What poolers say under 08P01, which tells nothing by itself. */
const POOLER_MESSAGES: readonly (readonly [RegExp, Verdict])[] = [
  [/auth|password|no such user/i, BY_SQLSTATE["28"]],
  [/no such database/i, BY_SQLSTATE["3D000"]],
  [
    /no more connections|too many|query_wait_timeout|pool|login has been failing|cannot connect|paused|disabled/i,
    BY_SQLSTATE["53"],
  ],
  [/crashed|lost|shutting down|idle|timeout|disconnect/i, DISCONNECTED],
];

/** A SQLSTATE whose message says more. */
const BY_MESSAGE: readonly (readonly [string, RegExp, Verdict])[] = [
  ["40001", /recovery/i, {
    code: "SOURCE_DEADLOCK",
    category: "deadlock",
    hint:
      "A standby cancels what holds up its recovery: read in smaller chunks, or raise the standby's " +
      "max_standby_streaming_delay, or set its hot_standby_feedback.",
    insists: true,
  }],
  ["42501", /row-level security/i, {
    code: "SOURCE_PERMISSION",
    category: "auth",
    hint: "A policy hides rows from this user, so the export would not be whole. Give the user " +
      "BYPASSRLS, or add options=-c%20row_security%3Don to the URL to export what the user may see.",
  }],
];

const TLS: Verdict = {
  code: "SOURCE_TLS",
  category: "permanent",
  hint: "Check source.tls: mode, ca_file, and that the certificate names this host.",
};

/** What the classifier may say about the statement that failed. */
export interface ErrorContext {
  /** Where the connection goes, e.g. `db.example.com:5432`. */
  readonly address: string;
  /** Milliseconds; 0 for none. */
  readonly statementTimeoutMs: number;
  /** How long the failed statement ran. */
  readonly elapsedMs: number;
}

interface DriverError {
  readonly code?: string;
  readonly message: string;
  readonly detail?: string;
  readonly hint?: string;
}

const LOGIN: Verdict = { code: "SOURCE_AUTH", category: "auth" };
const PROTOCOL: Verdict = {
  code: "SOURCE_QUERY",
  category: "permanent",
  hint: "Is it a PostgreSQL server? Did the table change while it was read?",
};
const DENIED: Verdict = {
  code: "SOURCE_UNREACHABLE",
  category: "permanent",
  hint: "Deno was started without that permission.",
};

function isSqlState(code: string): boolean {
  return /^[0-9A-Z]{5}$/.test(code) && !(code in BY_SYSTEM_CODE);
}

/** A statement that ran into its own timeout would do so again: permanent (contracts section 10). */
function cancelled(context: ErrorContext): Verdict {
  const { statementTimeoutMs, elapsedMs } = context;
  if (statementTimeoutMs === 0 || elapsedMs < statementTimeoutMs * 0.9) return BY_SQLSTATE["57014"];
  return {
    code: "SOURCE_TIMEOUT",
    category: "permanent",
    hint: `It ran into tuning.statement_timeout_s (${statementTimeoutMs / 1000} s): ` +
      "read smaller chunks, add an index on the chunk or cursor column, or raise the limit.",
  };
}

function bySqlState(code: string, message: string, context: ErrorContext): Verdict | undefined {
  if (code === "57014") return cancelled(context);
  if (code === "08P01") {
    return POOLER_MESSAGES.find(([pattern]) => pattern.test(message))?.[1] ??
      { code: "SOURCE_QUERY", category: "permanent" };
  }
  const special = BY_MESSAGE.find(([state, pattern]) => state === code && pattern.test(message));
  return special?.[2] ?? BY_SQLSTATE[code] ?? BY_SQLSTATE[code.slice(0, 2)];
}

function verdictOf(error: DriverError, context: ErrorContext): Verdict {
  if (error instanceof TlsError) return TLS;
  if (error instanceof LoginError) return LOGIN;
  if (error instanceof ProtocolError) return PROTOCOL;
  if (error instanceof Deno.errors.NotCapable) return DENIED;
  const code = error.code ?? "";
  const known = isSqlState(code) ? bySqlState(code, error.message, context) : BY_SYSTEM_CODE[code];
  if (known !== undefined) return known;
  // A name that is not known comes without a code.
  if (/failed to lookup address/i.test(error.message)) return UNREACHABLE;
  if (/terminated unexpectedly|connection (reset|closed)|broken pipe/i.test(error.message)) {
    return DISCONNECTED;
  }
  return { code: "SOURCE_QUERY", category: "permanent" };
}

function isDriverError(error: unknown): error is DriverError {
  return error instanceof Error;
}

function messageOf(error: DriverError, verdict: Verdict, context: ErrorContext): string {
  const detail = error.detail === undefined ? "" : ` (${error.detail})`;
  switch (verdict.code) {
    case "SOURCE_UNREACHABLE":
      return `cannot reach PostgreSQL at ${context.address}: ${error.message}`;
    case "SOURCE_TLS":
      return `no TLS connection to PostgreSQL at ${context.address}: ${error.message}`;
    case "SOURCE_DISCONNECTED":
      return `the connection to PostgreSQL at ${context.address} was lost: ${error.message}`;
    default:
      return `PostgreSQL: ${error.message}${detail}`;
  }
}

/** Anything thrown while talking to the server; a `RivetError` is already classified and passes. */
export function classify(error: unknown, context: ErrorContext): RivetError {
  if (error instanceof RivetError) return error;
  const driver: DriverError = isDriverError(error) ? error : new Error(String(error));
  const verdict = verdictOf(driver, context);
  return new SourceError(verdict.code, messageOf(driver, verdict, context), {
    category: verdict.category,
    hint: verdict.insists === true ? verdict.hint : driver.hint ?? verdict.hint,
    nativeCode: driver.code,
    cause: error,
  });
}
