/** State in one SQLite file, through `node:sqlite`: part of Deno, so nothing to download or compile. */
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { StateError } from "../../core/base/errors.ts";
import { PRIVATE_FILE } from "../../core/base/private_files.ts";
import type {
  SqlConnection,
  SqlDialect,
  SqlExecutor,
  SqlParameter,
  SqlRow,
  TransactionOptions,
} from "../connection.ts";
import { isBusy, translateSqlite } from "./errors.ts";

/** How long a process waits for another one's write. Writes take milliseconds. */
const LOCK_TIMEOUT_MS = 5_000;
const WAL_RETRY_MS = 25;

/** SQL as the state writes it for SQLite. */
export const SQLITE_DIALECT: SqlDialect = {
  name: "SQLite",
  types: {
    text: "TEXT",
    int: "INTEGER",
    real: "REAL",
    bool: "INTEGER",
    identity: "INTEGER PRIMARY KEY AUTOINCREMENT",
    tableSuffix: " STRICT",
    generated: "VIRTUAL",
  },
  columnsOf: "SELECT name FROM pragma_table_xinfo(?)",
  mayCreate: null,
  // BEGIN IMMEDIATE lets one writer in at a time, in all processes.
  migrationLock: null,
  forUpdate: "",
  forUpdateSkipLocked: "",
  forShare: "",
  undurable: "1",
  clockMs: "CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)",
};

/**
 * Opens or creates the file.
 * @param lockTimeoutMs how long to wait for other processes' writes
 * @throws StateError STATE_UNAVAILABLE, STATE_CORRUPT, STATE_LOCKED
 */
export async function connectSqlite(
  path: string,
  lockTimeoutMs: number = LOCK_TIMEOUT_MS,
): Promise<SqlConnection> {
  let db: DatabaseSync | undefined;
  await prepareFile(path);
  try {
    db = new DatabaseSync(path, { timeout: lockTimeoutMs });
    await useWal(db, lockTimeoutMs);
    // A commit returns when it is on the disk. WAL's usual NORMAL could lose the last commits in a power
    // cut, and a cursor that falls back behind parts whose `_SUCCESS` was seen exports rows twice (I3).
    // The price is one fsync per part, which is small beside writing the part.
    db.prepare("PRAGMA synchronous = FULL").run();
    return new SqliteConnection(db, path, lockTimeoutMs);
  } catch (error) {
    db?.close();
    throw translateSqlite(error, path, lockTimeoutMs);
  }
}

/**
 * A new state is its user's alone, whatever the umask; SQLite gives its other files the same mode. An older
 * one keeps the mode that somebody may have given it. A link is not followed: it may lead into a database
 * of somebody else's.
 * @throws StateError STATE_UNAVAILABLE
 */
async function prepareFile(path: string): Promise<void> {
  try {
    (await Deno.open(path, { write: true, createNew: true, mode: PRIVATE_FILE })).close();
    return;
  } catch {
    // It is there, or cannot be made, which opening it says better.
  }
  const found = await Deno.lstat(path).catch(() => null);
  if (found?.isSymlink !== true) return;
  throw new StateError(
    "STATE_UNAVAILABLE",
    `the state at ${path} is a link, which may lead elsewhere`,
    {
      hint: "Put the file itself there. RIVET_STATE_URL keeps state in PostgreSQL instead.",
    },
  );
}

/**
 * Write-ahead log: readers and one writer at the same time. Switching a new file over needs it alone for
 * a moment and fails at once when several processes try, so this waits by itself. A file system without
 * shared memory keeps the rollback journal, which is as safe.
 */
async function useWal(db: DatabaseSync, timeoutMs: number): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    try {
      db.prepare("PRAGMA journal_mode = WAL").get();
      return;
    } catch (error) {
      if (!isBusy(error) || Date.now() >= deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, WAL_RETRY_MS));
    }
  }
}

class SqliteConnection implements SqlConnection {
  readonly dialect = SQLITE_DIALECT;
  readonly location: string;
  readonly #db: DatabaseSync;
  readonly #lockTimeoutMs: number;
  /** Of the file that was opened; null where files have no number. */
  readonly #inode: number | null;
  readonly #statements = new Map<string, StatementSync>();
  /** The last of the calls in progress: they take turns, so that none sees another's open transaction. */
  #turn: Promise<unknown> = Promise.resolve();
  #open = true;

  constructor(db: DatabaseSync, path: string, lockTimeoutMs: number) {
    this.#db = db;
    this.location = path;
    this.#lockTimeoutMs = lockTimeoutMs;
    this.#inode = inodeOf(path);
  }

  all(sql: string, parameters: readonly SqlParameter[] = []): Promise<SqlRow[]> {
    return this.#inTurn(() => this.#all(sql, parameters));
  }

  run(sql: string, parameters: readonly SqlParameter[] = []): Promise<number> {
    return this.#inTurn(() => {
      this.#requireInPlace();
      return this.#run(sql, parameters);
    });
  }

  transaction<T>(
    work: (tx: SqlExecutor) => Promise<T>,
    { durable }: TransactionOptions = {},
  ): Promise<T> {
    if (durable === false) return this.#undurable(() => this.#transaction(work));
    return this.#inTurn(() => this.#transaction(work));
  }

  /** The next commit that is kept takes it along: both are in one log. */
  #undurable<T>(work: () => Promise<T>): Promise<T> {
    return this.#inTurn(async () => {
      this.#run("PRAGMA synchronous = NORMAL", []);
      try {
        return await work();
      } finally {
        this.#run("PRAGMA synchronous = FULL", []);
      }
    });
  }

  async #transaction<T>(work: (tx: SqlExecutor) => Promise<T>): Promise<T> {
    this.#requireInPlace();
    this.#run("BEGIN IMMEDIATE", []);
    try {
      const result = await work(this.#executor);
      this.#run("COMMIT", []);
      return result;
    } catch (error) {
      // SQLite has already rolled back after some failures, e.g. a full disk.
      if (this.#db.isTransaction) this.#run("ROLLBACK", []);
      throw error;
    }
  }

  async close(): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    await this.#turn;
    this.#statements.clear();
    this.#db.close();
  }

  readonly #executor: SqlExecutor = {
    all: (sql, parameters = []) => settle(() => this.#all(sql, parameters)),
    run: (sql, parameters = []) => settle(() => this.#run(sql, parameters)),
  };

  #inTurn<T>(work: () => T | Promise<T>): Promise<T> {
    const result = this.#turn.then(work).catch((error: unknown) => {
      throw translateSqlite(error, this.location, this.#lockTimeoutMs);
    });
    // The caller gets the failure from `result`; the next turn only waits for the end.
    this.#turn = result.catch(() => undefined);
    return result;
  }

  /** SQLite goes on writing into a file that was removed, and nobody would ever see it again. */
  #requireInPlace(): void {
    if (this.#inode === null || inodeOf(this.location) === this.#inode) return;
    throw new StateError(
      "STATE_UNAVAILABLE",
      `the state at ${this.location} was removed or replaced while it was in use`,
      {
        hint: "Put it back where it was, or restore a backup, and run again: without their state " +
          "incremental exports start from the beginning.",
      },
    );
  }

  #all(sql: string, parameters: readonly SqlParameter[]): SqlRow[] {
    return this.#prepare(sql).all(...parameters.map(bindable));
  }

  #run(sql: string, parameters: readonly SqlParameter[]): number {
    return Number(this.#prepare(sql).run(...parameters.map(bindable)).changes);
  }

  #prepare(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#db.prepare(sql);
      // Without it, an integer beyond 2^53 fails the read.
      statement.setReadBigInts(true);
      this.#statements.set(sql, statement);
    }
    return statement;
  }
}

/** null when there is no such file, or the system does not number files. */
function inodeOf(path: string): number | null {
  try {
    return Deno.statSync(path).ino;
  } catch {
    return null;
  }
}

function bindable(value: SqlParameter): string | number | null {
  return typeof value === "boolean" ? Number(value) : value;
}

function settle<T>(work: () => T): Promise<T> {
  return new Promise((resolve) => resolve(work()));
}
