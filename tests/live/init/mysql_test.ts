import assert from "node:assert/strict";
import { createMysqlDatabase, mysqlTest, testMysql } from "../../support/mariadb.ts";
import { firstRun } from "./first_run.ts";

const SCHEMA = new URL("../../../fixtures/schemas/sakila_like.sql", import.meta.url);

mysqlTest("a new user: every table and view of a real-looking MySQL schema", async () => {
  const server = await testMysql();
  try {
    const database = await createMysqlDatabase(server);
    try {
      // A moment without a default of its own is an error for some servers' modes.
      await database.sql("SET SESSION sql_mode = ''");
      await database.sql(await Deno.readTextFile(SCHEMA));
      await firstRun(database.url, async ({ yaml, exports, rows, notes }) => {
        for (const e of exports) {
          const [[count]] = await database.sql(
            `SELECT COUNT(*) FROM (${e.query ?? `SELECT * FROM \`${e.table}\``}) AS t`,
          );
          assert.equal(rows.get(e.name), Number(count), e.name);
        }
        assert.equal(exports.length, 20);
        const by = (name: string) => exports.find((e) => e.name === name);
        assert.equal(by("inventory")?.chunk_column, "inventory_id");
        assert.equal(by("rental")?.chunk_by_key, "rental_id");
        assert.equal(by("device")?.chunk_by_key, "serial");
        assert.equal(by("page_view")?.cursor_fallback_column, "created_at");
        assert.equal(by("film")?.columns?.replacement_cost, "decimal(65,30)");
        assert.deepEqual(by("store")?.columns, { location: "text", area: "text" });
        assert.match(yaml, /# left out: broken: /);
        assert.match(notes, /note: left out broken: /);
      });
    } finally {
      await database.drop();
    }
  } finally {
    await server.stop();
  }
});
