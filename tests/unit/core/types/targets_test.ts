import assert from "node:assert/strict";
import { parseOverride } from "../../../../core/types/overrides.ts";
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
    assert.deepEqual(TARGETS.map((target) => shown(target, text)), names, text);
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

Deno.test("BigQuery's decimals by their digits before and after the point", () => {
  assert.equal(shown("bigquery", "decimal(38,9)"), "NUMERIC");
  assert.equal(shown("bigquery", "decimal(39,9)"), "BIGNUMERIC");
  assert.equal(shown("bigquery", "decimal(10,10)"), "BIGNUMERIC");
  assert.equal(shown("bigquery", "decimal(76,38)"), "BIGNUMERIC");
  assert.equal(shown("bigquery", "decimal(76,37)"), "STRING (approximate)");
});
