/**
 * The one place that translates failures of SQL Server and its driver into `SourceError`s: by error number
 * first, then by the driver's or the system's error code, by message last. Unknown is permanent.
 * https://learn.microsoft.com/sql/relational-databases/errors-events/database-engine-events-and-errors
 */
import {
  type ErrorCategory,
  type ErrorCode,
  RivetError,
  SourceError,
} from "../../../core/base/errors.ts";
import type { ServerMessage } from "./wire/tokens.ts";

interface Verdict {
  readonly code: ErrorCode;
  readonly category: ErrorCategory;
  readonly hint?: string;
}

const verdict = (code: ErrorCode, category: ErrorCategory, hint?: string): Verdict => ({
  code,
  category,
  hint,
});

const BUSY = verdict(
  "SOURCE_CAPACITY",
  "capacity",
  "The server is full, starting or stopping; it is tried again after a pause.",
);
const AUTH = verdict(
  "SOURCE_AUTH",
  "auth",
  "Check user and password, and that the login may use this database.",
);
const PERMISSION = verdict(
  "SOURCE_PERMISSION",
  "auth",
  "Grant it: GRANT SELECT ON <table> TO <user>; or add the user to db_datareader.",
);
const MISSING = verdict(
  "SOURCE_OBJECT_NOT_FOUND",
  "permanent",
  "Check the table's name and schema; without a schema the user's default one is meant.",
);
const MISSING_COLUMN = verdict("SOURCE_OBJECT_NOT_FOUND", "permanent");
const QUERY = verdict("SOURCE_QUERY", "permanent", "Correct the export's query.");
const DATA = verdict("SOURCE_QUERY", "permanent");
const DEADLOCK = verdict("SOURCE_DEADLOCK", "deadlock");
const DISCONNECTED = verdict("SOURCE_DISCONNECTED", "disconnect");
const UNREACHABLE = verdict(
  "SOURCE_UNREACHABLE",
  "network",
  "Check host and port, that TCP/IP is enabled, and that a firewall lets this machine through.",
);
const TLS = verdict(
  "SOURCE_TLS",
  "permanent",
  "Check source.tls: mode, ca_file, and that the certificate names this host.",
);
const LOCKED = verdict(
  "SOURCE_TIMEOUT",
  "timeout",
  "Another session holds the lock; raise tuning.lock_timeout_s to wait longer.",
);

const BY_NUMBER: ReadonlyMap<number, Verdict> = new Map([
  ...[18456, 18452, 18470, 18486, 18487, 18488, 15151].map((n) => [n, AUTH] as const),
  [4060, verdict("SOURCE_OBJECT_NOT_FOUND", "permanent", "Check the database name of the source.")],
  [911, verdict("SOURCE_OBJECT_NOT_FOUND", "permanent", "Check the database name of the source.")],
  ...[229, 230, 262, 297, 300, 916].map((n) => [n, PERMISSION] as const),
  [208, MISSING],
  [4902, MISSING],
  ...[207, 4104].map((n) => [n, MISSING_COLUMN] as const),
  ...[102, 105, 156, 170, 319].map((n) => [n, QUERY] as const),
  [
    1033,
    verdict(
      "SOURCE_QUERY",
      "permanent",
      "Leave ORDER BY out of the export's query: rivet reads it as a derived table and orders it itself.",
    ),
  ],
  [8155, verdict("SOURCE_QUERY", "permanent", "Name every column: SELECT COUNT(*) AS n ...")],
  [
    8156,
    verdict("SOURCE_QUERY", "permanent", "Name every column once: SELECT a.id, b.id AS b_id ..."),
  ],
  // Overflow, division by zero, failed conversions, truncation.
  ...[8115, 8134, 220, 241, 242, 245, 248, 295, 8114, 8152, 2628, 9436].map((n) =>
    [n, DATA] as const
  ),
  [1222, LOCKED],
  ...[1205, 3960, 3961, 41302, 41305, 41325].map((n) => [n, DEADLOCK] as const),
  // Memory, log and worker limits; Azure's throttling and failover.
  ...[701, 802, 1105, 1204, 8645, 8651, 9002, 10922, 10928, 10929, 10936, 17809].map((n) =>
    [n, BUSY] as const
  ),
  ...[40197, 40501, 40540, 40544, 40613, 42108, 42109, 49918, 49919, 49920, 6005, 17142].map((n) =>
    [n, BUSY] as const
  ),
  ...[233, 596, 10053, 10054, 10060, 64, 121, 617].map((n) => [n, DISCONNECTED] as const),
  [
    3952,
    verdict(
      "SOURCE_QUERY",
      "permanent",
      "Allow it: ALTER DATABASE <name> SET ALLOW_SNAPSHOT_ISOLATION ON.",
    ),
  ],
]);

/** By the code of the system's socket errors and of the protocol's own. */
const BY_CODE: Readonly<Record<string, Verdict>> = {
  ECONNREFUSED: UNREACHABLE,
  ENOTFOUND: UNREACHABLE,
  EAI_AGAIN: UNREACHABLE,
  EHOSTUNREACH: UNREACHABLE,
  ENETUNREACH: UNREACHABLE,
  ETIMEDOUT: UNREACHABLE,
  EINSTLOOKUP: UNREACHABLE,
  ECONNRESET: DISCONNECTED,
  ECONNABORTED: DISCONNECTED,
  EPIPE: DISCONNECTED,
  EPROTOCOL: DISCONNECTED,
  EENCRYPT: TLS,
  ELOGIN: AUTH,
};

const CERTIFICATE =
  /certificate|self.?signed|altname|UnknownIssuer|NotValidForName|handshake|\bTLS\b|\bSSL\b/i;

/** What the classifier may say about the statement that failed. */
export interface ErrorContext {
  /** Where the connection goes, e.g. `db.example.com:1433`. */
  readonly address: string;
  /** Milliseconds; 0 for none. */
  readonly statementTimeoutMs: number;
  /** The statement was stopped because it ran into that timeout. */
  readonly timedOut: boolean;
  /** Not logged in yet. */
  readonly connecting: boolean;
  /** What the server said first, if anything: one that hangs up has said why. */
  readonly serverError?: ServerMessage;
}

/** As the protocol and the system throw it. */
export interface DriverError {
  readonly code?: string;
  readonly number?: number;
  readonly message: string;
  readonly cause?: unknown;
  readonly errors?: readonly unknown[];
}

function isDriverError(error: unknown): error is DriverError {
  return error instanceof Error;
}

/** The error itself, what it was caused by, and the members of an aggregate, outermost first. */
export function* causes(error: unknown): Generator<DriverError> {
  if (!isDriverError(error)) return;
  yield error;
  for (const inner of error.errors ?? []) yield* causes(inner);
  if (error.cause !== undefined) yield* causes(error.cause);
}

/** It would run into its own timeout again: permanent (contracts section 10). */
function timedOut({ statementTimeoutMs }: ErrorContext): Verdict {
  return verdict(
    "SOURCE_TIMEOUT",
    "permanent",
    `It ran into tuning.statement_timeout_s (${statementTimeoutMs / 1000} s): ` +
      "read smaller chunks, add an index on the chunk or cursor column, or raise the limit.",
  );
}

function byCode(error: unknown, context: ErrorContext): Verdict {
  const chain = [...causes(error)];
  const secure = chain.find((e) => CERTIFICATE.test(e.message) || e.code === "EENCRYPT");
  // A connection that is lost while TLS is negotiated is lost.
  const lost = chain.some(({ code }) => code !== undefined && BY_CODE[code] === DISCONNECTED);
  if (context.connecting && secure !== undefined && !lost) return TLS;
  // The innermost cause says why.
  for (const { code } of chain.toReversed()) {
    const known = code === undefined ? undefined : BY_CODE[code];
    if (known !== undefined) return known;
  }
  const said = chain[0]?.message ?? "";
  if (context.connecting && /failed to lookup address|unreachable/i.test(said)) return UNREACHABLE;
  if (/connection (lost|reset|closed)|hang up|broken pipe|bad resource/i.test(said)) {
    return DISCONNECTED;
  }
  return verdict("SOURCE_QUERY", "permanent");
}

function numberOf(error: unknown, context: ErrorContext): number | undefined {
  // Of several errors the first that is known says most; the others follow from it.
  const numbers = [...causes(error)].map((e) => e.number).filter((n) => n !== undefined);
  return numbers.find((n) => BY_NUMBER.has(n)) ?? numbers[0] ?? context.serverError?.number;
}

function textOf(error: unknown, { serverError }: ErrorContext): string {
  const [outer, ...inner] = causes(error);
  if (outer === undefined) return String(error);
  if (outer.errors !== undefined) {
    return inner.map((e) => e.message).filter((text, i, all) => all.indexOf(text) === i).join("; ");
  }
  return outer.number === undefined && serverError !== undefined
    ? serverError.message
    : outer.message;
}

function messageOf(text: string, { code }: Verdict, { address }: ErrorContext): string {
  switch (code) {
    case "SOURCE_UNREACHABLE":
      return `cannot reach SQL Server at ${address}: ${text}`;
    case "SOURCE_TLS":
      return `no TLS connection to SQL Server at ${address}: ${text}`;
    case "SOURCE_DISCONNECTED":
      return `the connection to SQL Server at ${address} was lost: ${text}`;
    default:
      return `SQL Server: ${text}`;
  }
}

/** The server names columns in single quotes here. */
function rewritten(text: string, number: number | undefined): string {
  const twice = number === 8156 ? /column '(.*?)' was specified/.exec(text)?.[1] : undefined;
  return twice === undefined ? text : `the query has more than one column named "${twice}"`;
}

/** Anything thrown while talking to the server; a `RivetError` is already classified and passes. */
export function classify(error: unknown, context: ErrorContext): RivetError {
  if (error instanceof RivetError) return error;
  const number = numberOf(error, context);
  const known = number === undefined ? undefined : BY_NUMBER.get(number);
  const { code, category, hint } = context.timedOut
    ? timedOut(context)
    : known ?? (number === undefined || context.connecting ? byCode(error, context) : DATA);
  const found: Verdict = { code, category, hint };
  const text = context.timedOut
    ? "the statement was cancelled"
    : rewritten(textOf(error, context), number);
  const driverCode = [...causes(error)].map((e) => e.code).findLast((c) => c !== undefined);
  return new SourceError(code, messageOf(text, found, context), {
    category,
    hint,
    nativeCode: number === undefined ? driverCode : String(number),
    cause: error,
  });
}
