/**
 * The checksum of rows as they are received against the one that the server computes, for every type and
 * value of fixtures/types/postgres.sql and for what could tell the two apart.
 */
import assert from "node:assert/strict";
import type { Source } from "../../../core/ports/source.ts";
import { checksumSql } from "../../../core/query/checksum.ts";
import { RowChecksum } from "../../../core/batch/row_checksum.ts";
import { readAll, type ReadOptions, requestFor, withSource } from "../../conformance/source.ts";
import {
  createDatabase,
  embeddedDatabase,
  embeddedTest,
  type TestDatabase,
  testPostgres,
} from "../../support/postgres.ts";
import { postgresHarness } from "../postgres/harness.ts";

const FIXTURE = new URL("../../../fixtures/types/postgres.sql", import.meta.url);

interface Sums {
  /** Rows and checksum, of the rows that came and of those at the server. */
  readonly received: readonly [number, string];
  readonly computed: readonly [number, string];
}

async function sums(source: Source, query: string, options: ReadOptions = {}): Promise<Sums> {
  const checksum = new RowChecksum();
  const batches = await readAll(source, query, { ...options, checksum });
  const { sql, columns } = await requestFor(source, query, options);
  const statement = checksumSql(source.dialect, sql, columns);
  assert.ok(statement !== null);
  const [[count, sum]] = await source.rows(statement);
  const rows = batches.reduce((total, batch) => total + batch.rows, 0);
  return { received: [rows, checksum.sum], computed: [Number(count), sum ?? "NULL"] };
}

async function agree(source: Source, query: string, options: ReadOptions = {}): Promise<string> {
  const { received, computed } = await sums(source, query, options);
  assert.deepEqual(received, computed, query);
  return received[1];
}

const QUERIES: Readonly<Record<string, string>> = {
  "no rows": "SELECT 1 AS a WHERE false",
  "every value NULL": "SELECT NULL::int AS a, NULL::text AS b FROM generate_series(1, 7)",
  "a column named like the alias": "SELECT i AS _rivet, 'x' AS b FROM generate_series(1, 7) i",
  "names that need quotes": `SELECT 1 AS "select", 2 AS "with ""quote""", 3 AS "日本"`,
  "a trailing comment": "SELECT 1 AS a -- a comment",
  "rows above the copy limit": "SELECT repeat('é', i * 100) AS a FROM generate_series(0, 300) i",
  "domains of a table and of a cast": "SELECT id, c_domain, 'v'::label AS l FROM type_matrix",
  "a whole table with a dropped column": "SELECT * FROM dropped",
};

async function checkForm(t: Deno.TestContext, database: TestDatabase): Promise<void> {
  const harness = await postgresHarness(database);
  await database.sql(await Deno.readTextFile(FIXTURE));
  await database.sql(`
    CREATE TABLE dropped (a int, gone text, b amount);
    INSERT INTO dropped SELECT i, 'x', i FROM generate_series(1, 5000) i;
    ALTER TABLE dropped DROP COLUMN gone`);
  for (const access of ["statement", "cursor"] as const) {
    await t.step(`${access}: the type matrix`, () =>
      withSource(harness, {}, async (source) => {
        const whole = await agree(source, "SELECT * FROM type_matrix", { access });
        // Small batches cut the blocks that are hashed.
        assert.equal(
          await agree(source, "SELECT * FROM type_matrix", { access, batchRows: 3 }),
          whole,
        );
      }));
    for (const [name, query] of Object.entries(QUERIES)) {
      await t.step(
        `${access}: ${name}`,
        () =>
          withSource(harness, {}, async (source) => void await agree(source, query, { access })),
      );
    }
  }
  await t.step(
    "one changed value, NULL for empty, or a duplicate is another sum",
    () =>
      withSource(harness, {}, async (source) => {
        const seen = new Set<string>();
        const variants = [
          "SELECT 1 AS a, '' AS b UNION ALL SELECT 2, 'x'",
          "SELECT 1 AS a, NULL AS b UNION ALL SELECT 2, 'x'",
          "SELECT 1 AS a, 'x' AS b UNION ALL SELECT 2, ''",
          "SELECT 1 AS a, '' AS b UNION ALL SELECT 2, 'x' UNION ALL SELECT 2, 'x'",
          "SELECT 1 AS a, '' AS b UNION ALL SELECT 2, 'y'",
          "SELECT 1::bigint AS a, '' AS b UNION ALL SELECT 2, 'x'",
        ];
        for (const query of variants) seen.add(await agree(source, query));
        assert.equal(seen.size, variants.length);
      }),
  );
}

Deno.test("checksum: received rows and the server's own sum agree", async (t) => {
  const server = await testPostgres();
  const database = await createDatabase(server);
  try {
    await checkForm(t, database);
  } finally {
    await database.drop();
    await server.stop();
  }
});

embeddedTest("checksum: on the embedded server too", async (t) => {
  const database = await embeddedDatabase();
  try {
    await checkForm(t, database);
  } finally {
    await database.drop();
  }
});
