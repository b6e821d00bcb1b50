import assert from "node:assert/strict";
import { DataType } from "apache-arrow";
import { arrowField, arrowSchema, arrowType } from "../../../../core/types/arrow.ts";
import { formatArrowType } from "../../../../core/types/arrow_name.ts";
import type { RivetType } from "../../../../core/types/types.ts";
import { column } from "../../../support/batches.ts";

/** Type, its name in reports, and what apache-arrow calls it. */
const NAMES: [RivetType, string, string][] = [
  [{ kind: "bool" }, "Bool", "Bool"],
  [{ kind: "int", bits: 16, signed: true }, "Int16", "Int16"],
  [{ kind: "int", bits: 32, signed: true }, "Int32", "Int32"],
  [{ kind: "int", bits: 64, signed: true }, "Int64", "Int64"],
  [{ kind: "int", bits: 64, signed: false }, "UInt64", "Uint64"],
  [{ kind: "float", bits: 32 }, "Float32", "Float32"],
  [{ kind: "float", bits: 64 }, "Float64", "Float64"],
  [{ kind: "decimal", precision: 15, scale: 4 }, "Decimal128(15, 4)", "Decimal[15e+4]"],
  [{ kind: "decimal", precision: 39, scale: 0 }, "Decimal256(39, 0)", "Decimal[39e0]"],
  [{ kind: "date" }, "Date32", "Date32<DAY>"],
  [{ kind: "time" }, "Time64(us)", "Time64<MICROSECOND>"],
  [
    { kind: "timestamp", unit: "us", utc: true },
    "Timestamp(us, UTC)",
    "Timestamp<MICROSECOND, UTC>",
  ],
  [{ kind: "timestamp", unit: "ns", utc: false }, "Timestamp(ns)", "Timestamp<NANOSECOND>"],
  [{ kind: "text" }, "Utf8", "Utf8"],
  [{ kind: "json" }, "Utf8", "Utf8"],
  [{ kind: "interval" }, "Utf8", "Utf8"],
  [{ kind: "uuid" }, "FixedSizeBinary(16)", "FixedSizeBinary[16]"],
  [{ kind: "binary" }, "Binary", "Binary"],
  [{ kind: "list", element: { kind: "text" } }, "List(Utf8)", "List<Utf8>"],
];

for (const [type, name, arrowName] of NAMES) {
  Deno.test(`${JSON.stringify(type)} is ${name}`, () => {
    assert.equal(formatArrowType(type), name);
    assert.equal(String(arrowType(type)), arrowName);
  });
}

Deno.test("decimals over 38 digits have 256 bits", () => {
  const bits = (precision: number) => {
    const type = arrowType({ kind: "decimal", precision, scale: 0 });
    return DataType.isDecimal(type) ? type.bitWidth : null;
  };
  assert.deepEqual([bits(38), bits(39)], [128, 256]);
});

Deno.test("a field says where its values come from", () => {
  const field = arrowField({
    name: "payload",
    type: { kind: "json" },
    nullable: false,
    nativeType: "jsonb",
    fidelity: "logical_string",
  });
  assert.equal(field.nullable, false);
  assert.deepEqual(Object.fromEntries(field.metadata), {
    "ARROW:extension:name": "arrow.json",
    "ARROW:extension:metadata": "",
    "rivet.native_type": "jsonb",
    "rivet.logical_type": "json",
    "rivet.fidelity": "logical_string",
  });
});

Deno.test("only uuid and json are extension types, in lists as well", () => {
  const extension = (type: RivetType) =>
    arrowField(column("c", type)).metadata.get("ARROW:extension:name");
  assert.equal(extension({ kind: "uuid" }), "arrow.uuid");
  assert.equal(extension({ kind: "text" }), undefined);
  const { type } = arrowField(column("c", { kind: "list", element: { kind: "uuid" } }));
  assert.equal(type.children[0].metadata.get("ARROW:extension:name"), "arrow.uuid");
});

Deno.test("a schema keeps the order of the columns", () => {
  const schema = arrowSchema([column("b", { kind: "bool" }), column("a", { kind: "date" })]);
  assert.deepEqual(schema.fields.map(({ name }) => name), ["b", "a"]);
});
