/** Opens the state that a config uses, and brings its schema up to date. */
import { join } from "node:path";
import { StateError } from "../core/base/errors.ts";
import type { StateStore } from "../core/ports/state.ts";
import type { SqlConnection } from "./connection.ts";
import { migrate } from "./migrate.ts";
import { crossesNetworkInPlaintext, readStateUrl } from "./postgres/url.ts";
import { connectSqlite } from "./sqlite/connection.ts";
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
}

/**
 * PostgreSQL when RIVET_STATE_URL is set, which must be its URL then, else `<dir>/.rivet_state.db`. Either is created
 * when it is not there.
 * @throws StateError STATE_UNAVAILABLE, STATE_LOCKED, STATE_CORRUPT, STATE_TOO_NEW
 */
export function openState(options: OpenStateOptions): Promise<StateStore> {
  const url = options.env("RIVET_STATE_URL");
  // A value that is not understood, an empty one too, is an error: a file in its place would be forgotten
  // with its container.
  if (url !== undefined) return openPostgres(url, options.warn);
  return openSqlite(join(options.dir, STATE_FILE), options.warn);
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
  try {
    const { isFile, size, mtime } = await Deno.stat(path);
    return isFile && size === 0 && mtime !== null && Date.now() - mtime.getTime() > MAKING_MS;
  } catch {
    // There is none, or opening it says what is wrong.
    return false;
  }
}

/** @param warn called once when the URL sends state to another host without TLS */
export async function openPostgres(
  url: string,
  warn: (message: string) => void = () => undefined,
): Promise<StateStore> {
  // Loaded only where it is used: most starts never open a PostgreSQL state.
  const { connectPostgres } = await import("./postgres/connection.ts");
  const db = connectPostgres(url);
  const parsed = readStateUrl(url);
  parsed.warnings.forEach(warn);
  if (crossesNetworkInPlaintext(parsed)) {
    warn(
      `state goes to ${db.location} without TLS: password and state cross the network in plain text; ` +
        "add ?sslmode=verify-full (or require) to RIVET_STATE_URL",
    );
  }
  return await migrated(db, () => firstAnswer(db, parsed.connectTimeoutS));
}

/** The driver reports a server that is silent; one that accepts and hangs up it asks again for ever. */
async function firstAnswer(db: SqlConnection, connectTimeoutS: number): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    const error = new StateError(
      "STATE_UNAVAILABLE",
      `the state at ${db.location} closes connections without an answer`,
      { hint: "Is it a PostgreSQL that RIVET_STATE_URL names, and does its proxy reach it?" },
    );
    timer = setTimeout(() => reject(error), (connectTimeoutS + 1) * 1000);
  });
  try {
    await Promise.race([db.all("SELECT 1"), late]);
  } finally {
    clearTimeout(timer);
  }
}

async function migrated(
  db: SqlConnection,
  before: () => Promise<void> = () => Promise.resolve(),
): Promise<StateStore> {
  try {
    await before();
    await migrate(db);
    return createStore(db);
  } catch (error) {
    await db.close();
    throw error;
  }
}
