/**
 * The seam between Rivet's state SQL and a database: everything under `state/tables/` is written once
 * against `SqlConnection`, and the differences that remain between SQLite and PostgreSQL are data in
 * `SqlDialect`.
 */

/** What may be bound to a `?`. Booleans go to columns of `ColumnTypes.bool`, integers to `int`. */
export type SqlParameter = string | number | boolean | null;

/** A row as the driver gives it: integers may arrive as number, bigint or text. Read it with `row.ts`. */
export type SqlRow = Readonly<Record<string, unknown>>;

/** Runs statements with `?` placeholders. A statement holds no other question mark. */
export interface SqlExecutor {
  all(sql: string, parameters?: readonly SqlParameter[]): Promise<SqlRow[]>;
  /** Returns how many rows were inserted, updated or deleted. */
  run(sql: string, parameters?: readonly SqlParameter[]): Promise<number>;
}

/** Column types that keep the same values on both sides: 64-bit integers, UTF-8 text ordered by bytes. */
export interface ColumnTypes {
  readonly text: string;
  readonly int: string;
  readonly real: string;
  readonly bool: string;
  /** A key that the database counts up by itself; later rows get higher numbers. */
  readonly identity: string;
  /** What ends a CREATE TABLE. */
  readonly tableSuffix: string;
  /** Where a generated column's value comes from: kept, or computed when it is read. */
  readonly generated: "STORED" | "VIRTUAL";
}

/** What the two databases write differently. */
export interface SqlDialect {
  readonly name: "SQLite" | "PostgreSQL";
  readonly types: ColumnTypes;
  /** The columns of the table named by its one parameter, as `name`; no row where there is no such table. */
  readonly columnsOf: string;
  /** Answers `allowed`: whether tables may be made; null where making the file says so. */
  readonly mayCreate: string | null;
  /** Taken first in a migration's transaction, where `transaction` alone does not keep others out. */
  readonly migrationLock: string | null;
  /** Row locks for the read half of a read-then-write; empty where a transaction has the only write lock. */
  readonly forUpdate: string;
  readonly forUpdateSkipLocked: string;
  /**
   * For a row that `forUpdate` must not get until the transaction ends. Others may keep it so too, and an
   * UPDATE without `forUpdate` before it goes on.
   */
  readonly forShare: string;
  /** Within a statement: its transaction need not be on the disk, as `durable: false` says. */
  readonly undurable: string;
  /** The database's own clock, in milliseconds since 1970: one clock for all hosts that share a state. */
  readonly clockMs: string;
}

/** How a transaction is kept. */
export interface TransactionOptions {
  /**
   * `false`: a power cut may take it back, if no later one was kept. For what the next start would find out
   * by itself, and for nothing that is told to anybody.
   */
  readonly durable?: false;
}

/** A database that holds state. Failures are `StateError`s, translated by the implementation. */
export interface SqlConnection extends SqlExecutor {
  readonly dialect: SqlDialect;
  /** For people; holds no password. */
  readonly location: string;
  /**
   * Runs `work` as one atomic, durable write: all of it or nothing is there afterwards, also after
   * SIGKILL or a power cut. `work` uses only the executor it is given, and rolls back by throwing. It may
   * send a statement before the one before has answered: they are executed in order, and one that fails
   * fails the transaction.
   */
  transaction<T>(
    work: (tx: SqlExecutor) => Promise<T>,
    options?: TransactionOptions,
  ): Promise<T>;
  /** Waits for what is running. Idempotent; never throws. */
  close(): Promise<void>;
}

/**
 * The outcome of what was sent second; when what was sent first failed, that failure, which the second one
 * only repeats.
 */
export async function inOrder<T>(first: Promise<unknown>, second: Promise<T>): Promise<T> {
  const [before, after] = await Promise.allSettled([first, second]);
  if (before.status === "rejected") throw before.reason;
  if (after.status === "rejected") throw after.reason;
  return after.value;
}
