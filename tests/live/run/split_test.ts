/** `max_file_size`: parts near the limit, on row-group boundaries, every row once. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { createDatabase, testPostgres } from "../../support/postgres.ts";
import { queryDuckdb } from "../../support/readers.ts";
import { partFiles, withConfig } from "../../support/rivet.ts";
import { runConfig } from "../../support/run.ts";

const ROWS = 60_000;
const LIMIT = 1_000_000;

Deno.test("max_file_size: parts stay near it, and together are the table", async (t) => {
  const server = await testPostgres();
  const db = await createDatabase(server);
  try {
    await db.sql(
      `CREATE TABLE wide AS SELECT i AS id, repeat(md5(i::text), 2) AS a, md5((i * 7)::text) AS b,
         repeat('same words over and over ', 8) AS c FROM generate_series(1, ${ROWS}) i;
       ALTER TABLE wide ADD PRIMARY KEY (id); ANALYZE wide;`,
    );
    for (const format of ["parquet", "csv"]) {
      await t.step(format, async () => {
        const yaml = `source: {type: postgres, url: "${db.url}", tls: {mode: disable}}
exports:
  - {name: wide, table: wide, format: ${format}, max_file_size: 1MB, destination: {type: local, path: ./out}}
`;
        await withConfig(yaml, async (dir) => {
          const run = await runConfig(dir, { validate: true });
          assert.equal(run.exports[0].error, null);
          const files = await partFiles(join(dir, "out"), format);
          const sizes = await Promise.all(files.map(async (f) => (await Deno.stat(f)).size));
          assert.ok(files.length >= 3, `${files.length} parts`);
          for (const size of sizes) assert.ok(size <= LIMIT * 1.15, `${size} bytes`);
          // Only the last part may be small.
          for (const size of sizes.sort((a, b) => b - a).slice(0, -1)) {
            assert.ok(size >= LIMIT * 0.8, `${size} bytes`);
          }
          const glob = join(dir, "out", `*.${format}`);
          const [counted] = await queryDuckdb(
            `SELECT count(*)::int AS n, count(DISTINCT id)::int AS ids FROM '${glob}'`,
          );
          assert.deepEqual({ ...counted }, { n: ROWS, ids: ROWS });
        });
      });
    }
  } finally {
    await db.drop();
    await server.stop();
  }
});
