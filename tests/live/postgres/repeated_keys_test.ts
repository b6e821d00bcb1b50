/** Pages by keys that repeat, and keys that a table's own index does not keep apart. */
import assert from "node:assert/strict";
import { sourceFactory } from "../../../adapters/sources/mod.ts";
import type { Source } from "../../../core/ports/source.ts";
import { caseTuning } from "../../conformance/source.ts";
import { embeddedDatabase } from "../../support/postgres.ts";
import {
  type Pipeline,
  type TestSource,
  withPipeline,
  withSource,
} from "../../support/pipeline.ts";
import { structured } from "./harness.ts";

const PAGES = { mode: "chunked", chunk_by_key: "k", chunk_size: 7 };

/** A parent with 1..300 and two children with 200..500, each with an index of its own, analysed. */
const FAMILY = `
  CREATE TABLE parent (k int PRIMARY KEY, v text NOT NULL);
  CREATE TABLE child (PRIMARY KEY (k)) INHERITS (parent);
  CREATE TABLE grandchild (PRIMARY KEY (k)) INHERITS (child);
  INSERT INTO parent SELECT i, 'p' || i FROM generate_series(1, 300) i;
  INSERT INTO child SELECT i, 'c' || i FROM generate_series(200, 500) i;
  INSERT INTO grandchild SELECT i, 'g' || i FROM generate_series(200, 500) i;
  ANALYZE parent; ANALYZE child; ANALYZE grandchild;`;

async function assertAllRows(pipeline: Pipeline, source: TestSource, query: string): Promise<void> {
  const { exports } = await pipeline.run();
  const expected = (await source.sql(query)).map((row) => row.join(",")).sort();
  for (const { exportName, status, error } of exports) {
    assert.equal(status, "success", `${exportName}: ${error?.message}`);
    const rows = (await pipeline.rows(exportName)).map((row) => row.join(",")).sort();
    assert.deepEqual(rows, expected, exportName);
  }
}

Deno.test("chunk_by_key of a query: rows that are equal in the key are not cut apart", () =>
  withSource(async (source) => {
    await source.sql(`
      CREATE TABLE t (id int PRIMARY KEY, k int NOT NULL);
      INSERT INTO t SELECT i, CASE WHEN i < 40 THEN 5 ELSE i / 9 END FROM generate_series(1, 100) i`);
    const query = "SELECT id, k FROM t";
    const exports = [1, 7, 1000].flatMap((chunk_size) => [
      { name: `pages_${chunk_size}`, query, ...PAGES, chunk_size },
      {
        name: `fixed_${chunk_size}`,
        query,
        ...PAGES,
        chunk_size,
        tuning: { profile: "safe", batch_size: 3, throttle_ms: 0 },
      },
    ]);
    await withPipeline(source, exports, (pipeline) => assertAllRows(pipeline, source, query));
  }));

Deno.test("a table that others inherit from: every row once, in every mode", () =>
  withSource(async (source) => {
    await source.sql(FAMILY);
    const small = { tuning: { profile: "safe", batch_size: 3, throttle_ms: 0 } };
    const exports = [
      { name: "full", mode: "full", ...small },
      { name: "parallel", mode: "full", parallel: 3, ...small },
      { name: "windows", mode: "chunked", chunk_size: 100 },
      { name: "pages", ...PAGES, chunk_size: 50 },
      { name: "small_pages", ...PAGES, chunk_size: 100, ...small },
    ].map((entry) => ({ ...entry, table: "parent" }));
    await withPipeline(source, exports, async (pipeline) => {
      await assertAllRows(pipeline, source, "SELECT k, v FROM parent");
    });
  }));

/** Without the key's identity a row could be taken for its namesake in another table of the family. */
Deno.test("a table that others inherit from: commit_safe drops no row for another one's key", () =>
  withSource(async (source) => {
    await source.sql(`
      CREATE TABLE parent (k int PRIMARY KEY, at timestamptz NOT NULL, v text);
      CREATE TABLE child () INHERITS (parent);
      INSERT INTO child VALUES (1, '2024-01-01 00:00:00Z', 'old')`);
    const entry = {
      name: "safe",
      table: "parent",
      mode: "incremental",
      cursor_column: "at",
      incremental_safety: "commit_safe",
      commit_wait_s: 1,
    };
    await withPipeline(source, [entry], async (pipeline) => {
      await pipeline.run();
      await source.sql("INSERT INTO parent VALUES (1, '2024-01-01 00:00:00Z', 'new')");
      await pipeline.run();
      assert.deepEqual((await pipeline.rows("safe")).map(([, , v]) => v).sort(), ["new", "old"]);
    });
  }));

async function withConnection(url: string, work: (source: Source) => Promise<void>): Promise<void> {
  const { connect } = await sourceFactory("postgres");
  const source = await connect({
    source: structured(url),
    tuning: caseTuning({}),
    applicationName: "rivet-test",
  });
  try {
    await work(source);
  } finally {
    await source.close();
  }
}

Deno.test("keys: unique only where no two rows are equal in the order of the column", async () => {
  // The embedded server is the newest one that there is.
  const database = await embeddedDatabase();
  try {
    await database.sql(`
      ${FAMILY}
      CREATE TABLE parts (k int PRIMARY KEY) PARTITION BY RANGE (k);
      CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (0) TO (10);
      CREATE TABLE odd (k text NOT NULL);
      CREATE UNIQUE INDEX ON odd (k text_pattern_ops);
      CREATE TABLE loose (k int PRIMARY KEY);
      CREATE TABLE loose_child () INHERITS (loose);
      CREATE TABLE late (k int UNIQUE);
      INSERT INTO late VALUES (NULL);
      ALTER TABLE late ADD CONSTRAINT late_k NOT NULL k NOT VALID;
      CREATE TABLE deferred (k int NOT NULL UNIQUE DEFERRABLE);`);
    await withConnection(database.url, async (source) => {
      const uniqueOf = async (table: string) => (await source.keys(table)).map((k) => k.unique);
      assert.deepEqual(await uniqueOf("parent"), [false]);
      assert.deepEqual(await uniqueOf("child"), [false]);
      assert.deepEqual(await uniqueOf("grandchild"), [true]);
      assert.deepEqual(await uniqueOf("parts"), [true]);
      assert.deepEqual(await uniqueOf("parts_1"), [true]);
      assert.deepEqual(await uniqueOf("odd"), [false]);
      assert.deepEqual(await uniqueOf("late"), [], "NOT NULL that old rows need not keep");
      assert.deepEqual(await uniqueOf("deferred"), [], "unique at the end of a transaction only");
      assert.deepEqual(await source.primaryKey?.("parent"), []);
      assert.deepEqual(await source.primaryKey?.("grandchild"), ["k"]);
      const described = await source.describe("SELECT * FROM late", new Map());
      assert.equal(described.columns[0].nullable, true);
      const quantiles = (await source.quantiles("parent", "k")).map(Number);
      assert.ok(quantiles.length > 50, `${quantiles.length}`);
      assert.deepEqual(quantiles, quantiles.toSorted((a, b) => a - b));
      assert.deepEqual([quantiles[0], quantiles.at(-1)], [1, 500], "of the whole family");
    });
  } finally {
    await database.drop();
  }
});

Deno.test("keys: an index under another collation keeps apart what the column's order does not", () =>
  withSource(async (source) => {
    await source.sql(`
      CREATE COLLATION ci (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
      CREATE TABLE t (k text COLLATE ci NOT NULL, n int NOT NULL);
      CREATE UNIQUE INDEX ON t (k COLLATE "C");
      INSERT INTO t SELECT CASE WHEN i % 2 = 0 THEN 'k' ELSE 'K' END || i / 2, i FROM generate_series(1, 99) i`);
    await withConnection(source.url, async (connection) => {
      assert.deepEqual((await connection.keys("t")).map((k) => k.unique), [false]);
    });
    const entry = { name: "pages", table: "t", ...PAGES, chunk_size: 5 };
    await withPipeline(source, [entry], async (pipeline) => {
      await assertAllRows(pipeline, source, "SELECT k, n FROM t");
    });
  }));
