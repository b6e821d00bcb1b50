/** Opens the state that a config uses, and brings its schema up to date. */
import { join } from "node:path";
import { StateError } from "../core/base/errors.ts";
import { errnoOf } from "../core/base/file_error.ts";
import { PRIVATE_FILE } from "../core/base/private_files.ts";
import type { OpenedReader, StateStore } from "../core/ports/state.ts";
import type { SqlConnection } from "./connection.ts";
import { emptyState } from "./empty.ts";
import { migrate, versionOf } from "./migrate.ts";
import { crossesNetworkInPlaintext, readStateUrl, STATE_URL } from "./postgres/url.ts";
import { connectSqlite } from "./sqlite/connection.ts";
import { translateSqlite } from "./sqlite/errors.ts";
import { createStore } from "./store.ts";

/** The name of the state beside a config. */
export const STATE_FILE = ".rivet_state.db";

/** Where to look for the state. */
export interface OpenStateOptions {
  /** The config's folder. */
  readonly dir: string;
  /** Reads an environment variable. */
  readonly env: (name: string) => string | undefined;
  /** Called with a line for the log at WARN. */
  readonly warn: (message: string) => void;
  /** Tells the process to stop. */
  readonly stop?: AbortSignal;
}

/**
 * PostgreSQL when RIVET_STATE_URL is set, which must be its URL then (a file in its place would be forgotten with
 * its container), else `<dir>/.rivet_state.db`. Either is
 * created when it is not there.
 * @throws StateError STATE_UNAVAILABLE, STATE_LOCKED, STATE_CORRUPT, STATE_TOO_NEW, STATE_FOREIGN
 */
export function openState(options: OpenStateOptions): Promise<StateStore> {
  const url = options.env(STATE_URL);
  if (url !== undefined) return openPostgres(url, options.warn, options.stop);
  return openSqlite(join(options.dir, STATE_FILE), options.warn);
}

/**
 * As `openState`, but where there is no state none is made: it reads as empty.
 * @param mayBeMade asks whether the first run could make one, which says so when it could not.
 */
export async function readState(
  options: OpenStateOptions,
  mayBeMade = false,
): Promise<OpenedReader> {
  const url = options.env(STATE_URL);
  if (url !== undefined) return await readPostgres(url, options.warn, mayBeMade);
  const path = join(options.dir, STATE_FILE);
  if (await sizeOf(path) !== null) return await openSqlite(path, options.warn);
  if (mayBeMade) await probeFolder(options.dir, path);
  return { ...emptyState(path), close: () => Promise.resolve() };
}

async function readPostgres(
  url: string,
  warn: OpenStateOptions["warn"],
  mayBeMade: boolean,
): Promise<OpenedReader> {
  const db = await connectedPostgres(url, warn);
  try {
    if (await versionOf(db, db) > 0) return await migrated(db);
    if (mayBeMade && db.dialect.mayCreate !== null) await requireCreate(db);
    return { ...emptyState(db.location), close: () => db.close() };
  } catch (error) {
    await db.close();
    throw error;
  }
}

async function requireCreate(db: SqlConnection): Promise<void> {
  const [row] = await db.all(db.dialect.mayCreate ?? "");
  if (row?.allowed === true) return;
  throw new StateError("STATE_UNAVAILABLE", `no state can be made at ${db.location}`, {
    hint: "The user needs CREATE on the first schema of its search_path for the first run.",
  });
}

/** @throws StateError STATE_UNAVAILABLE when a file cannot be made in the folder. */
async function probeFolder(dir: string, path: string): Promise<void> {
  const probe = join(dir, `${STATE_FILE}.${crypto.randomUUID()}`);
  try {
    (await Deno.open(probe, { write: true, createNew: true, mode: PRIVATE_FILE })).close();
    await Deno.remove(probe);
  } catch (error) {
    // Allowed to make the state's file and nothing beside it.
    if (error instanceof Deno.errors.NotCapable && await mayWrite(path)) return;
    throw translateSqlite(error, path, 0);
  }
}

async function mayWrite(path: string): Promise<boolean> {
  return (await Deno.permissions.query({ name: "write", path })).state === "granted";
}

/** The state of a file, brought up to date. @param warn called when the file has lost what it held */
export async function openSqlite(
  path: string,
  warn: (message: string) => void = () => undefined,
): Promise<StateStore> {
  if (await isEmptied(path)) {
    warn(
      `the state at ${path} is an empty file: exports start from the beginning. If there was a state, ` +
        "stop, and restore a backup",
    );
  }
  return await migrated(await connectSqlite(path));
}

/** A state that another process is only now making is empty too. */
const MAKING_MS = 10_000;

async function isEmptied(path: string): Promise<boolean> {
  const found = await sizeOf(path);
  return found?.size === 0 && Date.now() - found.writtenMs > MAKING_MS;
}

/** null when there is no such file; what opening it would say better counts as one. */
async function sizeOf(path: string): Promise<{ size: number; writtenMs: number } | null> {
  try {
    const { size, mtime } = await Deno.stat(path);
    return { size, writtenMs: mtime?.getTime() ?? Date.now() };
  } catch (error) {
    return errnoOf(error) === "ENOENT" ? null : { size: 1, writtenMs: Date.now() };
  }
}

/** @param warn called once when the URL sends state to another host without TLS */
export async function openPostgres(
  url: string,
  warn: (message: string) => void = () => undefined,
  stop?: AbortSignal,
): Promise<StateStore> {
  return await migrated(await connectedPostgres(url, warn, STATE_URL, stop));
}

/** @param namedBy where the URL was given, for what is said of it. */
export async function connectedPostgres(
  url: string,
  warn: OpenStateOptions["warn"],
  namedBy = STATE_URL,
  stop?: AbortSignal,
): Promise<SqlConnection> {
  // Loaded only where it is used: most starts never open a PostgreSQL state.
  const { connectPostgres }: typeof import("./postgres/connection.ts") = await import(
    "./postgres/connection.ts" as string
  );
  const db = connectPostgres(url, { namedBy, stop });
  const parsed = readStateUrl(url, undefined, namedBy);
  parsed.warnings.forEach(warn);
  if (crossesNetworkInPlaintext(parsed)) {
    warn(
      `state goes to ${db.location} without TLS: password and state cross the network in plain text; ` +
        `add ?sslmode=verify-full (or require) to ${namedBy}`,
    );
  }
  try {
    await firstAnswer(db, parsed.connectTimeoutS);
    return db;
  } catch (error) {
    await db.close();
    throw error;
  }
}

/** The driver reports a server that is silent; one that accepts and hangs up it asks again for ever. */
async function firstAnswer(db: SqlConnection, connectTimeoutS: number): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    const error = new StateError(
      "STATE_UNAVAILABLE",
      `the state at ${db.location} closes connections without an answer`,
      { hint: "Is it a PostgreSQL that the URL names, and does its proxy reach it?" },
    );
    timer = setTimeout(() => reject(error), (connectTimeoutS + 1) * 1000);
  });
  try {
    await Promise.race([db.all("SELECT 1"), late]);
  } finally {
    clearTimeout(timer);
  }
}

async function migrated(db: SqlConnection): Promise<StateStore> {
  try {
    await migrate(db);
    return createStore(db);
  } catch (error) {
    await db.close();
    throw error;
  }
}
