import assert from "node:assert/strict";
import { parseOverride } from "../../../../core/types/overrides.ts";
import { targetNameProblem } from "../../../../core/types/target_columns.ts";
import { type Target, TARGETS, targetType } from "../../../../core/types/targets.ts";
import type { RivetType } from "../../../../core/types/types.ts";

function type(text: string): RivetType {
  const parsed = parseOverride(text);
  if ("error" in parsed) throw new Error(parsed.error);
  return parsed.type;
}

const shown = (target: Target, text: string) => {
  const { name, status } = targetType(target, type(text));
  return status === "ok" ? name : `${name} (${status})`;
};

/** Rivet type -> bigquery, snowflake, duckdb, clickhouse, redshift. */
const EXPECTED: Readonly<Record<string, readonly string[]>> = {
  bool: ["BOOL", "BOOLEAN", "BOOLEAN", "Bool", "BOOLEAN"],
  int16: ["INT64", "NUMBER(38,0)", "SMALLINT", "Int16", "SMALLINT"],
  uint64: [
    "INT64 (approximate)",
    "NUMBER(38,0)",
    "UBIGINT",
    "UInt64",
    "BIGINT (approximate)",
  ],
  "decimal(15,4)": [
    "NUMERIC",
    "NUMBER(15,4)",
    "DECIMAL(15,4)",
    "Decimal(15, 4)",
    "DECIMAL(15,4)",
  ],
  "decimal(38,18)": [
    "BIGNUMERIC",
    "NUMBER(38,18)",
    "DECIMAL(38,18)",
    "Decimal(38, 18)",
    "DECIMAL(38,18)",
  ],
  "decimal(76,10)": [
    "STRING (approximate)",
    "null (unsupported)",
    "DOUBLE (approximate)",
    "Decimal(76, 10)",
    "null (unsupported)",
  ],
  timestamp: ["DATETIME", "TIMESTAMP_NTZ", "TIMESTAMP", "DateTime64(6) (approximate)", "TIMESTAMP"],
  timestamp_tz_ns: [
    "TIMESTAMP (approximate)",
    "TIMESTAMP_LTZ",
    "TIMESTAMP WITH TIME ZONE (approximate)",
    "DateTime64(9, 'UTC') (approximate)",
    "TIMESTAMPTZ (approximate)",
  ],
  json: [
    "STRING (approximate)",
    "VARCHAR (approximate)",
    "JSON",
    "String (approximate)",
    "VARCHAR(65535) (approximate)",
  ],
  "list<text>": [
    "REPEATED STRING",
    "ARRAY (approximate)",
    "VARCHAR[]",
    "Array(String)",
    "SUPER (approximate)",
  ],
  "list<decimal(50,2)>": [
    "REPEATED STRING (approximate)",
    "null (unsupported)",
    "DOUBLE[] (approximate)",
    "Array(Decimal(50, 2))",
    "null (unsupported)",
  ],
};

Deno.test("what a column becomes in each warehouse", () => {
  for (const [text, names] of Object.entries(EXPECTED)) {
    const warehouses = TARGETS.filter((target) => target !== "spark");
    assert.deepEqual(warehouses.map((target) => shown(target, text)), names, text);
  }
});

Deno.test("whatever is not exact says what is different", () => {
  for (const text of ["bool", "uint64", "float32", "date", "time", "uuid", "binary", "interval"]) {
    for (const target of TARGETS) {
      const { status, note } = targetType(target, type(text));
      assert.equal(note === null, status === "ok", `${target} ${text}`);
    }
  }
});

Deno.test("what Spark's reader of Parquet makes of a column, and what it calls illegal", () => {
  const spark = (text: string) => shown("spark", text);
  assert.equal(spark("int16"), "SMALLINT");
  assert.equal(spark("uint64"), "DECIMAL(20,0)");
  assert.equal(spark("decimal(38,9)"), "DECIMAL(38,9)");
  assert.equal(spark("timestamp"), "TIMESTAMP_NTZ");
  assert.equal(spark("timestamp_tz"), "TIMESTAMP");
  assert.equal(spark("list<text>"), "ARRAY<STRING>");
  for (const text of ["uuid", "time", "decimal(39,0)", "timestamp_ns", "list<uuid>"]) {
    assert.equal(spark(text), "null (unsupported)", text);
  }
  assert.equal(spark("text"), "STRING", "the override that reads");
});

Deno.test("names that a warehouse does not take, and those that differ in their case only", () => {
  const columns = ["Id", "id", "a.b", "x(y);", "1st", "ok_1", "_PARTITIONTIME", "größe"];
  const refused = (target: Target) =>
    columns.filter((name) => targetNameProblem(target, name, columns) !== null);
  assert.deepEqual(refused("bigquery"), columns.filter((name) => name !== "ok_1"));
  assert.deepEqual(refused("spark"), ["Id", "id"]);
  assert.deepEqual(refused("redshift"), ["Id", "id"]);
  assert.deepEqual(refused("duckdb"), []);
  assert.match(targetNameProblem("bigquery", "id", columns) ?? "", /the same name as "Id"/);
});

Deno.test("BigQuery's decimals by their digits before and after the point", () => {
  assert.equal(shown("bigquery", "decimal(38,9)"), "NUMERIC");
  assert.equal(shown("bigquery", "decimal(39,9)"), "BIGNUMERIC");
  assert.equal(shown("bigquery", "decimal(10,10)"), "BIGNUMERIC");
  assert.equal(shown("bigquery", "decimal(76,38)"), "BIGNUMERIC");
  assert.equal(shown("bigquery", "decimal(76,37)"), "STRING (approximate)");
});
