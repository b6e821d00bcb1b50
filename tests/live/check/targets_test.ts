/** The types that DuckDB gives the columns of a file are those that the type report announced. */
import assert from "node:assert/strict";
import { createDatabase, testPostgres } from "../../support/postgres.ts";
import { queryDuckdb } from "../../support/readers.ts";
import { partFiles, rivet, withConfig } from "../../support/rivet.ts";

const TABLE = `
  CREATE TABLE every (
    a_bool bool, a_int2 int2, a_int4 int4, a_int8 int8, a_float4 float4, a_float8 float8,
    a_dec numeric(20,4), a_wide numeric(60,5), a_date date, a_time time, a_ts timestamp,
    a_tstz timestamptz, a_text text, a_json jsonb, a_uuid uuid, a_bytes bytea, a_span interval,
    a_list int4[], a_texts text[], a_ns timestamp);
  INSERT INTO every DEFAULT VALUES`;

Deno.test("check with target: duckdb: what DuckDB reads from the file", async () => {
  const server = await testPostgres();
  try {
    const database = await createDatabase(server);
    try {
      await database.sql(TABLE);
      const yaml = `
source: {type: postgres, url: "${database.url}", tls: {mode: disable}}
exports:
  - name: every
    table: every
    columns: {a_ns: timestamp_ns}
    target: duckdb
    destination: {type: local, path: ./out}
`;
      await withConfig(yaml, async (cwd) => {
        const check = await rivet(["check", "-c", "rivet.yaml", "--json"], {
          cwd,
        });
        assert.equal(check.code, 0, check.stderr);
        const other = await rivet(["check", "-c", "rivet.yaml", "--target", "spark"], { cwd });
        assert.match(other.stdout, /^Export: every {2}\[target: spark\]$/m);
        const { columns }: { columns: { column: string; target_type: string }[] } = JSON.parse(
          check.stdout,
        );
        const run = await rivet(["run", "-c", "rivet.yaml", "-q"], { cwd });
        assert.equal(run.code, 0, run.stderr);
        const [file] = await partFiles(`${cwd}/out`, "parquet");
        const read = await queryDuckdb(`DESCRIBE SELECT * FROM '${file}'`);
        assert.deepEqual(
          columns.map((c) => [c.column, c.target_type]),
          read.map((c) => [c.column_name, c.column_type]),
        );
      });
    } finally {
      await database.drop();
    }
  } finally {
    await server.stop();
  }
});
