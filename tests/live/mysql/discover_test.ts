/** What `rivet init` finds out of a server, and what it does without. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { failsWith, withSource } from "../../conformance/source.ts";
import {
  createMysqlDatabase,
  mysqlTest,
  testMysql,
  type TestMysqlDatabase,
} from "../../support/mariadb.ts";
import { withFolder } from "./command.ts";
import { mysqlHarness } from "./harness.ts";

const MAIN = fileURLToPath(new URL("../../../main.ts", import.meta.url));

async function init(dir: string, args: readonly string[]): Promise<{ code: number; text: string }> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", MAIN, "init", "-o", join(dir, "rivet.yaml"), ...args],
    stdin: "null",
  }).output();
  return { code, text: new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr) };
}

/** The server's address alone; which database is looked at is said by --schema. */
async function checkNoDatabase(database: TestMysqlDatabase): Promise<void> {
  const url = new URL(database.url);
  const schema = url.pathname.slice(1);
  url.pathname = "";
  await withFolder(async (dir) => {
    const { code, text } = await init(dir, ["--source", url.href, "--schema", schema]);
    assert.equal(code, 0, text);
    const yaml = await Deno.readTextFile(join(dir, "rivet.yaml"));
    assert.match(yaml, new RegExp(`${schema}\\.numbers`));
  });
  await withFolder(async (dir) => {
    const { code, text } = await init(dir, ["--source", url.href]);
    assert.notEqual(code, 0);
    assert.match(text, /no database is named[^]*--schema/);
  });
}

mysqlTest("mysql: discovery", async (t) => {
  const server = await testMysql();
  try {
    const database = await createMysqlDatabase(server);
    try {
      const harness = await mysqlHarness(database);
      await t.step("a URL without a database", () => checkNoDatabase(database));
      await t.step(
        "an unqualified table without a database says what to write",
        () =>
          withSource(harness, {
            source: {
              database: undefined,
              host: undefined,
              port: undefined,
              user: undefined,
              password: undefined,
              url: database.url.replace(/\/[^/]*$/, ""),
            },
          }, async (source) => {
            const described = source.describe("SELECT * FROM numbers", new Map());
            await failsWith(described, "SOURCE_OBJECT_NOT_FOUND", "permanent", /before each table/);
          }),
      );
      await t.step("statistics are those of now, not of a day ago", async () => {
        await database.sql("CREATE TABLE growing (id int PRIMARY KEY)");
        const estimate = () =>
          withSource(
            harness,
            {},
            async (source) =>
              (await source.introspect?.({ schema: null, table: "growing" }))?.tables[0]
                .rowEstimate,
          );
        assert.equal(await estimate(), 0);
        await database.sql("INSERT INTO growing SELECT id FROM numbers; ANALYZE TABLE growing");
        const grown = await estimate() ?? 0;
        assert.ok(grown > 10_000, `${grown} rows`);
      });
      await t.step("a histogram that the account may not see is not known", async () => {
        await database.sql(`
          CREATE SQL SECURITY DEFINER VIEW guarded AS SELECT id FROM numbers;
          CREATE USER rivet_viewer IDENTIFIED BY 'v1ewer-password';
          GRANT SELECT ON guarded TO rivet_viewer`);
        try {
          const source = { user: "rivet_viewer", password: "v1ewer-password" };
          await withSource(harness, { source }, async (viewer) => {
            assert.equal(
              (await viewer.describe("SELECT * FROM guarded", new Map())).columns.length,
              1,
            );
            assert.deepEqual(await viewer.quantiles("guarded", "id"), []);
          });
        } finally {
          await database.sql("DROP USER rivet_viewer");
        }
      });
    } finally {
      await database.drop();
    }
  } finally {
    await server.stop();
  }
});
