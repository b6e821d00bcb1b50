/** Columns that `SELECT *` leaves out: exported, and good enough to cut the table by. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { runPipeline, withFolder } from "./command.ts";
import {
  createMysqlDatabase,
  mysqlTest,
  testMysql,
  type TestMysqlDatabase,
} from "../../support/mariadb.ts";
import { queryDuckdb } from "../../support/readers.ts";

const ROWS = 250;

const numbers = Array.from({ length: ROWS }, (_, i) => i + 1);

/** @param invisible empty where the server does not know the word: then all columns are as others are. */
const tables = (invisible: string) => `
  CREATE TABLE hidden (v int, secret varchar(20) ${invisible},
    id int NOT NULL DEFAULT 0 ${invisible} PRIMARY KEY, twice int AS (v * 2) VIRTUAL ${invisible});
  INSERT INTO hidden (v, secret, id) VALUES ${
  numbers.map((i) => `(${i}, 's${i}', ${i * 10})`).join(", ")
}`;

/** MySQL makes a key of its own for a table without one. */
const GENERATED = `
  SET sql_generate_invisible_primary_key = ON;
  CREATE TABLE keyless (v int);
  SET sql_generate_invisible_primary_key = OFF;
  INSERT INTO keyless (v) VALUES ${numbers.map((i) => `(${i})`).join(", ")}`;

const MODES: Readonly<Record<string, string>> = {
  "by pages": "mode: full, tuning: {batch_size: 60, throttle_ms: 0}",
  "by readers": "mode: full, parallel: 2",
  "by chunks": "mode: chunked, chunk_size: 700, chunk_checkpoint: true",
  "by keys": "mode: chunked, chunk_by_key: true, chunk_size: 60",
};

async function rowsOf(
  url: string,
  settings: string,
  order: string,
): Promise<Record<string, unknown>[]> {
  return await withFolder(async (dir) => {
    await runPipeline(url, dir, settings);
    const files = join(dir, "out", "*.parquet").replaceAll("'", "''");
    return await queryDuckdb(`SELECT * FROM read_parquet('${files}') ORDER BY ${order}`);
  });
}

async function checkReconcile(database: TestMysqlDatabase): Promise<void> {
  await withFolder(async (dir) => {
    const config = "table: hidden, mode: chunked, chunk_size: 700, chunk_checkpoint: true";
    await runPipeline(database.url, dir, config);
    const { code, text } = await runPipeline(database.url, dir, config, ["reconcile", "-e", "t"]);
    assert.equal(code, 0, text);
    await database.sql("INSERT INTO hidden (v, secret, id) VALUES (0, 'new', 11)");
    const found = await runPipeline(database.url, dir, config, ["reconcile", "-e", "t"], false);
    assert.equal(found.code, 1, found.text);
  });
}

mysqlTest("mysql: invisible columns", async (t) => {
  const server = await testMysql();
  try {
    const database = await createMysqlDatabase(server);
    try {
      const knows = await database.sql("CREATE TABLE one (a int, b int INVISIBLE)").then(
        () => true,
        () => false,
      );
      await database.sql(tables(knows ? "INVISIBLE" : ""));
      for (const [name, mode] of Object.entries(MODES)) {
        await t.step(name, async () => {
          const rows = await rowsOf(database.url, `table: hidden, ${mode}`, "v");
          assert.deepEqual(
            rows,
            Array.from({ length: ROWS }, (_, i) => ({
              v: i + 1,
              secret: `s${i + 1}`,
              id: (i + 1) * 10,
              twice: (i + 1) * 2,
            })),
          );
        });
      }
      await t.step(
        "a table's rows are reconciled as they were read",
        () => checkReconcile(database),
      );
      const [variable] = await database.sql(
        "SHOW VARIABLES LIKE 'sql_generate_invisible_primary_key'",
      );
      if (variable === undefined) return;
      await database.sql(GENERATED);
      for (const [name, mode] of Object.entries(MODES)) {
        await t.step(`a generated key, ${name}`, async () => {
          const rows = await rowsOf(database.url, `table: keyless, ${mode}`, "v");
          assert.deepEqual(rows.map(({ v }) => v), Array.from({ length: ROWS }, (_, i) => i + 1));
          assert.equal(new Set(rows.map(({ my_row_id }) => my_row_id)).size, ROWS);
        });
      }
    } finally {
      await database.drop();
    }
  } finally {
    await server.stop();
  }
});
