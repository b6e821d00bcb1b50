/**
 * Random tables through every mode and setting: the union of the files equals the table, as a multiset
 * of whole rows. Keys have gaps, ties, NULLs, negative and huge values.
 */
import fc from "fast-check";
import assert from "node:assert/strict";
import { join } from "node:path";
import { createDatabase, type TestDatabase, testPostgres } from "../../support/postgres.ts";
import { queryDuckdb } from "../../support/readers.ts";
import { withConfig } from "../../support/rivet.ts";
import { runConfig } from "../../support/run.ts";

interface Row {
  readonly key: bigint;
  readonly tie: bigint | null;
  readonly at: string | null;
  readonly note: string | null;
}

const INT64 = fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n);
const NEAR = fc.bigInt(-400n, 400n);

const instant = fc.date({
  min: new Date("1960-01-01T00:00:00Z"),
  max: new Date("1961-12-31T00:00:00Z"),
  noInvalidDate: true,
}).map((d) => d.toISOString());

const rows = (keys: fc.Arbitrary<bigint>): fc.Arbitrary<Row[]> =>
  fc.uniqueArray(
    fc.record({
      key: keys,
      tie: fc.option(fc.bigInt(-5n, 5n)),
      at: fc.option(instant),
      note: fc.option(
        fc.string({ unit: "grapheme", maxLength: 12 }).map((s) => s.replaceAll("\0", "")),
      ),
    }),
    { selector: (row) => row.key, maxLength: 120 },
  );

/** A mode with its settings, and which keys it is meant for. */
const SETTINGS: readonly (readonly [settings: string, keys: fc.Arbitrary<bigint>])[] = [
  ["mode: full", INT64],
  ["mode: full\n    parallel: 3", INT64],
  ["mode: full\n    tuning: {batch_size: 7, throttle_ms: 0}", INT64],
  ["mode: incremental\n    cursor_column: key", INT64],
  ["mode: chunked\n    chunk_size: 50", NEAR],
  ["mode: chunked\n    chunk_size: 50\n    chunk_checkpoint: true\n    parallel: 2", NEAR],
  ["mode: chunked\n    chunk_size: 50\n    tuning: {batch_size: 3, throttle_ms: 0}", NEAR],
  ["mode: chunked\n    chunk_count: 7", INT64],
  ["mode: chunked\n    chunk_column: tie\n    chunk_size: 3", NEAR],
  ["mode: chunked\n    chunk_column: at\n    chunk_by_days: 20", NEAR],
  ["mode: chunked\n    chunk_column: key\n    chunk_dense: true\n    chunk_size: 11", INT64],
  ["mode: chunked\n    chunk_by_key: true\n    chunk_size: 9", INT64],
  ["mode: chunked\n    chunk_by_key: name\n    chunk_size: 9\n    parallel: 2", INT64],
  ["mode: chunked\n    chunk_by_key: uid\n    chunk_size: 30\n    chunk_checkpoint: true", INT64],
];

async function fill(db: TestDatabase, table: string, data: readonly Row[]): Promise<void> {
  const text = (value: string | null) =>
    value === null ? "NULL" : `'${value.replaceAll("'", "''")}'`;
  const values = data.map((r) =>
    `('${r.key}', ${r.tie ?? "NULL"}, ${text(r.at)}, ${
      text(r.note)
    }, 'n' || '${r.key}', md5('${r.key}')::uuid)`
  );
  await db.sql(
    `CREATE TABLE "${table}" (key int8 PRIMARY KEY, tie int8, at timestamptz, note text, ` +
      "name text NOT NULL UNIQUE, uid uuid NOT NULL UNIQUE)",
  );
  if (values.length > 0) await db.sql(`INSERT INTO "${table}" VALUES ${values.join(", ")}`);
  // With statistics one time, without them another: both ways of cutting a key must be whole.
  if (data.length % 2 === 0) await db.sql(`ANALYZE "${table}"`);
}

/** Whole rows as text, sorted: a multiset. */
const COLUMNS = ["key", "tie", "epoch_us", "note", "name", "uid"];

async function tableRows(db: TestDatabase, table: string): Promise<string[]> {
  const found = await db.sql(
    `SELECT key::text, tie::text, (extract(epoch FROM at) * 1000000)::int8::text, note, name, uid::text FROM "${table}"`,
  );
  return found.map((row) => JSON.stringify(row)).sort();
}

async function fileRows(dir: string): Promise<string[]> {
  const files = (await Array.fromAsync(Deno.readDir(dir)))
    .filter((entry) => entry.name.endsWith(".parquet"));
  if (files.length === 0) return [];
  const found = await queryDuckdb(
    `SELECT key::text AS key, tie::text AS tie, epoch_us("at")::text AS epoch_us, note, name, uid::text AS uid ` +
      `FROM read_parquet('${join(dir, "*.parquet")}')`,
  );
  return found.map((row) => JSON.stringify(COLUMNS.map((c) => row[c]))).sort();
}

Deno.test("modes: the union of the files is the table, whatever its keys", async (t) => {
  const server = await testPostgres();
  const db = await createDatabase(server);
  let tables = 0;
  try {
    for (const [settings, keys] of SETTINGS) {
      await t.step(settings.replaceAll(/\n\s*/g, ", "), async () => {
        const property = fc.asyncProperty(rows(keys), async (data) => {
          const table = `T ${tables++}`;
          await fill(db, table, data);
          const yaml = `source:
  type: postgres
  url: "${db.url}"
  tls: {mode: disable}
exports:
  - name: t
    table: "${table}"
    ${settings}
    destination: {type: local, path: ./out}
`;
          await withConfig(yaml, async (dir) => {
            const run = await runConfig(dir);
            assert.equal(run.exports[0].error?.message, undefined);
            assert.equal(run.rows, data.length);
            const out = data.length === 0 ? [] : await fileRows(join(dir, "out"));
            assert.deepEqual(out, await tableRows(db, table));
          });
        });
        await fc.assert(property, { numRuns: 5, endOnFailure: true });
      });
    }
  } finally {
    await db.drop();
    await server.stop();
  }
});
