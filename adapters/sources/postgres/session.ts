/**
 * The start of a transaction whose values look the same, and whose statements may do the same, whatever the
 * role, database or session has set.
 */
import type { Tuning } from "../../../core/config/tuning.ts";
import { joinSnapshotSql, SEEN } from "./snapshot.ts";

/** What a transaction sees. */
export type Isolation = "READ COMMITTED" | "REPEATABLE READ";

/** What a transaction depends on besides its limits. */
export interface BeginOptions {
  /** One that was exported, which the transaction joins; it must be REPEATABLE READ then. */
  readonly snapshot: string | null;
  /** Major version; 0: not known. */
  readonly serverVersion: number;
  /** Row-level security may hide rows, because the user has said so. */
  readonly hiddenRows: boolean;
}

type Limits = Pick<Tuning, "statementTimeoutS" | "lockTimeoutS">;

function settings(
  limits: Limits,
  { serverVersion, hiddenRows }: BeginOptions,
): Readonly<Record<string, string>> {
  return {
    statement_timeout: `${limits.statementTimeoutS * 1000}`,
    lock_timeout: `${limits.lockTimeoutS * 1000}`,
    // The transaction rests while files are written.
    idle_in_transaction_session_timeout: "0",
    ...(serverVersion >= 17 ? { transaction_timeout: "0" } : {}),
    client_encoding: "UTF8",
    TimeZone: "UTC",
    DateStyle: "ISO, YMD",
    IntervalStyle: "iso_8601",
    extra_float_digits: "3",
    bytea_output: "hex",
    // `format_type` would put quotes around types.
    quote_all_identifiers: "off",
    // NULLs in an array's text would become words.
    array_nulls: "on",
    // Above zero, an index may leave rows out.
    gin_fuzzy_search_limit: "0",
    // Off: a policy that would hide rows is an error instead.
    ...(hiddenRows ? {} : { row_security: "off" }),
    // A cursor is read to its end, so it is planned like any other statement.
    cursor_tuple_fraction: "1.0",
  };
}

/**
 * The last one returns the server process, and what a snapshot that was joined sees. The settings are local to the transaction, because a transaction
 * pooler gives every transaction another session.
 */
export function beginStatements(
  isolation: Isolation,
  limits: Limits,
  options: BeginOptions,
): string[] {
  const set = Object.entries(settings(limits, options)).map(([name, value]) =>
    `pg_catalog.set_config('${name}', '${value}', true)`
  );
  const begin = `BEGIN ISOLATION LEVEL ${isolation} READ ONLY`;
  const select = (joined: string) =>
    `SELECT pg_catalog.pg_backend_pid(), ${joined}, ${set.join(", ")}`;
  if (options.snapshot === null) return [begin, select("NULL")];
  return [begin, joinSnapshotSql(options.snapshot), select(SEEN)];
}
