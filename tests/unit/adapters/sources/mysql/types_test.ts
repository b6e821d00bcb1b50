import assert from "node:assert/strict";
import { type NativeField, nativeName } from "../../../../../adapters/sources/mysql/fields.ts";
import { isRefusal } from "../../../../../adapters/sources/kit/describe.ts";
import { planColumn } from "../../../../../adapters/sources/mysql/types.ts";
import { parseOverride } from "../../../../../core/types/overrides.ts";
import { formatType } from "../../../../../core/types/types.ts";

const UNSIGNED = 32;

function field(columnType: number, rest: Partial<NativeField> = {}): NativeField {
  return {
    name: "c",
    columnType,
    columnLength: 11,
    flags: 0,
    decimals: 0,
    characterSet: 63,
    ...rest,
  };
}

/** Column definition as servers send it, the name, the Rivet type. */
const NAMES: readonly (readonly [NativeField, string, string])[] = [
  [field(1, { columnLength: 1 }), "tinyint(1)", "bool"],
  [field(1, { columnLength: 1, flags: UNSIGNED }), "tinyint unsigned", "int16"],
  [field(1, { columnLength: 4 }), "tinyint", "int16"],
  [field(3, { flags: UNSIGNED }), "int unsigned", "int64"],
  [field(8, { flags: UNSIGNED }), "bigint unsigned", "uint64"],
  [field(246, { columnLength: 67, decimals: 30 }), "decimal(65,30)", "decimal(65,30)"],
  [field(246, { columnLength: 11, decimals: 0 }), "decimal(10,0)", "decimal(10,0)"],
  // SUM of a decimal(60,0).
  [field(246, { columnLength: 83, decimals: 0 }), "decimal(82,0)", "decimal(76,0)"],
  [
    field(246, { columnLength: 11, decimals: 2, flags: UNSIGNED }),
    "decimal(10,2)",
    "decimal(10,2)",
  ],
  [field(246, { columnLength: 32, decimals: 30 }), "decimal(30,30)", "decimal(30,30)"],
  [field(5, { columnLength: 22, decimals: 31 }), "double", "float64"],
  [field(4, { columnLength: 7, decimals: 3 }), "float(7,3)", "float32"],
  [field(12, { columnLength: 26, decimals: 6 }), "datetime(6)", "timestamp"],
  [field(7, { columnLength: 19 }), "timestamp", "timestamp_tz"],
  [field(13, { columnLength: 4 }), "year", "int16"],
  [field(16, { columnLength: 1 }), "bit(1)", "bool"],
  [field(16, { columnLength: 15 }), "bit(15)", "int16"],
  [field(16, { columnLength: 16 }), "bit(16)", "int32"],
  [field(16, { columnLength: 63 }), "bit(63)", "int64"],
  [field(16, { columnLength: 64 }), "bit(64)", "uint64"],
  [field(254, { columnLength: 16, flags: 256, characterSet: 45 }), "enum", "text"],
  [field(254, { columnLength: 16, flags: 2048, characterSet: 45 }), "set", "text"],
  [field(254, { columnLength: 16 }), "binary(16)", "binary"],
  [field(253, { columnLength: 80, characterSet: 45 }), "varchar(20)", "text"],
  [field(252, { columnLength: 1020, characterSet: 45 }), "tinytext", "text"],
  [field(252, { columnLength: 262_140, characterSet: 255 }), "text", "text"],
  [field(252, { columnLength: 65_535 }), "blob", "binary"],
  [field(252, { columnLength: 4_294_967_295, characterSet: 45 }), "longtext", "text"],
  [
    field(252, { columnLength: 4_294_967_295, characterSet: 45, extendedFormat: "json" }),
    "json",
    "json",
  ],
  [field(245, { columnLength: 4_294_967_295 }), "json", "json"],
  [field(254, { columnLength: 144, characterSet: 45, extendedTypeName: "uuid" }), "uuid", "uuid"],
  [field(6), "null", "text"],
];

Deno.test("types: column definitions by name and Rivet type", () => {
  for (const [native, name, type] of NAMES) {
    assert.equal(nativeName(native), name);
    const plan = planColumn(name);
    assert.ok(!isRefusal(plan), name);
    assert.equal(formatType(plan.type), type, name);
  }
});

Deno.test("types: what has no counterpart is refused", () => {
  for (const columnType of [255, 242, 99]) {
    assert.ok(isRefusal(planColumn(nativeName(field(columnType)))));
  }
});

function overridden(native: string, override: string): string {
  const parsed = parseOverride(override);
  if ("error" in parsed) throw new Error(parsed.error);
  const plan = planColumn(native, parsed.type);
  if (isRefusal(plan)) return "refused";
  return plan.cast === null ? plan.fidelity : `${plan.fidelity} ${plan.cast}`;
}

Deno.test("types: overrides, with the cast that keeps them exact", () => {
  assert.equal(overridden("float", "text"), "logical_string double");
  assert.equal(overridden("float", "float64"), "compatible double");
  assert.equal(overridden("decimal(10,2)", "float64"), "lossy");
  assert.equal(overridden("point", "text"), "logical_string wkt");
  assert.equal(overridden("geometry", "binary"), "compatible wkb");
  assert.equal(overridden("bit(8)", "binary"), "compatible");
  assert.equal(overridden("date", "date"), "exact");
  const refused: readonly (readonly [string, string])[] = [
    ["bit(8)", "text"],
    ["varchar(10)", "date"],
    ["datetime", "date"],
    ["double", "decimal(10,2)"],
    ["int", "list<int32>"],
    ["time", "interval"],
    ["date", "bool"],
  ];
  for (const [native, override] of refused) assert.equal(overridden(native, override), "refused");
});
