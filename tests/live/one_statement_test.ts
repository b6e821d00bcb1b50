/**
 * What `--param` puts into a query adds no statement to it, in check, plan and run, on every engine, with
 * a role that may write.
 */
import assert from "node:assert/strict";
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
