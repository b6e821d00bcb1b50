/**
 * Files of many pages and blocks, read whole by DuckDB: what manifests and checksums say is made of the
 * same bytes as the file, so that they cannot tell when its parts are in the wrong place.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { createDatabase, testPostgres } from "../../support/postgres.ts";
import { queryDuckdb } from "../../support/readers.ts";
import { partFiles, withConfig } from "../../support/rivet.ts";
import { runConfig } from "../../support/run.ts";

/** Columns of every kind of page: tiny, of some 50 kB, of a whole megabyte; with and without a dictionary and NULLs. */
const TABLE =
  `SELECT i AS id, (i * 7919) % 100003 AS scattered, i % 5 AS few, (i * 31 % 977)::float8 / 8 AS real,
  (CASE WHEN i % 3 > 0 THEN (i * 17 % 100000) / 100.0 END)::numeric(12, 2) AS amount,
  timestamp '2026-01-01' + i * interval '37 s' AS made, i % 7 = 0 AS flag,
  md5(i::text)::uuid AS key, CASE WHEN i % 4 > 0 THEN md5((i * 3)::text) END AS code,
  repeat(md5((i * 5)::text) || 'ä', 1 + i % 9) AS note, ARRAY[i, NULL, i % 11] AS list
  FROM generate_series(1, ROWS) i`;

/** All values of a row as one text, in words that both servers know. */
const LINE =
  `concat_ws('|', id, scattered, few, (real * 8)::int, coalesce(round(amount * 100)::int::text, '-'),
  EPOCH, CASE WHEN flag THEN 1 ELSE 0 END, key::text, coalesce(code, '-'), note, LIST)`;
const DIGEST =
  `SELECT count(*)::int AS n, md5(string_agg(md5(line), ',' ORDER BY id)) AS digest FROM (SELECT id, LINE AS line FROM`;

function digestSql(epoch: string, list: string, table: string): string {
  const line = LINE.replace("EPOCH", epoch).replace("LIST", list);
  return `${DIGEST.replace("LINE", line)} ${table}) q`;
}

const FORMATS = [
  { format: "parquet", glob: "*.parquet" },
  { format: "parquet", more: "compression: none", glob: "*.parquet" },
  { format: "csv", glob: "*.csv" },
  { format: "csv", more: "compression: gzip", glob: "*.csv.gz" },
] as const;

Deno.test("every page and block of larger files is where it belongs", async (t) => {
  const server = await testPostgres();
  const db = await createDatabase(server);
  try {
    for (const rows of [6_000, 20_000, 45_000]) {
      await db.sql(
        `CREATE TABLE t${rows} AS ${TABLE.replace("ROWS", String(rows))};
         ALTER TABLE t${rows} ADD PRIMARY KEY (id); ANALYZE t${rows};`,
      );
      const [[n, digest]] = await db.sql(
        digestSql("(extract(epoch FROM made))::bigint", "list[1], '-', list[3]", `t${rows}`),
      );
      for (const one of FORMATS) {
        const more = "more" in one ? `, ${one.more}` : "";
        await t.step(`${rows} rows: ${one.format}${more}`, async () => {
          const yaml = `source: {type: postgres, url: "${db.url}", tls: {mode: disable}}
exports:
  - {name: t, table: t${rows}, mode: full, format: ${one.format}${more}, destination: {type: local, path: ./out}}
`;
          await withConfig(yaml, async (dir) => {
            const run = await runConfig(dir, { validate: true });
            assert.equal(run.exports[0].error, null);
            const extension = one.glob.slice(2);
            assert.equal((await partFiles(join(dir, "out"), extension)).length, 1);
            const file = join(dir, "out", one.glob);
            const [read] = one.format === "csv"
              ? await queryDuckdb(digestSql(
                "epoch(made)::bigint",
                "split_part(trim(list, '[]{}'), ',', 1), '-', trim(split_part(trim(list, '[]{}'), ',', 3))",
                `read_csv('${file}', header = true, types = {'list': 'VARCHAR', 'flag': 'BOOLEAN'})`,
              ))
              : await queryDuckdb(
                digestSql("epoch(made)::bigint", "list[1], '-', list[3]", `'${file}'`),
              );
            assert.deepEqual({ ...read }, { n: Number(n), digest });
          });
        });
      }
    }
  } finally {
    await db.drop();
    await server.stop();
  }
});
