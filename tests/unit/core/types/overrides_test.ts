import assert from "node:assert/strict";
import { parseOverride } from "../../../../core/types/overrides.ts";
import { formatType } from "../../../../core/types/types.ts";

const CANONICAL = [
  "bool",
  "int16",
  "int32",
  "int64",
  "uint64",
  "float32",
  "float64",
  "decimal(10,2)",
  "decimal(76,76)",
  "text",
  "binary",
  "json",
  "uuid",
  "date",
  "time",
  "timestamp",
  "timestamp_ns",
  "timestamp_tz",
  "timestamp_tz_ns",
  "interval",
  "list<text>",
  "list<decimal(38,9)>",
];

Deno.test("every type reads back what formatType writes", () => {
  for (const text of CANONICAL) {
    const result = parseOverride(text);
    assert.ok("type" in result, text);
    assert.equal(formatType(result.type), text);
  }
});

Deno.test("aliases, spaces and case name the same types", () => {
  const pairs: [string, string][] = [
    ["Boolean", "bool"],
    ["smallint", "int16"],
    ["INT", "int32"],
    ["bigint", "int64"],
    ["double", "float64"],
    [" NUMERIC( 12 , 4 ) ", "decimal(12,4)"],
    ["decimal(7)", "decimal(7,0)"],
    ["timestamptz", "timestamp_tz"],
    ["string", "text"],
    ["jsonb", "json"],
    ["text[]", "list<text>"],
    ["numeric(5,1)[]", "list<decimal(5,1)>"],
  ];
  for (const [text, expected] of pairs) {
    const result = parseOverride(text);
    assert.ok("type" in result, text);
    assert.equal(formatType(result.type), expected);
  }
});

Deno.test("what is no type says what to write", () => {
  const cases: [string, RegExp][] = [
    ["decimal", /needs its digits: write decimal\(precision,scale\)/],
    ["decimal(a,b)", /needs its digits/],
    ["decimal(0,0)", /1 to 76 digits, not 0/],
    ["decimal(77,2)", /1 to 76 digits, not 77/],
    ["decimal(5,6)", /the scale is larger/],
    ["int8", /write int64 or int16/],
    ["float", /write float32 or float64/],
    ["unit64", /unknown type "unit64"; did you mean "uint64"\?/],
    ["timestmp_tz", /did you mean "timestamp_tz"\?/],
    ["geometry", /unknown type "geometry"; known are decimal\(p,s\), bool/],
    ["list<list<text>>", /lists have one dimension/],
    ["text[][]", /lists have one dimension/],
    ["", /unknown type ""; known are/],
    ["__proto__", /unknown type/],
    ["constructor", /unknown type/],
  ];
  for (const [text, message] of cases) {
    const result = parseOverride(text);
    assert.ok("error" in result, text);
    assert.match(result.error, message);
  }
});
