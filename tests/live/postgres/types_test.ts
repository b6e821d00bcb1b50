/** Every type and value of fixtures/types/postgres.sql, compared with what the server itself prints. */
import assert from "node:assert/strict";
import type { Source } from "../../../core/ports/source.ts";
import { formatType, type RivetType } from "../../../core/types/types.ts";
import { parseOverride } from "../../../core/types/overrides.ts";
import {
  failsWith,
  readAll,
  readValues,
  type SourceHarness,
  withSource,
} from "../../conformance/source.ts";
import {
  createDatabase,
  embeddedDatabase,
  embeddedTest,
  type TestDatabase,
  testPostgres,
} from "../../support/postgres.ts";
import { batchText } from "../../support/render.ts";
import { postgresHarness } from "./harness.ts";

const FIXTURE = new URL("../../../fixtures/types/postgres.sql", import.meta.url);

/** What each column of the fixture must become: type, fidelity. */
const EXPECTED: Readonly<Record<string, string>> = {
  id: "int64 exact",
  c_bool: "bool exact",
  c_int2: "int16 exact",
  c_int4: "int32 exact",
  c_int8: "int64 exact",
  c_oid: "int64 compatible",
  c_float4: "float32 exact",
  c_float8: "float64 exact",
  c_numeric_10_2: "decimal(10,2) exact",
  c_numeric_15_0: "decimal(15,0) exact",
  c_numeric_18_5: "decimal(18,5) exact",
  c_numeric_38_9: "decimal(38,9) exact",
  c_numeric_38_38: "decimal(38,38) exact",
  c_numeric_60_20: "decimal(60,20) exact",
  c_numeric_76_1: "decimal(76,1) exact",
  c_money: "decimal(19,2) compatible",
  c_date: "date exact",
  c_time: "time exact",
  c_time_3: "time exact",
  c_timetz: "text logical_string",
  c_timestamp: "timestamp exact",
  c_timestamp_3: "timestamp exact",
  c_timestamptz: "timestamp_tz exact",
  c_text: "text exact",
  c_varchar: "text exact",
  c_char: "text compatible",
  c_name: "text exact",
  c_byte_char: "text compatible",
  c_enum: "text logical_string",
  c_domain: "decimal(12,3) exact",
  c_domain_of_domain: "decimal(12,3) exact",
  c_domain_text: "text exact",
  c_json: "json logical_string",
  c_jsonb: "json logical_string",
  c_uuid: "uuid exact",
  c_bytea: "binary exact",
  c_interval: "interval logical_string",
  c_inet: "text logical_string",
  c_cidr: "text logical_string",
  c_macaddr: "text logical_string",
  c_macaddr8: "text logical_string",
  c_bit: "text logical_string",
  c_varbit: "text logical_string",
  a_bool: "list<bool> exact",
  a_int2: "list<int16> exact",
  a_int4: "list<int32> exact",
  a_int8: "list<int64> exact",
  a_oid: "list<int64> compatible",
  a_float4: "list<float32> exact",
  a_float8: "list<float64> exact",
  a_numeric: "list<decimal(10,2)> exact",
  a_numeric_60: "list<decimal(60,20)> exact",
  a_domain: "list<decimal(12,3)> exact",
  a_date: "list<date> exact",
  a_time: "list<time> exact",
  a_timestamp: "list<timestamp> exact",
  a_timestamptz: "list<timestamp_tz> exact",
  a_text: "list<text> exact",
  a_varchar: "list<text> exact",
  a_enum: "list<text> logical_string",
  a_json: "list<json> logical_string",
  a_jsonb: "list<json> logical_string",
  a_uuid: "list<uuid> exact",
  a_bytea: "list<binary> exact",
  a_interval: "list<interval> logical_string",
  a_inet: "list<text> logical_string",
  a_char: "list<text> compatible",
};

/**
 * The server's own text. Money's depends on its locale, so that its exact value is asked for; a cast to
 * text drops a char's padding and adds an inet's mask, which an array of them does not.
 */
function textSql(name: string): string {
  if (name === "c_money") return `${name}::numeric(19,2)::text`;
  if (name === "c_char" || name === "c_inet") return `(ARRAY[${name}]::text::text[])[1]`;
  return `${name}::text`;
}

async function serverText(database: TestDatabase): Promise<(string | null)[][]> {
  const columns = Object.keys(EXPECTED).map(textSql);
  return await database.sql(
    `SELECT ${columns.join(", ")} FROM type_matrix ORDER BY type_matrix.id`,
  );
}

/** Shortest float texts may differ in their digits but not in their value. */
function comparable(type: RivetType, text: string | null): string | null {
  if (type.kind !== "float" || text === null) return text;
  const value = Number(text);
  return Object.is(value, -0) ? "-0" : String(type.bits === 32 ? Math.fround(value) : value);
}

async function checkMatrix(database: TestDatabase, source: Source): Promise<void> {
  const expected = await serverText(database);
  const query = "SELECT * FROM type_matrix";
  for (const access of ["statement", "cursor"] as const) {
    // Small batches, so that builders are finished and used again in the middle.
    for (const batchRows of [3, 1000]) {
      const batches = await readAll(source, query, { access, batchRows, orderBy: "id" });
      const { columns } = batches[0];
      assert.deepEqual(
        Object.fromEntries(columns.map((c) => [c.name, `${formatType(c.type)} ${c.fidelity}`])),
        EXPECTED,
      );
      const rows = batches.flatMap(batchText);
      assert.equal(rows.length, expected.length);
      rows.forEach((row, r) =>
        columns.forEach(({ name, type }, c) => {
          const want = comparable(type, expected[r][c]);
          assert.equal(comparable(type, row[c]), want, `${access}: row ${expected[r][0]}, ${name}`);
        })
      );
    }
  }
}

const parse = (text: string): RivetType => {
  const result = parseOverride(text);
  if ("error" in result) throw new Error(result.error);
  return result.type;
};

/** One value through an override: `SELECT <sql> AS v` read as `type` gives the text. */
const OVERRIDES: readonly (readonly [sql: string, type: string, text: string])[] = [
  ["12.50::numeric", "decimal(10,2)", "12.50"],
  ["-0.000000001::numeric", "decimal(38,9)", "-0.000000001"],
  ["42::int4", "decimal(20,4)", "42.0000"],
  ["'12.5'::text", "decimal(10,2)", "12.50"],
  ["'$1,234.56'::money", "decimal(30,3)", "1234.560"],
  ["ARRAY[1.5, NULL]::numeric[]", "list<decimal(10,2)>", "{1.50,NULL}"],
  ["7::int2", "int64", "7"],
  ["-7::int8", "int16", "-7"],
  ["4294967295::oid", "uint64", "4294967295"],
  ["18446744073709551615::numeric", "uint64", "18446744073709551615"],
  ["-9223372036854775808::numeric", "int64", "-9223372036854775808"],
  ["1e3::numeric", "int32", "1000"],
  ["1.5::float4", "float64", "1.5"],
  ["1.5::float8", "float32", "1.5"],
  ["16777216::int4", "float32", "1.6777216e+07"],
  ["9007199254740991::int8", "float64", "9.007199254740991e+15"],
  ["0.1::numeric", "float64", "0.1"],
  ["'2024-02-29'::date", "timestamp", "2024-02-29 00:00:00"],
  ["'2024-02-29 12:00:00.000001'::timestamp", "timestamp_ns", "2024-02-29 12:00:00.000001"],
  ["'1677-09-22'::timestamp", "timestamp_ns", "1677-09-22 00:00:00"],
  ["'2262-04-11 23:47:16.854775'::timestamp", "timestamp_ns", "2262-04-11 23:47:16.854775"],
  [
    "'1969-12-31 23:59:59.999999+00'::timestamptz",
    "timestamp_tz_ns",
    "1969-12-31 23:59:59.999999+00",
  ],
  ["'2024-02-29 12:00:00'::timestamp", "timestamp_tz", "2024-02-29 12:00:00+00"],
  ["'2024-02-29 12:00:00+02'::timestamptz", "timestamp", "2024-02-29 10:00:00"],
  ["'infinity'::timestamptz", "text", "infinity"],
  [`'{"a": 1}'::text`, "json", `{"a": 1}`],
  [`'{"a":1}'::jsonb`, "text", `{"a": 1}`],
  ["'00112233-4455-6677-8899-aabbccddeeff'::text", "uuid", "00112233-4455-6677-8899-aabbccddeeff"],
  ["'00112233-4455-6677-8899-aabbccddeeff'::uuid", "binary", "\\x00112233445566778899aabbccddeeff"],
  ["'größe'::text", "binary", "\\x6772c3b6c39f65"],
  ["'\\x00ff'::bytea", "text", "\\x00ff"],
  ["ARRAY[[1,2],[3,4]]", "text", "{{1,2},{3,4}}"],
  ["'[1,5)'::int4range", "text", "[1,5)"],
  ["ROW(1, 'a')", "text", "(1,a)"],
  ["to_tsvector('simple', 'b a')", "text", "'a':2 'b':1"],
  ["'1 day'::interval", "text", "P1D"],
  ["'10.0.0.1'::inet", "text", "10.0.0.1"],
  ["'::1'::inet", "text", "::1"],
  ["'10.0.0.1/8'::inet", "text", "10.0.0.1/8"],
  ["'ab'::char(4)", "text", "ab  "],
  ["ARRAY['b,c', NULL]::text[]", "text", '{"b,c",NULL}'],
  ["ARRAY['x']::varchar(3)[]", "text", "{x}"],
  ["ARRAY['n']::name[]", "text", "{n}"],
];

/** Values that do not fit: the message names column and value. */
const FAULTS: readonly (readonly [sql: string, type: string | null, message: RegExp])[] = [
  ["12.345::numeric", "decimal(10,2)", /"v".*12\.345.*decimal\(10,2\).*more decimals/],
  ["123456789.1::numeric", "decimal(10,2)", /123456789\.1.*more digits/],
  ["1e40::numeric", "decimal(38,9)", /10000000000000000000000000000000000000000.*more digits/],
  ["1e-30::numeric", "decimal(10,2)", /0\.000000000000000000000000000001.*more decimals/],
  ["'NaN'::numeric(10,2)", null, /"v".*NaN/],
  ["'NaN'::numeric", "decimal(38,9)", /NaN/],
  ["'infinity'::timestamptz", null, /"v".*infinity/],
  ["'-infinity'::timestamp", null, /-infinity/],
  ["'infinity'::date", null, /infinity/],
  ["'-infinity'::date", null, /-infinity/],
  ["'294276-12-31'::timestamp", null, /294276-12-31/],
  ["'24:00:00'::time", null, /24:00:00/],
  ["'2262-04-12'::timestamp", "timestamp_ns", /2262-04-12/],
  ["'0044-03-15 BC'::timestamp", "timestamp_ns", /44-03-15.*BC/],
  ["32768::int4", "int16", /32768/],
  ["-1::int8", "uint64", /-1/],
  ["1.5::numeric", "int32", /1\.5/],
  ["18446744073709551616::numeric", "uint64", /18446744073709551616/],
  ["0.1::float8", "float32", /0\.1.*rounded/],
  ["9007199254740993::int8", "float64", /rounded/],
  ["ARRAY[[1,2],[3,4]]", null, /2 dimensions.*cast the column to text/],
];

/** Overrides that cannot be: refused before the first row. */
const REFUSED: readonly (readonly [sql: string, type: string])[] = [
  ["true", "int32"],
  ["1.5::float8", "decimal(10,2)"],
  ["now()", "date"],
  ["'x'::text", "bool"],
  ["1", "list<int32>"],
  ["ARRAY[1]", "int32"],
  ["'(1,2)'::point", "binary"],
];

async function checkOverrides(t: Deno.TestContext, harness: SourceHarness): Promise<void> {
  const override = (type: string | null) =>
    new Map<string, RivetType>(type === null ? [] : [["v", parse(type)]]);
  for (const [sql, type, text] of OVERRIDES) {
    await t.step(`${sql} as ${type} is ${text}`, () =>
      withSource(harness, {}, async (source) => {
        for (const access of ["statement", "cursor"] as const) {
          const query = `SELECT * FROM (VALUES (${sql}), (NULL)) AS t(v)`;
          const batches = await readAll(source, query, { access, overrides: override(type) });
          assert.equal(formatType(batches[0].columns[0].type), type);
          assert.deepEqual(batches.flatMap(batchText), [[text], [null]]);
        }
      }));
  }
  for (const [sql, type, message] of FAULTS) {
    await t.step(
      `${sql} does not fit ${type ?? "its type"}`,
      () =>
        withSource(harness, {}, async (source) => {
          for (const access of ["statement", "cursor"] as const) {
            const read = readValues(source, `SELECT ${sql} AS v`, {
              access,
              overrides: override(type),
            });
            const error = await failsWith(read, "VALUE_OUT_OF_RANGE", "permanent", message);
            assert.match(error.hint ?? "", /columns: \{ "v": text \}/);
          }
        }),
    );
  }
  for (const [sql, type] of REFUSED) {
    await t.step(`${sql} cannot be ${type}`, () =>
      withSource(harness, {}, async (source) => {
        const describe = source.describe(`SELECT ${sql} AS v`, override(type));
        await failsWith(describe, "TYPE_UNSUPPORTED", "permanent", /"v"/);
      }));
  }
}

/** More digits than readers of Parquet know: refused, with the override to write. */
async function checkWideDecimals(source: Source): Promise<void> {
  const query = "SELECT 1::numeric(82,3) AS v";
  const describe = source.describe(query, new Map());
  const error = await failsWith(describe, "TYPE_UNSUPPORTED", "permanent", /the 76 digits/);
  assert.match(error.hint ?? "", /columns: \{ "v": "decimal\(76,3\)" \}/);
  const batches = await readAll(source, query, {
    overrides: new Map([["v", parse("decimal(76,3)")]]),
  });
  assert.deepEqual(batches.flatMap(batchText), [["1.000"]]);
}

/** PostgreSQL 17: intervals without end, which ISO 8601 has no word for. */
async function checkInfiniteIntervals(database: TestDatabase, source: Source): Promise<void> {
  const [[version]] = await database.sql("SHOW server_version_num");
  if (Number(version) < 170_000) return;
  const query = "SELECT 'infinity'::interval AS i, ARRAY['-infinity', '1 day']::interval[] AS a";
  const batches = await readAll(source, query);
  assert.deepEqual(batches[0].columns.map((c) => formatType(c.type)), [
    "interval",
    "list<interval>",
  ]);
  assert.deepEqual(batches.flatMap(batchText), [["infinity", "{-infinity,P1D}"]]);
}

/** PostgreSQL 15: scales below zero and above the precision. */
async function checkOddScales(database: TestDatabase, source: Source): Promise<void> {
  const [[version]] = await database.sql("SHOW server_version_num");
  if (Number(version) < 150_000) return;
  await database.sql(`
    CREATE TABLE odd_scales (tens numeric(3, -2), tiny numeric(2, 5));
    INSERT INTO odd_scales VALUES (99900, 0.00099), (-100, -0.00001), (NULL, NULL)`);
  const batches = await readAll(source, "SELECT * FROM odd_scales");
  assert.deepEqual(batches[0].columns.map((c) => formatType(c.type)), [
    "decimal(5,0)",
    "decimal(5,5)",
  ]);
  assert.deepEqual(batches.flatMap(batchText), [
    ["99900", "0.00099"],
    ["-100", "-0.00001"],
    [null, null],
  ]);
}

/** Settings of a role or database that change what the server prints or how it reads. */
const DISTURBING: Readonly<Record<string, string>> = {
  quote_all_identifiers: "on",
  array_nulls: "off",
  standard_conforming_strings: "off",
  bytea_output: "escape",
  DateStyle: "SQL, DMY",
  IntervalStyle: "sql_standard",
  extra_float_digits: "-15",
  TimeZone: "Asia/Kathmandu",
  xmlbinary: "hex",
};

/** For the sessions that begin from now on. */
async function setForDatabase(
  database: TestDatabase,
  settings: Readonly<Record<string, string>>,
): Promise<void> {
  const [[name]] = await database.sql("SELECT quote_ident(current_database())");
  for (const [setting, value] of Object.entries(settings)) {
    await database.sql(`ALTER DATABASE ${name} SET ${setting} = '${value}'`);
  }
}

async function checkTypes(t: Deno.TestContext, database: TestDatabase): Promise<void> {
  const harness = await postgresHarness(database);
  await database.sql(await Deno.readTextFile(FIXTURE));
  await t.step(
    "the type matrix is what the server prints",
    () => withSource(harness, {}, (source) => checkMatrix(database, source)),
  );
  await t.step(
    "numeric with odd scales",
    () => withSource(harness, {}, (source) => checkOddScales(database, source)),
  );
  await t.step(
    "intervals without end",
    () => withSource(harness, {}, (source) => checkInfiniteIntervals(database, source)),
  );
  await t.step(
    "numeric with more digits than readers hold",
    () => withSource(harness, {}, checkWideDecimals),
  );
  await checkOverrides(t, harness);
  await t.step(
    "the type matrix does not change with what a database has set",
    async () => {
      await setForDatabase(database, DISTURBING);
      await withSource(harness, {}, (source) => checkMatrix(database, source));
    },
  );
}

Deno.test("postgres: types", async (t) => {
  const server = await testPostgres();
  const database = await createDatabase(server);
  try {
    await checkTypes(t, database);
  } finally {
    await database.drop();
    await server.stop();
  }
});

embeddedTest("postgres: types on the embedded server", async (t) => {
  const database = await embeddedDatabase();
  try {
    await checkTypes(t, database);
  } finally {
    await database.drop();
  }
});
