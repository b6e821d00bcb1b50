/** What `rivet check` says of exports from MySQL and MariaDB. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createMysqlDatabase, mysqlTest, testMysql } from "../../support/mariadb.ts";

const MAIN = fileURLToPath(new URL("../../../main.ts", import.meta.url));

interface Check {
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
  CREATE TABLE keyless (v int)`;

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
