/**
 * The checksum of rows as they are received against the one that the server computes, for every type and
 * value of fixtures/types/postgres.sql and for what could tell the two apart.
 */
import assert from "node:assert/strict";
import type { Source } from "../../../core/ports/source.ts";
import { checksumSql } from "../../../core/query/checksum.ts";
import { checksumForm, checksumText, RowChecksum } from "../../../core/batch/row_checksum.ts";
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
  readonly form: string;
  /** Rows and checksum, of the rows that came and of those at the server. */
  readonly received: readonly [number, string];
  readonly computed: readonly [number, string];
}

async function sums(source: Source, query: string, options: ReadOptions = {}): Promise<Sums> {
  const checksum = new RowChecksum();
  const batches = await readAll(source, query, { ...options, checksum });
  const { sql, columns } = await requestFor(source, query, options);
  const form = checksumForm(checksum.sum);
  const statement = checksumSql(source.dialect, sql, columns, form);
  assert.ok(statement !== null);
  const [[count, sum]] = await source.rows(statement);
  const rows = batches.reduce((total, batch) => total + batch.rows, 0);
  return {
    form,
    received: [rows, checksum.sum],
    computed: [Number(count), checksumText(form, sum ?? "NULL")],
  };
}

async function agree(
  source: Source,
  query: string,
  { form: wanted, ...options }: ReadOptions & { readonly form: string },
): Promise<string> {
  const { form, received, computed } = await sums(source, query, options);
  assert.equal(form, wanted);
  assert.deepEqual(received, computed, query);
  return received[1];
}

/** Of every type that has a hash of its own, and lengths around those that the hash takes at a time. */
const RANDOM = `SELECT (random() * 9e18)::int8 * CASE WHEN random() < 0.5 THEN -1 ELSE 1 END AS a,
  ((random() - 0.5) * 4e9)::int4 AS b, ((random() - 0.5) * 65000)::int2 AS c, random() < 0.5 AS d,
  (random() * 4e9)::int8::oid AS e,
  (round(((random() - 0.5) * 10 ^ (random() * 20))::numeric, 6) + i % 3 * 1000000)::numeric(40, 6) AS f,
  repeat(md5(i::text), 3)::varchar(96) AS g, left(repeat(md5(i::text), 3), i % 96) AS h,
  md5(i::text)::uuid AS i, to_timestamp((random() - 0.5) * 2e10) AS j,
  timestamp '1970-01-01' + (random() - 0.5) * interval '200000 days' AS k,
  CASE WHEN i % 5 > 0 THEN random() END AS l
  FROM generate_series(1, 4000) i`;

/** Each pair differs in what a hash function of the server leaves out, or takes for equal. */
const ALIKE: readonly (readonly [a: string, b: string])[] = [
  // Eight bytes are folded to four.
  ["SELECT 1::int8 AS a", "SELECT 4294967296::int8 AS a"],
  ["SELECT -1::int8 AS a", "SELECT 0::int8 AS a"],
  [
    "SELECT timestamp '2000-01-01 00:00:00.000001' AS a",
    "SELECT timestamp '2000-01-01 01:11:34.967296' AS a",
  ],
  [
    "SELECT timestamptz '2000-01-01 00:00:00.000001+00' AS a",
    "SELECT timestamptz '2000-01-01 01:11:34.967296+00' AS a",
  ],
  // Digits without their sign, and bytes of a zero without its own.
  ["SELECT 12.5::numeric(5, 1) AS a", "SELECT (-12.5)::numeric(5, 1) AS a"],
  ["SELECT 0::float8 AS a", "SELECT '-0'::float8 AS a"],
  ["SELECT 0::float4 AS a", "SELECT '-0'::float4 AS a"],
  ["SELECT 'a'::char(3) AS a", "SELECT 'a'::char(4) AS a"],
  ["SELECT NULL::bytea AS a", "SELECT ''::bytea AS a"],
  ["SELECT NULL::numeric(5, 1) AS a", "SELECT 0::numeric(5, 1) AS a"],
  // Values that change places, between columns and between rows.
  ["SELECT 1 AS a, 2 AS b", "SELECT 2 AS a, 1 AS b"],
  [
    "SELECT 1 AS a, 'x' AS b UNION ALL SELECT 2, 'y'",
    "SELECT 1 AS a, 'y' AS b UNION ALL SELECT 2, 'x'",
  ],
];

const QUERIES: Readonly<Record<string, string>> = {
  "no rows": "SELECT 1 AS a WHERE false",
  "every value NULL": "SELECT NULL::int AS a, NULL::text AS b FROM generate_series(1, 7)",
  "a column named like the alias": "SELECT i AS _rivet, 'x' AS b FROM generate_series(1, 7) i",
  "names that need quotes": `SELECT 1 AS "select", 2 AS "with ""quote""", 3 AS "日本"`,
  "a trailing comment": "SELECT 1 AS a -- a comment",
  "rows above the copy limit": "SELECT repeat('é', i * 100) AS a FROM generate_series(0, 300) i",
  "domains of a table and of a cast": "SELECT id, c_domain, 'v'::label AS l FROM type_matrix",
  "a whole table with a dropped column": "SELECT * FROM dropped",
  "values at random": "SELECT * FROM at_random",
};

async function checkForm(
  t: Deno.TestContext,
  database: TestDatabase,
  form: string,
): Promise<void> {
  const harness = await postgresHarness(database);
  await database.sql(await Deno.readTextFile(FIXTURE));
  await database.sql(`
    CREATE TABLE dropped (a int, gone text, b amount);
    INSERT INTO dropped SELECT i, 'x', i FROM generate_series(1, 5000) i;
    ALTER TABLE dropped DROP COLUMN gone;
    CREATE TABLE at_random AS ${RANDOM}`);
  for (const access of ["statement", "cursor"] as const) {
    await t.step(`${access}: the type matrix`, () =>
      withSource(harness, {}, async (source) => {
        const whole = await agree(source, "SELECT * FROM type_matrix", { access, form });
        // Small batches cut the blocks that are hashed.
        assert.equal(
          await agree(source, "SELECT * FROM type_matrix", { access, form, batchRows: 3 }),
          whole,
        );
      }));
    for (const [name, query] of Object.entries(QUERIES)) {
      await t.step(
        `${access}: ${name}`,
        () =>
          withSource(
            harness,
            {},
            async (source) => void await agree(source, query, { access, form }),
          ),
      );
    }
  }
  await t.step(
    "values that a hash function takes for equal are told apart",
    () =>
      withSource(harness, {}, async (source) => {
        for (const [a, b] of ALIKE) {
          assert.notEqual(await agree(source, a, { form }), await agree(source, b, { form }), a);
        }
      }),
  );
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
        for (const query of variants) seen.add(await agree(source, query, { form }));
        assert.equal(seen.size, variants.length);
      }),
  );
}

Deno.test("checksum: received rows and the server's own sum agree", async (t) => {
  const server = await testPostgres();
  const database = await createDatabase(server);
  try {
    await checkForm(t, database, "lookup3");
  } finally {
    await database.drop();
    await server.stop();
  }
});

Deno.test("checksum: by MD5 where the database stores text otherwise", async (t) => {
  const server = await testPostgres();
  const database = await createDatabase(
    server,
    "ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0",
  );
  try {
    await checkForm(t, database, "md5");
  } finally {
    await database.drop();
    await server.stop();
  }
});

embeddedTest("checksum: on the embedded server too", async (t) => {
  const database = await embeddedDatabase();
  try {
    await checkForm(t, database, "lookup3");
  } finally {
    await database.drop();
  }
});
