/** Cursors and keys of every type, with the values at the edges of each. */
import assert from "node:assert/strict";
import { sourceFactory } from "../../../adapters/sources/mod.ts";
import {
  type Comparable,
  eachComesOnce,
  incrementalExports,
  leadBack,
  overrides,
} from "../../conformance/comparable.ts";
import { caseTuning } from "../../conformance/source.ts";
import { structured } from "../postgres/harness.ts";
import { type TestSource, withPipeline, withSource } from "../../support/pipeline.ts";

const TEXTS = [
  "''",
  "' '",
  "E'\\\\'",
  "'a''b'",
  "E'a\\\\nb'",
  "'b'",
  "'z\"'",
  "'ä'",
  "'日本'",
  "'𝄞'",
];

const TYPES: Readonly<Record<string, Comparable>> = {
  boolean: { type: "bool", values: ["false", "true"] },
  int2: { type: "int2", values: ["-32768", "-1", "0", "1", "32767"] },
  int4: { type: "int4", values: ["-2147483648", "0", "2147483647"] },
  int8: {
    type: "int8",
    values: ["-9223372036854775808", "9007199254740993", "9223372036854775807"],
  },
  int8_decimal: { type: "int8", values: ["-1", "9007199254740993"], as: "decimal(38,4)" },
  int8_text: { type: "int8", values: ["-10", "-9", "9", "10"], as: "text" },
  oid: { type: "oid", values: ["0", "2147483648", "4294967295"] },
  float4: {
    type: "float4",
    values: [
      "'-infinity'",
      "-3.4e38",
      "-1e-45",
      "0",
      "1e-45",
      "0.1",
      "16777216",
      "'infinity'",
      "'NaN'",
    ],
  },
  float8: {
    type: "float8",
    values: [
      "'-infinity'",
      "-1e300",
      "5e-324",
      "0.1",
      "0.30000000000000004",
      "1e23",
      "'infinity'",
      "'NaN'",
    ],
  },
  float8_text: {
    type: "float8",
    values: ["-0.1", "0.1", "0.30000000000000004", "'NaN'"],
    as: "text",
  },
  numeric: {
    type: "numeric(40,10)",
    values: [
      "-123456789012345678901234567890.0000000001",
      "-0.0000000001",
      "0",
      "0.0000000001",
      "10",
    ],
  },
  numeric_open: { type: "numeric", values: ["-1.5", "0", "1.25", "1e20"], as: "decimal(38,9)" },
  numeric_text: {
    type: "numeric",
    values: ["-1e40", "-0.10", "1e-30", "1e100", "'NaN'"],
    as: "text",
  },
  numeric_int: { type: "numeric", values: ["-1", "9", "10"], as: "int64" },
  money: {
    type: "money",
    values: ["'-92233720368547758.08'::numeric", "-1000.01", "0.01", "1234567.89"],
  },
  money_text: { type: "money", values: ["-1000.01", "0.01", "1234567.89"], as: "text" },
  date: {
    type: "date",
    values: [
      "'4713-01-01 BC'",
      "'0001-12-31 BC'",
      "'0001-01-01'",
      "'9999-12-31'",
      "'10000-01-01'",
      "'5874897-12-31'",
    ],
  },
  date_timestamp: {
    type: "date",
    values: ["'0001-12-31 BC'", "'2024-02-29'", "'10000-01-01'"],
    as: "timestamp_tz",
  },
  date_text: {
    type: "date",
    values: ["'-infinity'", "'4713-01-01 BC'", "'2024-02-29'", "'infinity'"],
    as: "text",
  },
  time: { type: "time", values: ["'00:00'", "'00:00:00.000001'", "'23:59:59.999999'"] },
  time_text: { type: "time", values: ["'00:00'", "'23:59:59.999999'", "'24:00'"], as: "text" },
  timetz: { type: "timetz", values: ["'00:00+14'", "'23:59:59.999999+01'", "'12:00-12'"] },
  timestamp: {
    type: "timestamp",
    values: [
      "'4713-01-01 00:00:00.000001 BC'",
      "'0001-12-31 23:59:59.999999 BC'",
      "'1969-12-31 23:59:59.999999'",
      "'2024-02-29 00:00:00.000001'",
      "'9999-12-31 23:59:59.999999'",
      "'10000-01-01'",
      "'290000-12-31 23:59:59.999999'",
    ],
  },
  timestamp_ns: {
    type: "timestamp",
    values: ["'1677-09-22'", "'2024-02-29 00:00:00.000001'"],
    as: "timestamp_ns",
  },
  timestamp_tz: {
    type: "timestamp",
    values: ["'2024-02-29'", "'2024-02-29 00:00:00.000001'"],
    as: "timestamp_tz",
  },
  timestamptz: {
    type: "timestamptz",
    values: [
      "'0044-03-15 12:00:00+00 BC'",
      "'2024-10-27 02:30:00+02'",
      "'2024-10-27 02:30:00+01'",
      "'290000-12-31 00:00:00.000001+00'",
    ],
  },
  timestamptz_local: {
    type: "timestamptz",
    values: ["'2024-01-01 00:00:00+14'", "'2024-01-01 00:00:00-12'"],
    as: "timestamp",
  },
  timestamptz_text: {
    type: "timestamptz",
    values: ["'-infinity'", "'0044-03-15 BC'", "'2024-01-01'", "'infinity'"],
    as: "text",
  },
  interval: {
    type: "interval",
    values: [
      "'-178000000 years'",
      "'-1 month 29 days'",
      "'0'",
      "'0.000001 s'",
      "'1 day -1 s'",
      "'1 day'",
      "'1 month 1 day 1 s'",
      "'178000000 years'",
    ],
  },
  text: { type: 'text COLLATE "C"', values: TEXTS },
  text_json: { type: 'text COLLATE "C"', values: [`'"a"'`, `'"b"'`, "'1'"], as: "json" },
  varchar: { type: 'varchar(20) COLLATE "C"', values: TEXTS },
  char: { type: 'char(5) COLLATE "C"', values: ["''", "E'\\\\'", "'a'", "'a b'", "'é'"] },
  byte_char: { type: '"char"', values: ["' '", "'A'", "'a'"] },
  name: { type: "name", values: ["'A'", "'a\"b'", "'b'"] },
  enum: { type: "mood", values: ["'sad'", "'a''b'", "'happy'"] },
  domain: { type: "amount", values: ["-1.5", "0", "12.345"] },
  citext_like: { type: "text COLLATE ci", values: ["'a'", "'B'", "'c'"] },
  uuid: {
    type: "uuid",
    values: [
      "'00000000-0000-0000-0000-000000000000'",
      "'7fffffff-0000-0000-0000-000000000000'",
      "'ffffffff-ffff-ffff-ffff-ffffffffffff'",
    ],
  },
  uuid_text: {
    type: "uuid",
    values: ["'0a000000-0000-0000-0000-000000000000'", "'ffffffff-ffff-ffff-ffff-ffffffffffff'"],
    as: "text",
  },
  uuid_binary: {
    type: "uuid",
    values: ["'0a000000-0000-0000-0000-000000000000'", "'ffffffff-ffff-ffff-ffff-ffffffffffff'"],
    as: "binary",
  },
  bytea: {
    type: "bytea",
    values: [
      "''",
      "'\\x00'",
      "'\\x0000'",
      "'\\x5c78'",
      "'\\x61'",
      "'\\x7f'",
      "'\\x80'",
      "'\\xe697a5'",
      "'\\xffff'",
    ],
  },
  bytea_text: {
    type: "bytea",
    values: ["''", "'\\x00'", "'\\x5c'", "'\\x80'", "'\\xff'"],
    as: "text",
  },
  inet: {
    type: "inet",
    values: ["'0.0.0.0'", "'10.0.0.0/8'", "'10.0.0.1'", "'255.255.255.255'", "'::'", "'::1'"],
  },
  cidr: { type: "cidr", values: ["'10.0.0.0/8'", "'10.0.0.0/16'", "'::/0'"] },
  macaddr: { type: "macaddr", values: ["'00:00:00:00:00:01'", "'ff:ff:ff:ff:ff:ff'"] },
  bit: { type: "bit(3)", values: ["B'000'", "B'011'", "B'111'"] },
  varbit: { type: "bit varying(5)", values: ["B''", "B'0'", "B'00'", "B'1'", "B'11111'"] },
  jsonb: {
    type: "jsonb",
    values: ["'null'", `'"a''\\\\b"'`, "'1'", "'1.5'", "'[1]'", `'{"a": 1}'`],
  },
  array_text: { type: "int4[]", values: ["'{}'", "'{-1}'", "'{2}'", "'{2,NULL}'"], as: "text" },
  text_array_text: {
    type: 'text[] COLLATE "C"',
    values: ["'{}'", `'{"a,b"}'`, "'{b}'"],
    as: "text",
  },
  range: { type: "int4range", values: ["'empty'", "'[1,2)'", "'[1,3)'"], as: "text" },
  composite: { type: "pair", values: ["'(1,a)'", `'(1,"b, ""c""")'`, "'(2,a)'"], as: "text" },
  vector: { type: "tsvector", values: ["''", "'a'", "'a b'"], as: "text" },
};

const SETUP = `
  CREATE TYPE mood AS ENUM ('sad', 'a''b', 'happy');
  CREATE DOMAIN base_amount AS numeric(12,3);
  CREATE DOMAIN amount AS base_amount;
  CREATE TYPE pair AS (a int4, b text);`;

const CI =
  "CREATE COLLATION ci (provider = icu, locale = 'und-u-ks-level2', deterministic = false)";

/** The types that this server can have: the embedded one is built without ICU. */
async function typesOf(source: TestSource): Promise<[string, Comparable][]> {
  await source.sql(SETUP);
  const icu = await source.sql(CI).then(() => true, () => false);
  return Object.entries(TYPES).filter(([name]) => icu || name !== "citext_like");
}

/** Tables `t_<name>` of the first `count` values; all when it is absent. */
async function createTables(
  source: TestSource,
  types: readonly (readonly [string, Comparable])[],
  count = (values: readonly string[]) => values.length,
): Promise<void> {
  for (const [name, { type, values }] of types) {
    const rows = values.slice(0, count(values)).map((_, i) => rowSql(TYPES[name], i));
    await source.sql(`
      CREATE TABLE t_${name} (id int, k ${type} PRIMARY KEY);
      INSERT INTO t_${name} VALUES ${rows.join(", ")};
      ANALYZE t_${name}`);
  }
}

function rowSql({ type, values }: Comparable, index: number): string {
  return `(${index}, (${values[index]})::${type.split(" COLLATE")[0]})`;
}

Deno.test("literals of every type: the text of a value leads back to its place", () =>
  withSource(async (test) => {
    const types = await typesOf(test);
    await createTables(test, types);
    const source = await (await sourceFactory("postgres")).connect({
      source: structured(test.url),
      tuning: caseTuning({}),
      applicationName: "rivet-test",
    });
    try {
      await leadBack(source, types, (condition) => `count(*) FILTER (WHERE ${condition})`);
    } finally {
      await source.close();
    }
  }));

Deno.test("cursors of every type: each row comes once", () =>
  withSource(async (source) => {
    const types = await typesOf(source);
    await createTables(source, types, (values) => values.length - 1);
    await withPipeline(source, incrementalExports(types), (pipeline) =>
      eachComesOnce(pipeline, types, (name, comparable) =>
        source.sql(
          `INSERT INTO t_${name} VALUES ${rowSql(comparable, comparable.values.length - 1)}`,
        )));
  }));

/** Types whose pages are read from a query as well, which promises no unique key. */
const QUERIED = ["bytea", "float8", "money", "text", "timestamp", "enum", "composite"];

Deno.test("keys of every type: pages of two rows hold every row once", () =>
  withSource(async (source) => {
    const types = await typesOf(source);
    await createTables(source, types);
    const pages = { mode: "chunked", chunk_by_key: "k", chunk_size: 2 };
    const exports = types.flatMap(([name, { as }]) => {
      const table = `t_${name}`;
      const whole = { name, table, ...pages, ...overrides(as) };
      const query = `SELECT id, k FROM ${table}`;
      const queried = { name: `${name}_query`, query, ...pages, ...overrides(as) };
      return QUERIED.includes(name) ? [whole, queried] : [whole];
    });
    await withPipeline(source, exports, async (pipeline) => {
      for (const { exportName, status, rows, error } of (await pipeline.run()).exports) {
        assert.equal(status, "success", `${exportName}: ${error?.message}`);
        const { values } = TYPES[exportName.replace(/_query$/, "")];
        assert.equal(rows, values.length, exportName);
      }
    });
  }));

/** What cannot be a cursor or a key: the column's type, its override, and why. */
const REFUSED: readonly (readonly [type: string, as: string | undefined, reason: RegExp])[] = [
  ["int4[]", undefined, /'k' is int4\[\], a list/],
  ["json", undefined, /'k' is json, which the server cannot order: .*json/],
  ["xml", undefined, /'k' is xml, which the server cannot order/],
  ["point", "text", /'k' is point, which the server cannot order/],
  ["numeric", "float64", /'k' is numeric, read with fewer digits than it has/],
  ["text", "decimal(10,2)", /'k' is text, read as decimal, which does not keep the server's order/],
  ["text", "uuid", /read as uuid/],
  ["varchar(9)", "binary", /read as binary/],
];

Deno.test("cursors and keys that would skip rows are refused before one is read", () =>
  withSource(async (source) => {
    for (const [i, [type]] of REFUSED.entries()) {
      await source.sql(`CREATE TABLE t_${i} (id int, k ${type} NOT NULL)`);
    }
    const exports = REFUSED.flatMap(([, as], i) => {
      const common = { query: `SELECT id, k FROM t_${i}`, ...overrides(as) };
      return [
        { ...common, name: `cursor_${i}`, mode: "incremental", cursor_column: "k" },
        { ...common, name: `key_${i}`, mode: "chunked", chunk_by_key: "k" },
      ];
    });
    await withPipeline(source, exports, async (pipeline) => {
      for (const { exportName, status, error } of (await pipeline.run()).exports) {
        const [setting, index] = exportName.split("_");
        assert.equal(status, "failed", exportName);
        const [, , reason] = REFUSED[Number(index)];
        const named = setting === "key" ? /chunk_by_key 'k'/ : /cursor_column 'k'/;
        assert.match(error?.message ?? "", named);
        assert.match(error?.message ?? "", reason, exportName);
      }
    });
  }));

/** COALESCE of two columns has a type of its own, which is neither's layout. */
const COALESCED: readonly (readonly [first: string, second: string, value: string])[] = [
  ["date", "timestamp", "'2024-02-29 12:34:56.789'"],
  ["timestamp", "timestamptz", "'2024-02-29 12:34:56.789'"],
  ["int4", "int8", "9007199254740993"],
  ["interval", "interval", "'1 day 01:02:03'"],
  ["inet", "inet", "'10.0.0.1'"],
  ["money", "money", "12.34"],
  ["numeric(10,2)", "numeric(10,2)", "12.34"],
  ["char(5)", "text", "'ab'"],
];

Deno.test("coalesced cursors of two types: each row comes once", () =>
  withSource(async (source) => {
    for (const [i, [first, second, value]] of COALESCED.entries()) {
      await source.sql(`
        CREATE TABLE t_${i} (id int PRIMARY KEY, a ${first}, b ${second} NOT NULL);
        INSERT INTO t_${i} VALUES (1, NULL, (${value})::${second})`);
    }
    const exports = COALESCED.map((_, i) => ({
      name: `e_${i}`,
      table: `t_${i}`,
      mode: "incremental",
      incremental_cursor_mode: "coalesce",
      cursor_column: "a",
      cursor_fallback_column: "b",
    }));
    await withPipeline(source, exports, async (pipeline) => {
      for (const expected of [1, 0]) {
        for (const { exportName, status, rows, error } of (await pipeline.run()).exports) {
          const what = `${exportName} of ${COALESCED[Number(exportName.slice(2))]}`;
          assert.equal(status, "success", `${what}: ${error?.message}`);
          assert.equal(rows, expected, what);
        }
      }
    });
  }));
