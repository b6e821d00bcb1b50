/** Brings a state database to the schema version of this Rivet, on every open. */
import { StateError } from "../core/base/errors.ts";
import type { SqlConnection, SqlDialect, SqlExecutor } from "./connection.ts";
import { type Migration, MIGRATIONS, STATE_VERSION } from "./migrations.ts";
import { numberOrNull, text } from "./row.ts";

async function columnsOf(db: SqlConnection, executor: SqlExecutor, table: string) {
  const rows = await executor.all(db.dialect.columnsOf, [table]);
  return new Set(rows.map((row) => text(row, "name")));
}

/**
 * 0 for a database that holds no state yet.
 * @throws StateError STATE_FOREIGN
 */
export async function versionOf(db: SqlConnection, executor: SqlExecutor): Promise<number> {
  const columns = await columnsOf(db, executor, "schema_version");
  // Ours notes when each version came; what has the same tables without that is somebody else's.
  if (!columns.has("applied_at")) await refuseForeign(db, executor);
  if (columns.size === 0) return 0;
  const rows = await executor.all("SELECT MAX(version) AS version FROM schema_version");
  return numberOrNull(rows[0], "version") ?? 0;
}

/** How to keep what it remembers. */
const WAYS: Readonly<Record<SqlDialect["name"], string>> = {
  SQLite:
    "To go on from it: mkdir old-state && mv .rivet_state.db* old-state/, then rivet state import " +
    "--from old-state.",
  PostgreSQL:
    "To go on from it: point RIVET_STATE_URL at another database or schema, then rivet state " +
    "import --from-env with a variable that holds the URL of this one.",
};

/** The tool of the same name calls its file and its tables as ours are called. */
async function refuseForeign(db: SqlConnection, executor: SqlExecutor): Promise<void> {
  if (!(await columnsOf(db, executor, "export_state")).has("last_cursor_value")) return;
  throw new StateError(
    "STATE_FOREIGN",
    `the state at ${db.location} is that of another tool of this name, with other tables`,
    {
      hint:
        `It is left as it is. ${WAYS[db.dialect.name]} A config in another folder, or another ` +
        "RIVET_STATE_URL, starts without it.",
    },
  );
}

function refuseNewer(db: SqlConnection, version: number): void {
  if (version <= STATE_VERSION) return;
  throw new StateError(
    "STATE_TOO_NEW",
    `the state at ${db.location} has schema version ${version}, and this Rivet knows versions up to ${STATE_VERSION}`,
    {
      hint:
        "Update Rivet to the version that wrote this state, or let this one use another state " +
        "(a config in another folder, or RIVET_STATE_URL).",
    },
  );
}

/** One step in its own transaction; another process may have taken it in the meantime. */
async function apply(db: SqlConnection, migration: Migration): Promise<void> {
  const { types, migrationLock } = db.dialect;
  await db.transaction(async (tx) => {
    if (migrationLock !== null) await tx.all(migrationLock);
    const version = await versionOf(db, tx);
    refuseNewer(db, version);
    if (version >= migration.version) return;
    if (version === 0) {
      await tx.run(
        `CREATE TABLE IF NOT EXISTS schema_version (
          version ${types.int} NOT NULL PRIMARY KEY,
          applied_at ${types.text} NOT NULL
        )${types.tableSuffix}`,
      );
    }
    for (const statement of migration.statements(types)) await tx.run(statement);
    await tx.run("INSERT INTO schema_version (version, applied_at) VALUES (?, ?)", [
      migration.version,
      new Date().toISOString(),
    ]);
  });
}

/**
 * Forward only. A current database is only read, so that an account without CREATE can use it, and any
 * number of processes may do this at once.
 * @throws StateError STATE_TOO_NEW when a newer Rivet wrote the state.
 */
export async function migrate(db: SqlConnection): Promise<void> {
  const version = await versionOf(db, db);
  refuseNewer(db, version);
  for (const migration of MIGRATIONS) {
    if (migration.version > version) await apply(db, migration);
  }
}
