import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { join } from "node:path";
import { openSqlite, openState, readState, STATE_FILE } from "../../../state/open.ts";
import { connectSqlite } from "../../../state/sqlite/connection.ts";
import { MIGRATIONS, STATE_VERSION } from "../../../state/migrations.ts";
import { leased } from "../../support/lease.ts";
import { MIGRATED } from "./migrated.ts";

const FIXTURES = join(import.meta.dirname!, "../../../fixtures/state");

async function inTempDir(work: (dir: string) => Promise<void>): Promise<void> {
  const dir = await Deno.makeTempDir({ prefix: "rivet-state-" });
  try {
    await work(dir);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

function createFromSql(path: string, sql: string): void {
  const db = new DatabaseSync(path);
  db.exec(sql);
  db.close();
}

function schemaOf(path: string): unknown[] {
  const db = new DatabaseSync(path, { readOnly: true });
  const columns = db.prepare(
    `SELECT m.type, m.name, m.tbl_name, c.name AS column_name, c.type AS column_type, c."notnull", c.pk
     FROM sqlite_master m LEFT JOIN pragma_table_info(m.name) c ORDER BY m.name, c.name`,
  ).all();
  db.close();
  return columns;
}

Deno.test("state is .rivet_state.db in the config's folder unless RIVET_STATE_URL is set", () =>
  inTempDir(async (dir) => {
    const store = await openState({ dir, env: () => undefined, warn: assert.fail });
    assert.equal(store.location, join(dir, STATE_FILE));
    await store.close();
    await store.close();
    assert.ok((await Deno.stat(join(dir, STATE_FILE))).isFile);
  }));

Deno.test("a RIVET_STATE_URL that is not PostgreSQL's is an error, never a file", () =>
  inTempDir(async (dir) => {
    const wrong = ["mysql://u:s3cret@h/d", "pgsql://u:s3cret@h/d", "sqlite:s3cret", "", " "];
    for (const url of wrong) {
      const opened = openState({ dir, env: () => url, warn: assert.fail });
      await assert.rejects(opened, (error) => {
        assert.ok(error instanceof Error);
        assert.match(error.message, /^RIVET_STATE_URL (starts with|has no scheme|is empty)/);
        assert.doesNotMatch(Deno.inspect(error), /s3cret/);
        return true;
      });
    }
    assert.deepEqual([...Deno.readDirSync(dir)], []);
  }));

for (const [version, check] of MIGRATED) {
  Deno.test(`a state of version ${version} is migrated with its data`, () =>
    inTempDir(async (dir) => {
      const path = join(dir, "old.db");
      createFromSql(path, await Deno.readTextFile(join(FIXTURES, `v${version}.sql`)));
      const store = await openSqlite(path);
      await check(store);
      await store.close();

      const fresh = join(dir, "fresh.db");
      await (await openSqlite(fresh)).close();
      assert.deepEqual(schemaOf(path), schemaOf(fresh));
      const db = new DatabaseSync(path);
      const versions = db.prepare("SELECT version FROM schema_version ORDER BY version").all();
      db.close();
      assert.deepEqual(versions.map((row) => row.version), MIGRATIONS.map((m) => m.version));
    }));
}

Deno.test("the tables are those that the contracts name", () =>
  inTempDir(async (dir) => {
    const path = join(dir, "state.db");
    await (await openSqlite(path)).close();
    const db = new DatabaseSync(path);
    const tables = db.prepare(
      "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name",
    ).all();
    db.close();
    assert.deepEqual(tables.map((t) => t.name), [
      "chunk_run",
      "chunk_task",
      "chunk_worker",
      "export_lease",
      "export_metrics",
      "export_progression",
      "export_run",
      "export_schema",
      "export_shape",
      "export_state",
      "file_log",
      "run_aggregate",
      "run_journal",
      "schema_version",
    ]);
  }));

Deno.test("migrations are numbered from 1 without a gap", () => {
  assert.deepEqual(MIGRATIONS.map((m) => m.version), MIGRATIONS.map((_, i) => i + 1));
});

Deno.test("a migration that fails leaves the version before it", () =>
  inTempDir(async (dir) => {
    const path = join(dir, "old.db");
    createFromSql(path, await Deno.readTextFile(join(FIXTURES, "v1.sql")));
    // In the way of version 3, behind a version 2 that succeeds.
    createFromSql(path, "CREATE TABLE run_aggregate (x)");
    await assert.rejects(openSqlite(path), { code: "STATE_CORRUPT" });
    createFromSql(path, "DROP TABLE run_aggregate");
    const store = await openSqlite(path);
    await MIGRATED[0][1](store);
    await store.close();
  }));

Deno.test("STATE_TOO_NEW: a state of a newer Rivet is left alone", () =>
  inTempDir(async (dir) => {
    const path = join(dir, "state.db");
    await (await openSqlite(path)).close();
    createFromSql(path, "INSERT INTO schema_version VALUES (99, '2030-01-01T00:00:00.000Z')");
    await assert.rejects(openSqlite(path), {
      name: "StateError",
      code: "STATE_TOO_NEW",
      message: new RegExp(`version 99.*versions up to ${STATE_VERSION}`),
      hint: /Update Rivet/,
    });
  }));

Deno.test("STATE_CORRUPT: a file that is not a database, and one with damaged pages", () =>
  inTempDir(async (dir) => {
    const text = join(dir, "text.db");
    await Deno.writeTextFile(text, "not a database, ".repeat(500));
    await assert.rejects(openSqlite(text), {
      code: "STATE_CORRUPT",
      message: new RegExp(`${text} is damaged`),
      hint: /backup/,
    });
    assert.equal(await Deno.readTextFile(text), "not a database, ".repeat(500));

    const damaged = join(dir, "damaged.db");
    await (await openSqlite(damaged)).close();
    const bytes = await Deno.readFile(damaged);
    bytes.fill(0xaa, 4096);
    await Deno.writeFile(damaged, bytes);
    await assert.rejects(openSqlite(damaged), { code: "STATE_CORRUPT" });
  }));

Deno.test("STATE_CORRUPT: a table that is missing or holds something else", () =>
  inTempDir(async (dir) => {
    const path = join(dir, "state.db");
    const store = await openSqlite(path);
    const other = new DatabaseSync(path);
    other.exec(
      `INSERT INTO export_schema VALUES ('orders', 'not json', 'f', 'r', 'now');
       INSERT INTO export_shape VALUES ('orders', '{}', 'r', 'now');
       INSERT INTO chunk_run (run_id, export_name, plan_fingerprint, status, max_attempts,
         created_at, updated_at, plan_json) VALUES ('r', 'orders', 'f', 'odd', 1, 'now', 'now', '{}');
       DROP TABLE file_log`,
    );
    other.close();
    await assert.rejects(store.schema("orders"), { code: "STATE_CORRUPT" });
    await assert.rejects(store.latestChunkRun("orders"), { code: "STATE_CORRUPT" });
    await assert.rejects(store.files({}), { code: "STATE_CORRUPT", message: /file_log/ });
    await store.close();
  }));

Deno.test("STATE_LOCKED: another process holds the write lock beyond the timeout", () =>
  inTempDir(async (dir) => {
    const path = join(dir, "state.db");
    await (await openSqlite(path)).close();
    const other = new DatabaseSync(path);
    other.exec("BEGIN IMMEDIATE");
    const db = await connectSqlite(path, 50);
    await assert.rejects(db.transaction((tx) => tx.run("DELETE FROM export_state")), {
      code: "STATE_LOCKED",
      hint: new RegExp(`lsof ${path}`),
    });
    // Readers are not kept waiting.
    assert.deepEqual(await db.all("SELECT * FROM export_state"), []);
    other.exec("COMMIT");
    assert.equal(await db.transaction((tx) => tx.run("DELETE FROM export_state")), 0);
    other.close();
    await db.close();
  }));

Deno.test("STATE_UNAVAILABLE: a folder that is missing or is a file", () =>
  inTempDir(async (dir) => {
    const unavailable = { code: "STATE_UNAVAILABLE", hint: /folder must exist, be writable/ };
    await assert.rejects(openSqlite(join(dir, "missing", STATE_FILE)), unavailable);
    await Deno.writeTextFile(join(dir, "file"), "");
    await assert.rejects(openSqlite(join(dir, "file", STATE_FILE)), unavailable);
    const { mode } = await Deno.stat(dir);
    await assert.rejects(openSqlite(dir), unavailable);
    assert.equal((await Deno.stat(dir)).mode, mode);
  }));

Deno.test("STATE_UNAVAILABLE: a link is not followed", () =>
  inTempDir(async (dir) => {
    await Deno.mkdir(join(dir, "victim"));
    for (const target of ["victim/new.db", "victim/there.db"]) {
      if (target.endsWith("there.db")) await (await openSqlite(join(dir, target))).close();
      const link = join(dir, STATE_FILE);
      await Deno.symlink(target, link);
      await assert.rejects(openSqlite(link), { code: "STATE_UNAVAILABLE", message: /is a link/ });
      await Deno.remove(link);
    }
    assert.deepEqual([...Deno.readDirSync(join(dir, "victim"))].map((e) => e.name), ["there.db"]);
  }));

Deno.test("a new state is its user's alone, whatever the umask; one that is there keeps its mode", () =>
  inTempDir(async (dir) => {
    const umask = Deno.umask(0);
    try {
      const path = join(dir, STATE_FILE);
      const store = await openSqlite(path);
      for (const { name } of Deno.readDirSync(dir)) {
        assert.equal((Deno.lstatSync(join(dir, name)).mode ?? 0) & 0o777, 0o600, name);
      }
      assert.equal([...Deno.readDirSync(dir)].length, 3);
      await store.close();
      await Deno.chmod(path, 0o660);
      await (await openSqlite(path)).close();
      assert.equal((Deno.lstatSync(path).mode ?? 0) & 0o777, 0o660);
    } finally {
      Deno.umask(umask);
    }
  }));

Deno.test("STATE_UNAVAILABLE: a folder that cannot be written to", () =>
  inTempDir(async (dir) => {
    // Permissions do not stop root; no account creates files in /proc.
    const folder = Deno.uid() === 0 ? "/proc" : dir;
    if (folder === dir) await Deno.chmod(dir, 0o555);
    await assert.rejects(openSqlite(join(folder, STATE_FILE)), {
      code: "STATE_UNAVAILABLE",
      message: new RegExp(`cannot use the state at ${folder}`),
    });
    if (folder === dir) await Deno.chmod(dir, 0o755);
  }));

Deno.test("calls of one process take turns: nothing is seen of an open transaction", () =>
  inTempDir(async (dir) => {
    const path = join(dir, "state.db");
    await (await openSqlite(path)).close();
    const db = await connectSqlite(path);
    const insert = "INSERT INTO export_state VALUES (?, '1', 'now', 'r', NULL)";
    const failing = db.transaction(async (tx) => {
      await tx.run(insert, ["a"]);
      await new Promise((resolve) => setTimeout(resolve, 5));
      throw new Error("rolled back");
    });
    const seen = db.all("SELECT * FROM export_state");
    const second = db.transaction((tx) => tx.run(insert, ["b"]));
    await assert.rejects(failing, { message: /rolled back/ });
    assert.deepEqual(await seen, []);
    assert.equal(await second, 1);
    await db.close();
    await assert.rejects(db.all("SELECT 1"), { code: "STATE_UNAVAILABLE" });
  }));

Deno.test("commits are on the disk when they return", () =>
  inTempDir(async (dir) => {
    const db = await connectSqlite(join(dir, "state.db"));
    assert.equal((await db.all("PRAGMA journal_mode"))[0].journal_mode, "wal");
    assert.equal((await db.all("PRAGMA synchronous"))[0].synchronous, 2n); // FULL
    await db.close();
  }));

Deno.test("a state that has become an empty file is said, one that is being made is not", () =>
  inTempDir(async (dir) => {
    const path = join(dir, STATE_FILE);
    for (const [age, warned] of [[60, 1], [0, 0]]) {
      await Deno.writeTextFile(path, "");
      const then = new Date(Date.now() - age * 1000);
      await Deno.utime(path, then, then);
      const warnings: string[] = [];
      const warn = (text: string) => warnings.push(text);
      const store = await openState({ dir, env: () => undefined, warn });
      assert.deepEqual(await store.cursors(), []);
      await store.close();
      assert.equal(warnings.length, warned);
      if (warned > 0) assert.match(warnings[0], /is an empty file.*restore a backup/);
    }
  }));

Deno.test("a state that is replaced while it is open takes no more writes", () =>
  inTempDir(async (dir) => {
    const path = join(dir, STATE_FILE);
    const store = await openSqlite(path);
    const state = await leased(store);
    const cursor = { exportName: "orders", cursor: "1", updatedAt: "now", runId: "r" };
    await state.saveCursor(cursor);
    await Deno.rename(path, `${path}.bak`);
    const gone = { code: "STATE_UNAVAILABLE", message: /was removed or replaced/ };
    await assert.rejects(state.saveCursor(cursor), gone);
    await Deno.writeTextFile(path, "");
    await assert.rejects(state.renew(), gone);
    await Deno.rename(`${path}.bak`, path);
    await state.saveCursor(cursor);
    await store.close();
  }));

Deno.test("to read a state makes none, and what is not there reads as empty", () =>
  inTempDir(async (dir) => {
    for (const mayBeMade of [false, true]) {
      const reader = await readState({ dir, env: () => undefined, warn: assert.fail }, mayBeMade);
      assert.equal(reader.location, join(dir, STATE_FILE));
      assert.deepEqual(await reader.metrics({}), []);
      assert.deepEqual(await reader.journal({ exportName: "orders" }), []);
      assert.equal(await reader.cursor("orders"), null);
      assert.equal(await reader.latestChunkRun("orders"), null);
      await reader.close();
      assert.deepEqual([...Deno.readDirSync(dir)], []);
    }
    const store = await openSqlite(join(dir, STATE_FILE));
    await (await leased(store)).beginRun("orders_1");
    await store.close();
    const reader = await readState({ dir, env: () => undefined, warn: assert.fail });
    assert.equal(await reader.lastSequence(), 1);
    await reader.close();
  }));

Deno.test("a state that the first run could not make is said before", () =>
  inTempDir(async (dir) => {
    // Permissions do not stop root; no account creates files in /proc.
    const folder = Deno.uid() === 0 ? "/proc" : dir;
    if (folder === dir) await Deno.chmod(dir, 0o555);
    const options = { dir: folder, env: () => undefined, warn: assert.fail };
    await assert.rejects(readState(options, true), {
      code: "STATE_UNAVAILABLE",
      message: new RegExp(`cannot use the state at ${join(folder, STATE_FILE)}`),
    });
    if (folder === dir) await Deno.chmod(dir, 0o755);
  }));

Deno.test("STATE_FOREIGN: the state of the other tool of this name is left alone", () =>
  inTempDir(async (dir) => {
    const path = join(dir, STATE_FILE);
    // Of a version that ours has too, and of its current one.
    for (const version of [STATE_VERSION, 3, 38]) {
      createFromSql(
        path,
        `CREATE TABLE schema_version (version INTEGER NOT NULL);
         INSERT INTO schema_version VALUES (${version});
         CREATE TABLE export_state (export_name TEXT PRIMARY KEY, last_cursor_value TEXT)`,
      );
      const before = schemaOf(path);
      for (
        const open of [
          () => openSqlite(path),
          () => readState({ dir, env: () => undefined, warn: assert.fail }),
        ]
      ) {
        await assert.rejects(open(), { code: "STATE_FOREIGN", hint: /left as it is/ });
      }
      assert.deepEqual(schemaOf(path), before);
      await Deno.remove(path);
    }
  }));
