import assert from "node:assert/strict";
import { icebergType } from "../../../../adapters/tables/iceberg/types.ts";
import { parseOverride } from "../../../../core/types/overrides.ts";
import { targetNameProblem } from "../../../../core/types/target_columns.ts";
import { type Target, TARGETS, targetType } from "../../../../core/types/targets.ts";
import type { RivetType } from "../../../../core/types/types.ts";
import { TYPE_SAMPLES } from "../../../support/type_samples.ts";

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
    "Array(String) (approximate)",
    "SUPER (approximate)",
  ],
  "list<decimal(50,2)>": [
    "REPEATED STRING (approximate)",
    "null (unsupported)",
    "DOUBLE[] (approximate)",
    "Array(Decimal(50, 2)) (approximate)",
    "null (unsupported)",
  ],
};

/** Tested on their own. */
const OTHERS: readonly Target[] = ["spark", "delta", "iceberg"];

Deno.test("what a column becomes in a Delta table", () => {
  const become: Readonly<Record<string, string>> = {
    ...{ bool: "boolean", int16: "short", int32: "integer", int64: "long", float32: "float" },
    ...{ float64: "double", "decimal(38,9)": "decimal(38,9)", date: "date", text: "string" },
    ...{ timestamp: "timestamp_ntz", timestamp_tz: "timestamp", binary: "binary" },
    ...{ json: "string (approximate)", interval: "string (approximate)" },
    "list<int32>": "array<integer>",
  };
  for (const [text, name] of Object.entries(become)) assert.equal(shown("delta", text), name);
  for (const text of ["uint64", "time", "uuid", "decimal(39,0)", "timestamp_ns", "list<uuid>"]) {
    assert.equal(shown("delta", text), "null (unsupported)", text);
    assert.match(targetType("delta", type(text)).note ?? "", /write /, text);
  }
});

Deno.test("what a column becomes in each warehouse", () => {
  for (const [text, names] of Object.entries(EXPECTED)) {
    const warehouses = TARGETS.filter((target) => !OTHERS.includes(target));
    assert.deepEqual(warehouses.map((target) => shown(target, text)), names, text);
  }
});

Deno.test("whatever is not exact says what is different", () => {
  const lists = ["list<text>", "list<decimal(50,2)>"];
  for (
    const text of [
      ...lists,
      "bool",
      "uint64",
      "float32",
      "date",
      "time",
      "uuid",
      "binary",
      "interval",
    ]
  ) {
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

Deno.test("what a column is in an Iceberg table is what the table's own writer makes of it", () => {
  for (const { type: sample } of TYPE_SAMPLES) {
    const written = icebergType(sample, () => 1);
    const { name } = targetType("iceberg", sample);
    if ("refusal" in written) assert.equal(name, null, JSON.stringify(sample));
    else {
      const { type: made } = written;
      assert.equal(name, typeof made === "string" ? made : `list<${made.element}>`);
    }
  }
});

const LONG = "x".repeat(128);
const ALL = TARGETS.join(" ");

/** A column's name among others, and the warehouses that do not take it there. */
const NAMES: readonly (readonly [name: string, beside: readonly string[], refusedBy: string])[] = [
  ["ok_1", ["ok_2", "ok"], ""],
  ["Id", ["id"], "bigquery duckdb redshift spark delta"],
  ["größe", ["GRÖSSE"], "bigquery"],
  ["größe", ["GRÖßE"], "bigquery duckdb spark delta"],
  ["größe", ["GRößE"], "bigquery duckdb redshift spark delta"],
  ["a.b", ["a", "b"], "bigquery"],
  ["x(y);", [], "bigquery delta"],
  ["with space", [], "bigquery delta"],
  ['quo"te', [], "bigquery"],
  ["1st", [], "bigquery"],
  ["line\nend", [], "bigquery redshift delta"],
  ["", ["a"], "bigquery snowflake duckdb clickhouse redshift delta"],
  ["_table_x", [], "bigquery"],
  ["_PARTITIONTIME", [], "bigquery"],
  ["_File_", [], "bigquery"],
  ["_row_timestamp", [], "bigquery"],
  ["__root__", [], "bigquery"],
  ["_colidentifier", [], "bigquery"],
  ["_CHANGE_TYPE", [], "bigquery"],
  ["_change_sequence_number", [], "bigquery"],
  ["_rivet_exported_at", [], ""],
  [LONG.slice(1), [], ""],
  [LONG, [], "redshift"],
  ["ü".repeat(64), [], "bigquery redshift"],
  ["x".repeat(255), [], "redshift"],
  ["x".repeat(256), [], "snowflake redshift"],
  ["x".repeat(300), [], "snowflake redshift"],
  ["x".repeat(301), [], "bigquery snowflake redshift"],
];

Deno.test("names that a warehouse does not take, and those that differ in their case only", () => {
  for (const [name, beside, refusedBy] of NAMES) {
    const columns = [...beside, name];
    const refused = TARGETS.filter((target) => targetNameProblem(target, name, columns) !== null);
    const wanted = ALL.split(" ").filter((target) => refusedBy.split(" ").includes(target));
    assert.deepEqual(refused, wanted, JSON.stringify([name, beside]));
  }
  assert.match(targetNameProblem("bigquery", "id", ["Id", "id"]) ?? "", /the same name as "Id"/);
  // One column is not its own twin.
  for (const target of TARGETS) assert.equal(targetNameProblem(target, "id", ["id"]), null);
});

Deno.test("BigQuery's decimals by their digits before and after the point", () => {
  assert.equal(shown("bigquery", "decimal(38,9)"), "NUMERIC");
  assert.equal(shown("bigquery", "decimal(39,9)"), "BIGNUMERIC");
  assert.equal(shown("bigquery", "decimal(10,10)"), "BIGNUMERIC");
  assert.equal(shown("bigquery", "decimal(76,38)"), "BIGNUMERIC");
  assert.equal(shown("bigquery", "decimal(76,37)"), "STRING (approximate)");
});
