/** Vectors: MySQL tells their type, MariaDB sends them as the bytes that they are. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { createMysqlDatabase, mysqlTest, testMysql } from "../../support/mariadb.ts";
import { queryDuckdb } from "../../support/readers.ts";
import { runPipeline, withFolder } from "./command.ts";

/** What a folder's files hold. */
async function exported(dir: string, value = "e"): Promise<unknown[]> {
  const rows = await queryDuckdb(
    `SELECT ${value} AS e FROM read_parquet('${join(dir, "out", "*.parquet")}') ORDER BY id`,
  );
  return rows.map(({ e }) => e);
}

mysqlTest("mysql: vectors are bytes, or refused with the cast to write", async () => {
  const server = await testMysql();
  const database = await createMysqlDatabase(server);
  try {
    const known = await database.sql("CREATE TABLE v (id int PRIMARY KEY, e VECTOR(3) NOT NULL)")
      .then(() => true, () => false);
    if (!known) {
      const [[version]] = await database.sql("SELECT VERSION()");
      assert.match(version ?? "", /^(5\.|8\.|10\.|11\.[0-6]\.)/);
      console.log(`${version} has no VECTOR`);
      return;
    }
    const [[version]] = await database.sql("SELECT VERSION()");
    const isMariadb = /MariaDB/.test(version ?? "");
    const [from, to] = isMariadb
      ? ["VEC_FromText", "VEC_ToText"]
      : ["STRING_TO_VECTOR", "VECTOR_TO_STRING"];
    await database.sql(`INSERT INTO v VALUES (1, ${from}('[1,-2.5,0]'))`);
    await withFolder(async (dir) => {
      const { code, text } = await runPipeline(database.url, dir, "table: v", ["run"], isMariadb);
      if (isMariadb) {
        const bytes = new Uint8Array(new Float32Array([1, -2.5, 0]).buffer);
        assert.deepEqual(await exported(dir, "lower(hex(e))"), [bytes.toHex()]);
        return;
      }
      assert.equal(code, 1);
      assert.match(text, /`e` vector: has no exact counterpart/);
      assert.match(text, /VECTOR_TO_STRING\(`e`\) AS `e`/);
      for (const type of ["text", "binary"]) {
        const settings = `table: v, columns: {e: ${type}}`;
        const refused = await runPipeline(database.url, dir, settings, ["run"], false);
        assert.match(refused.text, new RegExp(`cannot be read as ${type}`));
      }
    });
    await withFolder(async (dir) => {
      await runPipeline(database.url, dir, `query: "SELECT id, ${to}(e) AS e FROM v"`);
      const [text] = await exported(dir);
      assert.deepEqual(JSON.parse(String(text)), [1, -2.5, 0]);
    });
  } finally {
    await database.drop();
    await server.stop();
  }
});
