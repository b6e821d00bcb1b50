/** Every mode on MySQL, through the command line: all rows, none twice, cursors with all their digits. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  createMysqlDatabase,
  mysqlTest,
  testMysql,
  type TestMysqlDatabase,
} from "../../support/mariadb.ts";
import { queryDuckdb } from "../../support/readers.ts";

const MAIN = fileURLToPath(new URL("../../../main.ts", import.meta.url));
const ROWS = 1000;

/** Keys of every kind: sparse, beyond 53 bits, a decimal beyond 15 digits, text, a gap of days. */
const TABLES = `
  CREATE TABLE things (
    id bigint unsigned PRIMARY KEY,
    small int NULL,
    amount decimal(30, 4) NOT NULL UNIQUE,
    code varchar(40) CHARACTER SET latin1 NOT NULL UNIQUE,
    changed_at timestamp(6) NULL,
    created_at datetime(6) NOT NULL,
    created_on date NOT NULL,
    unix_s bigint NOT NULL,
    token varbinary(16) NOT NULL UNIQUE,
    KEY (small), KEY (changed_at), KEY (created_at)
  );
  SET time_zone = '+00:00'`;

/** Bytes above ASCII, backslashes and zeros among them, of two lengths. */
function token(i: number): string {
  const bytes = [i % 256, 0x5c, (i * 7) % 251, i >> 8, 0, ...(i % 3 === 0 ? [0] : [])];
  return bytes.map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

function insertSql(from: number, to: number): string {
  const rows: string[] = [];
  for (let i = from; i < to; i++) {
    const id = 9_007_199_254_740_992n + BigInt(i);
    const moment = `TIMESTAMP('2024-01-01 00:00:00') + INTERVAL ${
      i * 3601
    } SECOND + INTERVAL ${i} MICROSECOND`;
    rows.push(
      `(${id}, ${i % 5 === 0 ? "NULL" : i}, 98765432109876543210.${String(i).padStart(4, "0")}, ` +
        `'code-é-${i}', ${i % 4 === 0 ? "NULL" : moment}, ${moment}, ` +
        `DATE('2024-01-01') + INTERVAL ${i % 90} DAY, UNIX_TIMESTAMP() - ${i}, ` +
        `X'${token(i)}')`,
    );
  }
  return `INSERT INTO things VALUES ${rows.join(", ")}`;
}

/** The source of the reference documents, as it stands there. */
const REFERENCE = new URL("../../../fixtures/config/reference-readme-0.2-03.yaml", import.meta.url);

interface RunOptions {
  /** The `source:` section; plaintext to `url` when absent. */
  readonly source?: string;
  readonly env?: Record<string, string>;
}

/** `rivet run` of one export; returns every id in its files. */
async function runExport(
  url: string,
  dir: string,
  settings: string,
  options: RunOptions = {},
): Promise<string[]> {
  const source = options.source ?? `source: {type: mysql, url: "${url}", tls: {mode: disable}}`;
  await Deno.writeTextFile(
    join(dir, "rivet.yaml"),
    `${source}\nexports:\n  - name: things\n    format: parquet\n    ${
      settings.trim().replaceAll("\n", "\n    ")
    }\n    destination: {type: local, path: ./out}\n`,
  );
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", MAIN, "run", "--validate", "-c", join(dir, "rivet.yaml")],
    env: options.env,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).output();
  assert.equal(code, 0, new TextDecoder().decode(stderr));
  const files = join(dir, "out", "*.parquet").replaceAll("'", "''");
  const rows = await queryDuckdb(`SELECT id::VARCHAR AS id FROM read_parquet('${files}')`);
  return rows.map((row) => String(row.id));
}

async function inFolder<T>(work: (dir: string) => Promise<T>): Promise<T> {
  const dir = await Deno.makeTempDir({ prefix: "rivet-mysql-modes-" });
  try {
    return await work(dir);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

/** Modes that read the whole table. */
const WHOLE: Readonly<Record<string, string>> = {
  "full, by pages of the key": "table: things\nmode: full",
  "full, a page at a time": "table: things\nmode: full\ntuning: {batch_size: 77, throttle_ms: 0}",
  "full, by pages of a key of text":
    "table: coded\nmode: full\ntuning: {batch_size: 77, throttle_ms: 0}",
  "full, a query without a key": "query: SELECT * FROM things\nmode: full",
  "full, two readers": "table: things\nmode: full\nparallel: 2",
  "chunked, by the key": "table: things\nmode: chunked\nchunk_size: 77",
  "chunked, two workers and a checkpoint":
    "table: things\nmode: chunked\nchunk_size: 77\nparallel: 2\nchunk_checkpoint: true",
  "chunked, by count": "table: things\nmode: chunked\nchunk_count: 7",
  "chunked, a column with NULLs":
    "table: things\nmode: chunked\nchunk_column: small\nchunk_size: 300",
  "chunked, by days of an instant with NULLs":
    "table: things\nmode: chunked\nchunk_column: changed_at\nchunk_by_days: 9",
  "chunked, by days of a date":
    "table: things\nmode: chunked\nchunk_column: created_on\nchunk_by_days: 30",
  "chunked, dense":
    "table: things\nmode: chunked\nchunk_column: created_at\nchunk_dense: true\nchunk_size: 300",
  "chunked, by a text key": "table: things\nmode: chunked\nchunk_by_key: code\nchunk_size: 130",
  "chunked, by a decimal key":
    "table: things\nmode: chunked\nchunk_by_key: amount\nchunk_size: 130",
  "chunked, by a key of bytes":
    "table: things\nmode: chunked\nchunk_by_key: token\nchunk_size: 130",
  "chunked, a query whose key repeats":
    "query: SELECT * FROM things\nmode: chunked\nchunk_by_key: created_on\nchunk_size: 25",
  "time window, by seconds":
    "table: things\nmode: time_window\ntime_column: unix_s\ntime_column_type: unix\ndays_window: 2",
};

async function checkWhole(database: TestMysqlDatabase, settings: string): Promise<void> {
  await inFolder(async (dir) => {
    const ids = await runExport(database.url, dir, settings);
    assert.equal(ids.length, ROWS, "rows are missing or doubled");
    assert.equal(new Set(ids).size, ROWS);
  });
}

async function checkRefused(database: TestMysqlDatabase, settings: string): Promise<void> {
  await inFolder((dir) =>
    assert.rejects(runExport(database.url, dir, settings), /chunk_dense needs window functions/)
  );
}

/** Settings of an incremental export, and which column its new rows exceed. */
const INCREMENTAL: Readonly<Record<string, string>> = {
  "a key beyond 53 bits": "table: things\nmode: incremental\ncursor_column: id",
  "a decimal beyond 15 digits": "table: things\nmode: incremental\ncursor_column: amount",
  "microseconds": "table: things\nmode: incremental\ncursor_column: created_at",
  "an instant or, where it is NULL, another column": "table: things\nmode: incremental\n" +
    "incremental_cursor_mode: coalesce\ncursor_column: changed_at\ncursor_fallback_column: created_at",
};

/** Two runs around new rows: the second one reads those and nothing else. */
async function checkIncremental(database: TestMysqlDatabase, settings: string): Promise<void> {
  await inFolder(async (dir) => {
    assert.equal((await runExport(database.url, dir, settings)).length, ROWS);
    await database.sql(insertSql(ROWS, ROWS + 10));
    try {
      const ids = await runExport(database.url, dir, settings);
      assert.equal(ids.length, ROWS + 10, "the second run did not read the new rows once");
      assert.equal(new Set(ids).size, ROWS + 10);
      // Nothing is new for the third.
      assert.equal((await runExport(database.url, dir, settings)).length, ROWS + 10);
    } finally {
      await database.sql(`DELETE FROM things WHERE id >= ${9_007_199_254_740_992n + BigInt(ROWS)}`);
    }
  });
}

/** The key of a MERGE table holds in each of its tables, not over them. */
async function checkMerge(database: TestMysqlDatabase): Promise<void> {
  const tables = ["m1", "m2"].map((name) =>
    `CREATE TABLE ${name} (id int PRIMARY KEY) ENGINE=MyISAM;
     INSERT INTO ${name} SELECT small FROM things WHERE small BETWEEN 1 AND 50`
  );
  await database.sql(
    `${
      tables.join(";")
    }; CREATE TABLE both_of_them (id int PRIMARY KEY) ENGINE=MERGE UNION=(m1, m2)`,
  );
  const expected = (await database.sql("SELECT id FROM both_of_them ORDER BY id")).flat();
  const small = "tuning: {batch_size: 3, throttle_ms: 0}";
  for (const mode of ["mode: full", "mode: chunked\nchunk_by_key: id\nchunk_size: 5"]) {
    await inFolder(async (dir) => {
      const ids = await runExport(database.url, dir, `table: both_of_them\n${mode}\n${small}`);
      assert.deepEqual(ids.toSorted((a, b) => Number(a) - Number(b)), expected, mode);
    });
  }
}

async function checkReference(database: TestMysqlDatabase): Promise<void> {
  await inFolder(async (dir) => {
    const source = await Deno.readTextFile(REFERENCE);
    const env = { DATABASE_URL: database.url };
    const ids = await runExport("", dir, "table: things\nmode: full", { source, env });
    assert.equal(ids.length, ROWS);
  });
}

mysqlTest("mysql: modes", async (t) => {
  const server = await testMysql();
  try {
    const database = await createMysqlDatabase(server);
    try {
      await database.sql(TABLES);
      await database.sql(insertSql(0, ROWS));
      // Its order is not that of the bytes.
      await database.sql(
        "CREATE TABLE coded (code varchar(40) PRIMARY KEY, id bigint unsigned NOT NULL); " +
          "INSERT INTO coded SELECT CONCAT(IF(id % 2, 'A', 'a'), IF(id % 3, 'é', 'e'), id), id FROM things",
      );
      const windows = await database.sql("SELECT ROW_NUMBER() OVER ()").then(
        () => true,
        () => false,
      );
      for (const [name, settings] of Object.entries(WHOLE)) {
        const dense = settings.includes("chunk_dense") && !windows;
        await t.step(
          name,
          () => dense ? checkRefused(database, settings) : checkWhole(database, settings),
        );
      }
      await t.step("a MERGE table, whose key repeats", () => checkMerge(database));
      await t.step("a source of the reference documents", () => checkReference(database));
      for (const [name, settings] of Object.entries(INCREMENTAL)) {
        await t.step(`incremental, ${name}`, () => checkIncremental(database, settings));
      }
    } finally {
      await database.drop();
    }
  } finally {
    await server.stop();
  }
});
