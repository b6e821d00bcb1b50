/**
 * The Quick Start of the reference documents, unchanged but for the address of its database: the first
 * run exports every user, the next one what is new.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { createDatabase, testPostgres } from "../../support/postgres.ts";
import { queryDuckdb } from "../../support/readers.ts";
import { partFiles, rivet, withConfig } from "../../support/rivet.ts";

const QUICK_START = new URL(
  "../../../fixtures/config/reference-readme-0.2-01.yaml",
  import.meta.url,
);
const DOCUMENTED_URL = "postgresql://user:pass@localhost:5432/mydb";

async function ids(files: readonly string[]): Promise<unknown[]> {
  const list = files.map((file) => `'${file}'`).join(", ");
  const rows = await queryDuckdb(`SELECT id FROM read_parquet([${list}]) ORDER BY id`);
  return rows.map((row) => row.id);
}

Deno.test("the Quick Start config runs as documented, and goes on where it left off", async () => {
  const server = await testPostgres();
  const db = await createDatabase(server);
  try {
    await db.sql(
      `CREATE TABLE users (id int PRIMARY KEY, name text, email text, updated_at timestamptz NOT NULL);
       INSERT INTO users SELECT i, 'u' || i, 'u' || i || '@x', timestamptz '2026-01-01' + i * interval '1 h'
         FROM generate_series(1, 3) i`,
    );
    const documented = await Deno.readTextFile(QUICK_START);
    assert.ok(documented.includes(DOCUMENTED_URL));
    await withConfig(documented.replace(DOCUMENTED_URL, db.url), async (dir) => {
      const out = join(dir, "output");
      const run = () => rivet(["run", "--config", "rivet.yaml"], { cwd: dir });
      const first = await run();
      assert.equal(first.code, 0, first.stderr);
      assert.match(first.stdout, /^── users ──\n {2}run_id: +users_\d{8}T\d{6}\.\d{3}\n/);
      assert.match(first.stdout, /status: +success\n {2}rows: +3\n {2}files: +1\n/);
      const before = await partFiles(out, "parquet");
      assert.deepEqual(await ids(before), [1, 2, 3]);

      const again = await run();
      assert.match(again.stdout, /rows: +0\n {2}files: +0\n/);
      await db.sql(
        "INSERT INTO users VALUES (4, 'u4', NULL, timestamptz '2026-02-01 00:00:00.000001')",
      );
      assert.equal((await run()).code, 0);
      const added = (await partFiles(out, "parquet")).filter((file) => !before.includes(file));
      assert.deepEqual(await ids(added), [4]);

      const shown = await rivet(["state", "show", "--config", "rivet.yaml"], { cwd: dir });
      assert.match(shown.stdout, /users +2026-02-01 00:00:00\.000001/);
    });
  } finally {
    await db.drop();
    await server.stop();
  }
});
