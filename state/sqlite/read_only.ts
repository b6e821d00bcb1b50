/** A SQLite file that is looked at and never written, as another program left it. */
import { DatabaseSync } from "node:sqlite";
import type { SqlConnection } from "../connection.ts";
import { SQLITE_DIALECT } from "./connection.ts";
import { translateSqlite } from "./errors.ts";

/** What reading takes of a connection. */
export type ReadConnection = Pick<SqlConnection, "dialect" | "location" | "all" | "close">;

const LOCK_TIMEOUT_MS = 5_000;

/** @throws StateError STATE_UNAVAILABLE, STATE_CORRUPT, STATE_LOCKED */
export function readSqlite(path: string): ReadConnection {
  const translated = <T>(work: () => T): T => {
    try {
      return work();
    } catch (error) {
      throw translateSqlite(error, path, LOCK_TIMEOUT_MS);
    }
  };
  const db = translated(() => new DatabaseSync(path, { readOnly: true, timeout: LOCK_TIMEOUT_MS }));
  return {
    dialect: SQLITE_DIALECT,
    location: path,
    all: (sql, parameters = []) =>
      new Promise((resolve) =>
        resolve(translated(() => {
          const statement = db.prepare(sql);
          statement.setReadBigInts(true);
          const values = parameters.map((value) =>
            typeof value === "boolean" ? Number(value) : value
          );
          return statement.all(...values);
        }))
      ),
    close: () => {
      db.close();
      return Promise.resolve();
    },
  };
}
