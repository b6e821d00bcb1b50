/** Exports through a real transaction-mode pooler: right, bounded by the timeouts, and warned about. */
import assert from "node:assert/strict";
import { join } from "node:path";
import postgres from "postgres";
import { findPgbouncer, startPgbouncer } from "../../support/pgbouncer.ts";
import { createDatabase, testPostgres } from "../../support/postgres.ts";
import { queryDuckdb } from "../../support/readers.ts";
import { rivet, withConfig } from "../../support/rivet.ts";

const program = await findPgbouncer();
const ROWS = 1000;

const config = (url: string) =>
  `source: {type: postgres, url: "${url}", tls: {mode: disable}}
exports:
  - name: whole
    table: pooled
    destination: {type: local, path: ./whole}
  - name: cursor
    query: SELECT * FROM pooled
    destination: {type: local, path: ./cursor}
  - name: chunks
    table: pooled
    mode: chunked
    chunk_size: 100
    chunk_checkpoint: true
    parallel: 2
    destination: {type: local, path: ./chunks}
  - name: slow
    query: SELECT id, pg_sleep(2)::text AS waited FROM pooled
    tuning: {statement_timeout_s: 1, max_retries: 0}
    destination: {type: local, path: ./slow}
`;

async function rows(folder: string): Promise<unknown> {
  const [row] = await queryDuckdb(
    `SELECT count(*)::int AS n, sum(id)::int AS s FROM '${folder}/*.parquet'`,
  );
  return { ...row };
}

async function throughPooler(program: string): Promise<void> {
  const server = await testPostgres();
  const db = await createDatabase(server);
  const pooler = await startPgbouncer(program, db.url, 2);
  try {
    await db.sql(
      `CREATE TABLE pooled AS SELECT i AS id FROM generate_series(1, ${ROWS}) i;
       ALTER TABLE pooled ADD PRIMARY KEY (id); ANALYZE pooled;`,
    );
    // Two server connections exist from here on, and take turns.
    const both = postgres(pooler.url, { max: 2, prepare: false });
    await Promise.all([0, 1].map(() => both.begin((sql) => sql`SELECT pg_sleep(0.2)`)));
    await both.end();
    await withConfig(config(pooler.url), async (dir) => {
      const run = await rivet(["run", "-c", "rivet.yaml"], { cwd: dir });
      const warnings = run.stderr.match(/WARN transaction-mode connection pooler detected/g);
      assert.equal(warnings?.length, 1, "of a run, not of each export");
      const expected = { n: ROWS, s: ROWS * (ROWS + 1) / 2 };
      for (const name of ["whole", "cursor", "chunks"]) {
        assert.deepEqual(await rows(join(dir, name)), expected, name);
      }
      // SET LOCAL holds inside the transaction, whichever session that is.
      assert.equal(run.code, 1);
      assert.match(run.stderr, /slow.*statement timeout/s);
    });
  } finally {
    await pooler.stop();
    await db.drop();
    await server.stop();
  }
}

if (program !== null) {
  Deno.test("pooler: exports through pgbouncer in transaction mode", () => throughPooler(program));
} else if (Deno.env.get("CI") === "true") {
  Deno.test("pooler: pgbouncer is there", () => {
    assert.fail("install pgbouncer (Debian package pgbouncer)");
  });
} else {
  console.log("not run: the pooler test needs pgbouncer (Debian package pgbouncer)");
}
