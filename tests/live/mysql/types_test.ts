/** Every type and value of fixtures/types/mysql.sql, compared with what the server's client prints. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Source } from "../../../core/ports/source.ts";
import { formatType, type RivetType } from "../../../core/types/types.ts";
import { parseOverride } from "../../../core/types/overrides.ts";
import { readAll, readValues, type SourceHarness, withSource } from "../../conformance/source.ts";
import { failsWith } from "../../conformance/source.ts";
import type { Value } from "../../support/batches.ts";
import {
  createMysqlDatabase,
  mysqlTest,
  testMysql,
  type TestMysqlDatabase,
} from "../../support/mariadb.ts";
import { clientRows } from "../../support/mysql_client.ts";
import { postgresText } from "../../support/postgres_text.ts";
import { readDuckdb, readParquetWasm } from "../../support/readers.ts";
import { batchValues } from "../../support/render.ts";
import { mysqlHarness } from "./harness.ts";

const FIXTURE = new URL("../../../fixtures/types/mysql.sql", import.meta.url);
const MAIN = fileURLToPath(new URL("../../../main.ts", import.meta.url));

/** What each column of the fixture must become: type, fidelity. */
const EXPECTED: Readonly<Record<string, string>> = {
  id: "int64 exact",
  c_bool: "bool exact",
  c_tinyint: "int16 exact",
  c_tinyint_u: "int16 compatible",
  c_smallint: "int16 exact",
  c_smallint_u: "int32 compatible",
  c_mediumint: "int32 exact",
  c_mediumint_u: "int32 compatible",
  c_int: "int32 exact",
  c_int_u: "int64 compatible",
  c_bigint: "int64 exact",
  c_bigint_u: "uint64 exact",
  c_zerofill: "int64 compatible",
  c_year: "int16 compatible",
  c_bit: "bool exact",
  c_bit_5: "int16 compatible",
  c_bit_20: "int32 compatible",
  c_bit_40: "int64 compatible",
  c_bit_64: "uint64 compatible",
  c_float: "float32 exact",
  c_float_7_3: "float32 exact",
  c_double: "float64 exact",
  c_double_12_2: "float64 exact",
  c_decimal_10_2: "decimal(10,2) exact",
  c_decimal_15_0: "decimal(15,0) exact",
  c_decimal_18_5: "decimal(18,5) exact",
  c_decimal_38_9: "decimal(38,9) exact",
  c_decimal_30_30: "decimal(30,30) exact",
  c_decimal_39_0: "decimal(39,0) exact",
  c_decimal_65_30: "decimal(65,30) exact",
  c_decimal_u: "decimal(10,2) exact",
  c_date: "date exact",
  c_time: "time exact",
  c_time_6: "time exact",
  c_datetime: "timestamp exact",
  c_datetime_3: "timestamp exact",
  c_datetime_6: "timestamp exact",
  c_timestamp: "timestamp_tz exact",
  c_timestamp_6: "timestamp_tz exact",
  c_char: "text exact",
  c_varchar: "text exact",
  c_latin1: "text exact",
  c_utf8mb3: "text exact",
  c_utf16: "text exact",
  c_tinytext: "text exact",
  c_text: "text exact",
  c_mediumtext: "text exact",
  c_longtext: "text exact",
  c_enum: "text logical_string",
  c_set: "text logical_string",
  c_json: "json logical_string",
  c_binary: "binary exact",
  c_varbinary: "binary exact",
  c_tinyblob: "binary exact",
  c_blob: "binary exact",
  c_mediumblob: "binary exact",
  c_longblob: "binary exact",
};

/** How the client is asked, where it would not print the value itself. */
function clientExpression(name: string): string {
  if (/^c_(bit|zerofill|year)/.test(name)) return `${name} + 0`;
  if (/^c_(var)?binary|blob/.test(name)) return `HEX(${name})`;
  // It prints six digits of a FLOAT, and rounded decimals of the others.
  if (/^c_(float|double_)/.test(name)) return `${name} * 1e0`;
  return name;
}

/** The same value in the same spelling, whoever printed it. */
function comparable(type: RivetType, text: string | null): string | null {
  if (text === null) return null;
  switch (type.kind) {
    case "bool":
      return text.replace("true", "1").replace("false", "0");
    case "float":
      return Object.is(Number(text), -0) ? "-0" : String(Number(text));
    case "time":
    case "timestamp":
      return text.replace(/\+00$/, "").replace(/(\.\d*?)0+$/, "$1").replace(/\.$/, "");
    case "binary":
      return text.replace(/^\\x/, "").toUpperCase();
    default:
      return text;
  }
}

/** A float's exact value, of which the client prints all digits too. */
function valueText(type: RivetType, value: Value): string | null {
  if (type.kind === "float" && value !== null) {
    return Object.is(value, -0) ? "-0" : String(value);
  }
  return comparable(type, postgresText(type, value));
}

async function expectedRows(database: TestMysqlDatabase): Promise<(string | null)[][]> {
  const columns = Object.keys(EXPECTED).map(clientExpression);
  return await clientRows(
    database.url,
    `SELECT ${columns.join(", ")} FROM type_matrix ORDER BY type_matrix.id`,
  );
}

async function checkMatrix(database: TestMysqlDatabase, source: Source): Promise<void> {
  const expected = await expectedRows(database);
  assert.equal(expected.length, 13);
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
      const rows = batches.flatMap(batchValues);
      assert.equal(rows.length, expected.length);
      rows.forEach((row, r) =>
        columns.forEach(({ name, type }, c) => {
          const got = valueText(type, row[c]);
          assert.equal(got, comparable(type, expected[r][c]), `row ${expected[r][0]}, ${name}`);
        })
      );
    }
  }
}

/** The whole way: `rivet run` writes the matrix to Parquet, and DuckDB reads it back. */
async function checkRun(database: TestMysqlDatabase): Promise<void> {
  const expected = await expectedRows(database);
  const dir = await Deno.makeTempDir({ prefix: "rivet-mysql-types-" });
  try {
    await Deno.writeTextFile(
      join(dir, "rivet.yaml"),
      `source: {type: mysql, url: "${database.url}", tls: {mode: disable}}\n` +
        "exports:\n  - name: matrix\n    table: type_matrix\n    mode: full\n    format: parquet\n" +
        "    destination: {type: local, path: ./out}\n",
    );
    const { code, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--no-check", MAIN, "run", "-c", join(dir, "rivet.yaml"), "--validate"],
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).output();
    assert.equal(code, 0, new TextDecoder().decode(stderr));
    const files = (await Array.fromAsync(Deno.readDir(join(dir, "out")))).map((e) => e.name);
    const part = files.find((name) => name.endsWith(".parquet"));
    assert.ok(part !== undefined, files.join(", "));
    const { columns, rows } = await readDuckdb(join(dir, "out", part));
    // DuckDB has no decimals over 38 digits and takes the nearest double.
    const exact = await readParquetWasm(join(dir, "out", part));
    assert.deepEqual(columns.map((c) => c.name), Object.keys(EXPECTED));
    assert.equal(rows.length, expected.length);
    rows.forEach((row, r) =>
      columns.forEach(({ name, type }, c) => {
        const wide = /^c_decimal_(39|65)/.test(name);
        const read = wide ? exact.columns[c].type : type;
        const got = valueText(read, wide ? exact.rows[r][c] : row[c]);
        assert.equal(got, comparable(read, expected[r][c]), `row ${expected[r][0]}, ${name}`);
      })
    );
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

const parse = (text: string): RivetType => {
  const result = parseOverride(text);
  if ("error" in result) throw new Error(result.error);
  return result.type;
};

const bytes = (hex: string) => Uint8Array.fromHex(hex);
const UUID = "00112233-4455-6677-8899-aabbccddeeff";

/** Expression, override, value. */
const OVERRIDES: readonly (readonly [string, string, Value])[] = [
  ["CAST(2 AS SIGNED)", "int16", 2],
  ["CAST('12.00' AS DECIMAL(10,2))", "int32", 12],
  ["CAST('-9223372036854775808' AS DECIMAL(30,2))", "int64", -9223372036854775808n],
  ["CAST(18446744073709551615 AS UNSIGNED)", "decimal(20,0)", 18446744073709551615n],
  ["CAST('1.5' AS DECIMAL(10,2))", "float64", 1.5],
  ["CAST('1.5' AS DECIMAL(10,2))", "decimal(38,9)", 1500000000n],
  ["CAST('1.50' AS DECIMAL(10,2))", "text", "1.50"],
  ["'123456789012345678901234567890.12'", "decimal(40,2)", 12345678901234567890123456789012n],
  ["DATE('2024-02-29')", "timestamp", 1709164800000000n],
  ["TIMESTAMP('2024-02-29 01:02:03.000004')", "timestamp_tz", 1709168523000004n],
  ["TIMESTAMP('2024-02-29 01:02:03.000004')", "timestamp_ns", 1709168523000004000n],
  ["TIMESTAMP('1960-02-29 01:02:03.000004')", "timestamp_ns", -310517876999996000n],
  ["TIMESTAMP('2024-02-29 01:02:03')", "text", "2024-02-29 01:02:03"],
  [`'${UUID}'`, "uuid", bytes(UUID.replaceAll("-", ""))],
  ["UNHEX('00112233445566778899AABBCCDDEEFF')", "uuid", bytes("00112233445566778899aabbccddeeff")],
  ["'{\"a\": 1}'", "json", '{"a": 1}'],
  ["CAST('äöü' AS BINARY)", "text", "äöü"],
  ["'äöü'", "binary", new TextEncoder().encode("äöü")],
  ["TIME('-838:59:59')", "text", "-838:59:59"],
  ["ST_GeomFromText('POINT(1 2)')", "text", "POINT(1 2)"],
  [
    "ST_GeomFromText('POINT(1 2)')",
    "binary",
    bytes("0101000000000000000000f03f0000000000000040"),
  ],
];

async function checkOverrides(source: Source): Promise<void> {
  for (const [expression, override, want] of OVERRIDES) {
    const overrides = new Map([["x", parse(override)]]);
    const [[got]] = await readValues(source, `SELECT ${expression} AS x`, { overrides });
    assert.deepEqual(got, want, `${expression} as ${override}`);
  }
}

/** Expression or `table.column WHERE ...`, override or null, what the error says beside the column's name. */
const REFUSED_VALUES: readonly (readonly [string, string | null, RegExp])[] = [
  ["odd_dates.d WHERE id = 1", null, /0000-00-00.*zero dates/],
  ["odd_dates.dt WHERE id = 1", null, /0000-00-00 00:00:00.*zero dates/],
  ["odd_dates.d WHERE id = 2", null, /2024-00-00.*zero dates/],
  ["odd_dates.d WHERE id = 3", null, /2024-02-31.*no such day/],
  ["TIME('24:00:00')", null, /24:00:00.*ends at 24:00/],
  ["TIME('838:59:59')", null, /838:59:59[^]*text/],
  ["TIME('-00:00:01')", null, /-00:00:01.*not negative/],
  ["odd_dates.b WHERE id = 1", null, /the value 2 does not fit bool.*0 and 1/],
  ["CAST(40000 AS SIGNED)", "int16", /40000.*out of range/],
  ["CAST(-1 AS SIGNED)", "uint64", /-1.*out of range/],
  ["CAST(9223372036854775808 AS UNSIGNED)", "int64", /9223372036854775808.*out of range/],
  ["CAST('1.5' AS DECIMAL(5,1))", "int32", /1\.5.*not an integer/],
  ["CAST('1.25' AS DECIMAL(5,2))", "decimal(5,1)", /1\.25.*more decimals/],
  ["CAST('100.00' AS DECIMAL(5,2))", "decimal(3,1)", /100\.00.*more digits/],
  ["'one'", "decimal(3,1)", /one.*not a number/],
  ["'not-a-uuid'", "uuid", /not-a-uuid.*not a UUID/],
  ["UNHEX('FF')", "text", /0xff.*not UTF-8/],
  ["TIMESTAMP('2262-04-12 00:00:00')", "timestamp_ns", /2262-04-12.*nanoseconds/],
  ["1e-1", "float32", /0\.1.*32 bits/],
];

async function checkRefusedValues(harness: SourceHarness): Promise<void> {
  await harness.admin(`
    SET sql_mode = 'ALLOW_INVALID_DATES';
    CREATE TABLE odd_dates (id int PRIMARY KEY, d date, dt datetime, b tinyint(1));
    INSERT INTO odd_dates VALUES (1, '0000-00-00', '0000-00-00 00:00:00', 2),
      (2, '2024-00-00', NULL, 0), (3, '2024-02-31', NULL, 0)`);
  for (const [expression, override, message] of REFUSED_VALUES) {
    await withSource(harness, {}, async (source) => {
      const overrides = new Map(override === null ? [] : [["odd", parse(override)]]);
      const [, table, name, where] = /^(\w+)\.(\w+) (WHERE .*)$/.exec(expression) ?? [];
      const query = table === undefined
        ? `SELECT ${expression} AS odd`
        : `SELECT ${name} AS odd FROM ${table} ${where}`;
      const read = readValues(source, query, { overrides });
      const error = await failsWith(read, "VALUE_OUT_OF_RANGE", "permanent", message);
      assert.match(error.message, /column "odd"/, expression);
      // The connection has read the rest of the statement's rows away and goes on.
      assert.deepEqual(await source.rows("SELECT 1"), [["1"]]);
    });
  }
}

async function checkZeroDatesAsText(source: Source): Promise<void> {
  const overrides = new Map([["d", parse("text")], ["dt", parse("text")]]);
  const rows = await readValues(source, "SELECT d, dt FROM odd_dates WHERE id = 1", { overrides });
  assert.deepEqual(rows, [["0000-00-00", "0000-00-00 00:00:00"]]);
  const nulls = "SELECT NULLIF(d, '0000-00-00') AS d FROM odd_dates WHERE id = 1";
  assert.deepEqual(await readValues(source, nulls), [[null]]);
}

/** MySQL declares them with up to 87 digits, MariaDB with the 65 that are ever used. */
async function checkSums(source: Source): Promise<void> {
  const largest = `CAST(REPEAT('9', 60) AS DECIMAL(60,0))`;
  const query = `SELECT SUM(v) AS s FROM (SELECT ${largest} AS v UNION ALL SELECT ${largest}) AS t`;
  const { columns: [column] } = await source.describe(query, new Map());
  assert.match(formatType(column.type), /^decimal\((65|76),0\)$/, column.nativeType);
  assert.deepEqual(await readValues(source, query), [[BigInt(`1${"9".repeat(59)}8`)]]);
  const scaled = "SELECT SUM(v) AS s FROM (SELECT CAST(1.5 AS DECIMAL(65,30)) AS v) AS t";
  const described = await source.describe(scaled, new Map());
  assert.match(formatType(described.columns[0].type), /^decimal\((65|76),30\)$/);
}

async function checkMariadbTypes(database: TestMysqlDatabase, source: Source): Promise<void> {
  const [[version]] = await database.sql("SELECT VERSION()");
  if (!version?.includes("MariaDB")) return;
  await database.sql(`
    CREATE TABLE mariadb_types (u uuid, i inet6, j json, p point NOT NULL);
    INSERT INTO mariadb_types VALUES ('${UUID}', '2001:db8::1', '[1]', ST_GeomFromText('POINT(1 2)'))`);
  const query = "SELECT u, i, j FROM mariadb_types";
  const { columns } = await source.describe(query, new Map());
  assert.deepEqual(
    columns.map((c) => [c.nativeType, formatType(c.type)]),
    [["uuid", "uuid"], ["inet6", "text"], ["json", "json"]],
  );
  const [row] = await readValues(source, query);
  assert.deepEqual(row, [bytes(UUID.replaceAll("-", "")), "2001:db8::1", "[1]"]);
  const describe = source.describe("SELECT p FROM mariadb_types", new Map());
  await failsWith(describe, "TYPE_UNSUPPORTED", "permanent", /point[^]*ST_AsText\(`p`\)/);
}

mysqlTest("mysql: types", async (t) => {
  const server = await testMysql();
  try {
    const database = await createMysqlDatabase(server);
    try {
      await database.sql(await Deno.readTextFile(FIXTURE));
      const harness = await mysqlHarness(database);
      const step = (name: string, check: (source: Source) => Promise<void>) =>
        t.step(name, () => withSource(harness, {}, check));
      await step("every type equals what the client prints", (s) => checkMatrix(database, s));
      await t.step("a run's Parquet file holds the same values", () => checkRun(database));
      await step("overrides give the same value in another type", checkOverrides);
      await t.step("values that do not fit name their column", () => checkRefusedValues(harness));
      await step("zero dates are read as text or NULL on request", checkZeroDatesAsText);
      await step("sums have no more digits than readers hold", checkSums);
      await step("the types that only MariaDB has", (s) => checkMariadbTypes(database, s));
    } finally {
      await database.drop();
    }
  } finally {
    await server.stop();
  }
});
