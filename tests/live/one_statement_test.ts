/**
 * What `--param` puts into a query adds no statement to it, in check, plan and run, on every engine, with
 * a role that may write.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { sourceFactory } from "../../adapters/sources/mod.ts";
import { caseTuning } from "../conformance/source.ts";
import { createMysqlDatabase, mysqlTest, testMysql } from "../support/mariadb.ts";
import { createDatabase, testPostgres } from "../support/postgres.ts";
import { rivet, withConfig } from "../support/rivet.ts";
import { PASSWORD, withServer } from "../support/tds/connect.ts";
import { databaseRules } from "../support/tds/sql/database.ts";

/** Values of `${name}` in `WHERE name = '${name}'`. */
const ATTACKS = {
  check: "x'; COMMIT; CREATE TABLE pwned (a int); SELECT '1",
  plan: "x') AS x; CREATE TABLE pwned (a int); SELECT * FROM (SELECT '1",
  run: "x') AS x CREATE TABLE pwned (a int) SELECT * FROM (SELECT '1' AS id",
};

const TABLE = "CREATE TABLE items (id int PRIMARY KEY, name varchar(200)); " +
  "INSERT INTO items VALUES (1, 'one')";

async function attack(source: string): Promise<void> {
  const yaml = `
source: ${source}
exports:
  - name: items
    query: "SELECT id FROM items WHERE name = '\${name}'"
    format: csv
    destination: { type: local, path: ./out }
`;
  await withConfig(yaml, async (cwd) => {
    const call = (command: string, name: string) =>
      rivet([command, "-c", "rivet.yaml", "--param", `name=${name}`], { cwd });
    for (const [command, name] of Object.entries(ATTACKS)) {
      const { code, stdout, stderr } = await call(command, name);
      const text = (stdout + stderr).replace(/\s+/g, " ");
      assert.notEqual(code, 0, text);
      assert.match(text, /'items': its query is not one statement/, command);
    }
    // What only looks like it is a value.
    const { code, stdout, stderr } = await call("run", "(;--");
    assert.equal(code, 0, stdout + stderr);
  });
}

Deno.test("postgres: a parameter adds no statement", async () => {
  const server = await testPostgres();
  try {
    const database = await createDatabase(server);
    try {
      await database.sql(TABLE);
      await attack(`{ type: postgres, url: "${database.url}", tls: { mode: disable } }`);
      assert.deepEqual(await database.sql("SELECT to_regclass('pwned')::text"), [[null]]);
    } finally {
      await database.drop();
    }
  } finally {
    await server.stop();
  }
});

Deno.test("postgres: what would leave COPY's parenthesis is not run, whoever has let it through", async () => {
  const server = await testPostgres();
  const folder = await Deno.makeTempDir({ prefix: "rivet-copy-" });
  const stolen = join(folder, "stolen");
  try {
    // The server may be another user's.
    await Deno.chmod(folder, 0o777);
    const factory = await sourceFactory("postgres");
    const source = await factory.connect({
      source: { type: "postgres", url: server.url },
      tuning: caseTuning(),
      applicationName: "rivet-copy",
    });
    try {
      const { columns } = await source.describe("SELECT 1 AS a", new Map());
      const rows = source.read({
        sql: `SELECT 1 AS a) TO '${stolen}' --`,
        columns,
        access: "statement",
        fetchRows: 0,
        batchBytes: 1000,
        batchRows: 10,
        throttleMs: 0,
        maxValueBytes: 1000,
      });
      await assert.rejects(Array.fromAsync(rows), { code: "SOURCE_QUERY", nativeCode: "42601" });
    } finally {
      await source.close();
    }
    assert.deepEqual(await Array.fromAsync(Deno.readDir(folder)), []);
  } finally {
    await Deno.remove(folder, { recursive: true });
    await server.stop();
  }
});

mysqlTest("mysql: a parameter adds no statement", async () => {
  const server = await testMysql();
  try {
    const database = await createMysqlDatabase(server);
    try {
      await database.sql(TABLE);
      await attack(`{ type: mysql, url: "${database.url}", tls: { mode: disable } }`);
      assert.deepEqual(await database.sql("SHOW TABLES LIKE 'pwned'"), []);
    } finally {
      await database.drop();
    }
  } finally {
    await server.stop();
  }
});

Deno.test("mssql: a parameter adds no statement", async () => {
  const items = {
    columns: [{ name: "id", type: "int" }, { name: "name", type: "varchar(200)" }],
    rows: [["1", "one"]],
    primaryKey: "id",
  };
  await withServer(databaseRules({ items }), async (server) => {
    const url = `sqlserver://reader:${PASSWORD}@127.0.0.1:${server.port}/shop`;
    await attack(`{ type: mssql, url: "${url}" }`);
    assert.ok(server.asked.every((sql) => !sql.includes("pwned")));
  });
});
