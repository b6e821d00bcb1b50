/** No text of a query writes, with an account that may. */
import assert from "node:assert/strict";
import { withSource } from "../../conformance/source.ts";
import {
  createMysqlDatabase,
  mysqlTest,
  testMysql,
  type TestMysqlDatabase,
} from "../../support/mariadb.ts";
import { runPipeline, withFolder } from "./command.ts";
import { mysqlHarness } from "./harness.ts";

const TABLES = `
  CREATE TABLE kept (a int); INSERT INTO kept VALUES (1);
  CREATE FUNCTION writes() RETURNS int MODIFIES SQL DATA BEGIN DELETE FROM kept; RETURN 1; END`;

const CREATE = "CREATE TABLE pwned (a int)";

const TEXTS: readonly string[] = [
  `SELECT 1 AS a; COMMIT; ${CREATE}`,
  `SELECT 1 AS a; COMMIT; ${CREATE}; --`,
  `SELECT 1 AS a) AS x; COMMIT; ${CREATE}; SELECT * FROM (SELECT 1 AS a`,
  `SELECT 1 AS a /*! ; COMMIT; ${CREATE} */`,
  `SELECT 1 AS a\0; ${CREATE}`,
  `SELECT '\\'; COMMIT; ${CREATE}; -- ' AS a`,
  "COMMIT",
  "DELETE FROM kept",
  CREATE,
  "SELECT writes() AS a",
  "SELECT a FROM kept WHERE a = writes()",
  "SELECT 1 AS a INTO @x",
  "SET autocommit = 1",
  "WITH c AS (SELECT 1 AS a) DELETE FROM kept",
];

async function unchanged(database: TestMysqlDatabase, text: string): Promise<void> {
  const found = await database.sql(
    "SELECT (SELECT COUNT(*) FROM kept), (SELECT COUNT(*) FROM " +
      "information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = 'pwned')",
  );
  assert.deepEqual(found, [["1", "0"]], text);
}

mysqlTest("mysql: no text of a query writes", async (t) => {
  const server = await testMysql();
  try {
    const database = await createMysqlDatabase(server);
    try {
      await database.sql("SET GLOBAL log_bin_trust_function_creators = 1").catch(() => {});
      // The function's body has semicolons of its own.
      for (const sql of TABLES.split(/;(?=\s*(?:INSERT|CREATE))/)) await database.sql(sql);
      const harness = await mysqlHarness(database);
      await t.step(
        "in whatever is asked of the source",
        () =>
          withSource(harness, {}, async (source) => {
            for (const text of TEXTS) {
              const ways = [
                () => source.describe(text, new Map()),
                () => source.inspect?.(text, new Map()),
                () => source.estimateRows(text),
                () => source.explainScan?.(text, "statement"),
                () => source.rows(`SELECT COUNT(*) FROM (\n${text}\n) AS _rivet`),
              ];
              const failed = [];
              for (const way of ways) {
                failed.push(await Promise.resolve(way()).then(() => false, () => true));
                await unchanged(database, text);
              }
              // What does not fail is not run: EXPLAIN tells a plan, and a comment is none.
              assert.ok(failed[0] || /\/\*|writes|\\'/.test(text), text);
            }
          }),
      );
      await t.step("in a parameter of any command", () =>
        withFolder(async (dir) => {
          const settings = 'query: "SELECT ${value} AS a", mode: full';
          for (const command of ["check", "plan", "run"]) {
            const param = `--param=value=1; COMMIT; ${CREATE}`;
            const { code } = await runPipeline(
              database.url,
              dir,
              settings,
              [command, param],
              false,
            );
            assert.notEqual(code, 0, command);
            await unchanged(database, command);
          }
        }));
    } finally {
      await database.drop();
    }
  } finally {
    await server.stop();
  }
});
