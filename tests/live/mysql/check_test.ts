/** What `rivet check` says of exports from MySQL and MariaDB. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createMysqlDatabase, mysqlTest, testMysql } from "../../support/mariadb.ts";

const MAIN = fileURLToPath(new URL("../../../main.ts", import.meta.url));

interface Check {
  readonly verdict: string | null;
  readonly index: string | null;
  readonly indexed: boolean | null;
  readonly suggestion: string | null;
  readonly export_name: string;
  readonly reads: string | null;
  readonly scan_type: string | null;
  readonly error: { readonly message: string } | null;
}

/** `rivet check --json` of some exports, by name; each is given as its settings. */
async function check(
  url: string,
  exports: Readonly<Record<string, string>>,
): Promise<Record<string, Check>> {
  const dir = await Deno.makeTempDir({ prefix: "rivet-mysql-check-" });
  try {
    const blocks = Object.entries(exports).map(([name, settings]) =>
      `  - {name: ${name}, format: parquet, destination: {type: local, path: ./out}, ${settings}}\n`
    );
    const config = join(dir, "rivet.yaml");
    await Deno.writeTextFile(
      config,
      `source: {type: mysql, url: "${url}", tls: {mode: disable}}\nexports:\n${blocks.join("")}`,
    );
    const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--no-check", MAIN, "check", "--json", "-c", config],
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).output();
    const text = new TextDecoder().decode(stdout);
    assert.notEqual(text, "", new TextDecoder().decode(stderr));
    const checks = text.trim().split("\n").map((line) => JSON.parse(line) as Check);
    return Object.fromEntries(checks.map((one) => [one.export_name, one]));
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

const TABLES = `
  CREATE TABLE by_id (id int PRIMARY KEY, v int);
  CREATE TABLE by_code (code varchar(20) NOT NULL UNIQUE, v int);
  CREATE TABLE keyless (v int);
  CREATE TABLE large (id int PRIMARY KEY, at int, other int, pad char(100), KEY at (at));
  INSERT INTO large SELECT seq, seq, seq, 'x' FROM seq_1_to_120000;
  ANALYZE TABLE large`;

mysqlTest("mysql: check", async (t) => {
  const server = await testMysql();
  try {
    const database = await createMysqlDatabase(server);
    try {
      await database.sql(TABLES);
      await t.step("how the rows are read", async () => {
        const found = await check(database.url, {
          by_id: "table: by_id, mode: full",
          by_code: "table: by_code, mode: full",
          overridden: "table: by_code, mode: full, columns: {code: binary}",
          keyless: "table: keyless, mode: full",
          query: "query: SELECT * FROM by_id, mode: full",
          incremental: "table: by_id, mode: incremental, cursor_column: id",
          chunked: "table: by_id, mode: chunked",
        });
        const stream = /^one statement, open while its rows are read/;
        assert.match(found.by_id.reads ?? "", /^pages of id/);
        assert.match(found.by_code.reads ?? "", /^pages of code/);
        assert.match(found.overridden.reads ?? "", stream);
        assert.match(found.keyless.reads ?? "", stream);
        assert.match(found.query.reads ?? "", stream);
        assert.match(found.incremental.reads ?? "", stream);
        assert.equal(found.chunked.reads, null);
      });
      await t.step("the verdict is about the statement that will run", async () => {
        const found = await check(database.url, {
          indexed: "table: large, mode: incremental, cursor_column: at",
          unindexed: "table: large, mode: incremental, cursor_column: other",
          chunks: "table: large, mode: chunked, chunk_size: 1000",
          pages: "table: large, mode: full",
          cut_without: "table: large, mode: chunked, chunk_column: other, chunk_size: 1000",
        });
        const shown = ({ scan_type, verdict, indexed }: Check) => [scan_type, verdict, indexed];
        // The first run reads everything, and a LIMIT 1 would be served by the index.
        assert.deepEqual(shown(found.indexed), ["ALL on large, then a sort", "DEGRADED", true]);
        assert.match(found.indexed.suggestion ?? "", /^the planner prefers a full table scan/);
        assert.deepEqual(shown(found.unindexed), ["ALL on large, then a sort", "DEGRADED", false]);
        assert.match(found.unindexed.suggestion ?? "", /^no index detected/);
        assert.deepEqual(shown(found.chunks), ["range using PRIMARY on large", "EFFICIENT", true]);
        assert.deepEqual(shown(found.pages), ["index using PRIMARY on large", "EFFICIENT", true]);
        assert.deepEqual(shown(found.cut_without), [
          "ALL on large, then a sort",
          "DEGRADED",
          false,
        ]);
      });
      await t.step("chunk_dense, where the server knows window functions", async () => {
        const knows = await database.sql("SELECT ROW_NUMBER() OVER ()").then(
          () => true,
          () => false,
        );
        const dense = "table: by_id, mode: chunked, chunk_column: id, chunk_dense: true";
        const found = await check(database.url, { dense });
        const refusal = found.dense.error?.message ?? "none";
        assert.match(refusal, knows ? /^none$/ : /chunk_dense needs window functions.*MySQL 5\.7/);
      });
      await t.step("a key without an order is no key to page by", async () => {
        await database.sql("CREATE TABLE hashed (code varchar(20) PRIMARY KEY) ENGINE = MEMORY");
        const found = await check(database.url, { hashed: "table: hashed, mode: full" });
        assert.match(found.hashed.reads ?? "", /^one statement/);
      });
    } finally {
      await database.drop();
    }
  } finally {
    await server.stop();
  }
});
