/** Cursors and keys of every type of MySQL and MariaDB, with the values at the edges of each. */
import assert from "node:assert/strict";
import { sourceFactory } from "../../../adapters/sources/mod.ts";
import {
  type Comparable,
  type Comparables,
  eachComesOnce,
  incrementalExports,
  leadBack,
  overrides,
} from "../../conformance/comparable.ts";
import { caseTuning } from "../../conformance/source.ts";
import {
  createMysqlDatabase,
  mysqlTest,
  testMysql,
  type TestMysqlDatabase,
} from "../../support/mariadb.ts";
import { withPipeline } from "../../support/pipeline.ts";
import { structured } from "./harness.ts";

interface MysqlComparable extends Comparable {
  /** Not on every server. */
  readonly rare?: true;
  /** A table is not paged by it. */
  readonly noKey?: true;
}

const TEXTS = ["''", "'\\n'", "'\"'", "'\\\\'", "'a''b'", "'b'", "'ä'", "'日本'", "'𝄞'"];
const MOMENTS = ["'1000-01-01'", "'1969-12-31 23:59:59.999999'", "'9999-12-31 23:59:59.999999'"];
const BYTES = ["X'00'", "X'0000'", "X'27'", "X'5C'", "X'7F'", "X'80'", "X'FFFF'"];

const TYPES: Readonly<Record<string, MysqlComparable>> = {
  bool: { type: "tinyint(1)", values: ["0", "1"] },
  tinyint: { type: "tinyint", values: ["-128", "-1", "0", "127"] },
  tinyint_unsigned: { type: "tinyint unsigned", values: ["0", "128", "255"] },
  smallint: { type: "smallint", values: ["-32768", "0", "32767"] },
  mediumint: { type: "mediumint", values: ["-8388608", "0", "8388607"] },
  int: { type: "int", values: ["-2147483648", "0", "2147483647"] },
  int_unsigned: { type: "int unsigned", values: ["0", "2147483648", "4294967295"] },
  bigint: {
    type: "bigint",
    values: ["-9223372036854775808", "9007199254740993", "9223372036854775807"],
  },
  bigint_unsigned: {
    type: "bigint unsigned",
    values: ["0", "9007199254740993", "18446744073709551615"],
  },
  bigint_decimal: { type: "bigint", values: ["-1", "9007199254740993"], as: "decimal(38,4)" },
  bigint_text: { type: "bigint", values: ["-10", "-9", "9", "10"], as: "text" },
  year: { noKey: true, type: "year", values: ["0", "1901", "2155"] },
  bit1: { noKey: true, type: "bit(1)", values: ["b'0'", "b'1'"] },
  bit: { noKey: true, type: "bit(64)", values: ["b'0'", "b'101'", "18446744073709551615"] },
  double: {
    noKey: true,
    type: "double",
    values: [
      "-1.7e308",
      "-5e-324",
      "0",
      "0.1",
      "0.30000000000000004",
      "123456789.12345679",
      "1e308",
    ],
  },
  double_text: {
    noKey: true,
    type: "double",
    values: ["-0.1", "0.1", "0.30000000000000004"],
    as: "text",
  },
  decimal: {
    type: "decimal(65,30)",
    values: [`-${"9".repeat(35)}.${"9".repeat(30)}`, `-0.${"0".repeat(29)}1`, "0", "10"],
  },
  decimal_text: { type: "decimal(20,4)", values: ["-1000.01", "-9", "9", "10.0001"], as: "text" },
  decimal_int: { type: "decimal(20,0)", values: ["-1", "9", "10"], as: "int64" },
  date: { type: "date", values: ["'1000-01-01'", "'2024-02-29'", "'9999-12-31'"] },
  date_timestamp: { type: "date", values: ["'1000-01-01'", "'2024-02-29'"], as: "timestamp_tz" },
  date_text: { type: "date", values: ["'0000-00-00'", "'2024-02-00'", "'9999-12-31'"], as: "text" },
  time: {
    noKey: true,
    type: "time(6)",
    values: ["'00:00'", "'00:00:00.000001'", "'23:59:59.999999'"],
  },
  time_text: {
    noKey: true,
    type: "time(6)",
    values: ["'-838:59:59'", "'00:00'", "'838:59:59'"],
    as: "text",
  },
  datetime: { type: "datetime(6)", values: MOMENTS },
  datetime_seconds: { type: "datetime", values: ["'1000-01-01'", "'9999-12-31 23:59:59'"] },
  datetime_text: { type: "datetime(6)", values: ["'0000-00-00'", ...MOMENTS], as: "text" },
  datetime_tz: { type: "datetime(6)", values: MOMENTS, as: "timestamp_tz" },
  datetime_ns: {
    type: "datetime(6)",
    values: ["'1677-09-22'", "'2024-02-29 00:00:00.000001'"],
    as: "timestamp_ns",
  },
  timestamp: {
    type: "timestamp(6)",
    values: [
      "'1970-01-01 00:00:01'",
      "'2024-10-27 00:30:00.000001'",
      "'2038-01-19 03:14:07.999999'",
    ],
  },
  timestamp_local: {
    type: "timestamp(6)",
    values: ["'1970-01-01 00:00:01'", "'2038-01-19 03:14:07.999999'"],
    as: "timestamp",
  },
  varchar: { type: "varchar(20) COLLATE utf8mb4_bin", values: TEXTS },
  varchar_folded: {
    type: "varchar(20) COLLATE utf8mb4_general_ci",
    values: ["'a'", "'B'", "'c'", "'Z''z'"],
  },
  latin1: {
    type: "varchar(20) CHARACTER SET latin1 COLLATE latin1_bin",
    values: ["'a'", "'b\\\\'", "'é'"],
  },
  char: { type: "char(5) COLLATE utf8mb4_bin", values: ["''", "'\\\\'", "'a'", "'a b'", "'é'"] },
  text_json: {
    type: "varchar(20) COLLATE utf8mb4_bin",
    values: [`'"a"'`, `'"b"'`, "'1'"],
    as: "json",
  },
  varbinary: { type: "varbinary(8)", values: ["''", ...BYTES] },
  varbinary_text: { type: "varbinary(8)", values: ["''", "X'27'", "X'5C'", "X'C3A9'"], as: "text" },
  binary: { type: "binary(2)", values: ["X'0000'", "X'00FF'", "X'5C27'", "X'FF00'"] },
  binary_uuid: {
    type: "binary(16)",
    values: [`X'${"00".repeat(16)}'`, `X'${"5C".repeat(16)}'`, `X'${"FF".repeat(16)}'`],
    as: "uuid",
  },
  // The server's order begins with the last groups.
  uuid: {
    type: "uuid",
    values: [
      "'00000000-0000-0000-0000-000000000000'",
      "'7fffffff-0000-1000-8000-000000000001'",
      "'00000000-ffff-4000-8000-000000000001'",
    ],
    rare: true,
  },
  inet4: {
    noKey: true,
    type: "inet4",
    values: ["'0.0.0.0'", "'10.0.0.1'", "'255.255.255.255'"],
    rare: true,
  },
  inet6: { noKey: true, type: "inet6", values: ["'::'", "'::1'", "'ff02::2'"], rare: true },
};

/** Tables `t_<name>` of the first `count` values; the types that this server has. */
async function createTables(
  db: TestMysqlDatabase,
  count: (values: readonly string[]) => number,
): Promise<Comparables> {
  await db.sql("SET SESSION sql_mode = 'ALLOW_INVALID_DATES'");
  const made: [string, Comparable][] = [];
  for (const [name, definition] of Object.entries(TYPES)) {
    const { type, values, rare } = definition;
    const create = db.sql(
      `DROP TABLE IF EXISTS t_${name}; CREATE TABLE t_${name} (id int, k ${type} NOT NULL PRIMARY KEY)`,
    );
    if (rare !== undefined && await create.then(() => false, () => true)) continue;
    await create;
    const rows = values.slice(0, count(values)).map((value, i) => `(${i}, ${value})`);
    await db.sql(`INSERT INTO t_${name} VALUES ${rows.join(", ")}`);
    made.push([name, definition]);
  }
  return made;
}

async function onDatabase(work: (db: TestMysqlDatabase) => Promise<void>): Promise<void> {
  const server = await testMysql();
  const db = await createMysqlDatabase(server);
  try {
    await work(db);
  } finally {
    await db.drop();
    await server.stop();
  }
}

mysqlTest(
  "mysql literals of every type: a value's text leads back to its place",
  () =>
    onDatabase(async (db) => {
      const types = await createTables(db, (values) => values.length);
      const source = await (await sourceFactory("mysql")).connect({
        source: structured(db.url),
        tuning: caseTuning({}),
        applicationName: "rivet-test",
      });
      try {
        await leadBack(
          source,
          types,
          (condition) => `CAST(COALESCE(SUM(${condition}), 0) AS CHAR)`,
        );
      } finally {
        await source.close();
      }
    }),
);

mysqlTest("mysql cursors of every type: each row comes once", () =>
  onDatabase(async (db) => {
    const types = await createTables(db, (values) => values.length - 1);
    await withPipeline(db, incrementalExports(types), (pipeline) =>
      eachComesOnce(pipeline, types, (name, { values }) =>
        db.sql(`INSERT INTO t_${name} VALUES (${values.length}, ${values.at(-1)})`)));
  }));

mysqlTest(
  "mysql keys of every type: pages of two rows hold every row once",
  () =>
    onDatabase(async (db) => {
      const types = await createTables(db, (values) => values.length);
      const exports = types.map(([name, { as }]) => ({
        name,
        table: `t_${name}`,
        ...{ mode: "chunked", chunk_by_key: "k", chunk_size: 2 },
        ...overrides(as),
      }));
      await withPipeline(db, exports, async (pipeline) => {
        for (const { exportName, status, rows, error } of (await pipeline.run()).exports) {
          const { values, noKey } = TYPES[exportName];
          if (noKey) {
            assert.match(error?.message ?? "", /chunk_by_key needs a column/, exportName);
            continue;
          }
          assert.equal(status, "success", `${exportName}: ${error?.message}`);
          assert.equal(rows, values.length, exportName);
        }
      });
    }),
);
