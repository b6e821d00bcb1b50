/** What apache-arrow reads of a schema message, and that it would have written the same bytes. */
import assert from "node:assert/strict";
import {
  DataType,
  type Field,
  RecordBatchStreamReader,
  type Schema,
  Table,
  tableToIPC,
} from "apache-arrow";
import fc from "fast-check";
import { encodeArrowSchema } from "../../../../../adapters/formats/parquet/arrow_schema.ts";
import { formatArrowType } from "../../../../../core/types/arrow_name.ts";
import type { Column, RivetType } from "../../../../../core/types/types.ts";
import { column } from "../../../../support/batches.ts";

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

function schemaOf(columns: readonly Column[]): Schema {
  return RecordBatchStreamReader.from(Uint8Array.fromBase64(encodeArrowSchema(columns))).open()
    .schema;
}

function fieldOf(only: Column): Field {
  return schemaOf([only]).fields[0];
}

/** The first message of what apache-arrow writes. */
function encodedByArrow(schema: Schema): string {
  const stream = tableToIPC(new Table(schema), "stream");
  const view = new DataView(stream.buffer, stream.byteOffset, stream.byteLength);
  return stream.subarray(0, 8 + view.getInt32(4, true)).toBase64();
}

for (const [type, name, arrowName] of NAMES) {
  Deno.test(`${JSON.stringify(type)} is ${name}`, () => {
    assert.equal(formatArrowType(type), name);
    assert.equal(String(fieldOf(column("c", type)).type), arrowName);
  });
}

Deno.test("decimals over 38 digits have 256 bits", () => {
  const bits = (precision: number) => {
    const { type } = fieldOf(column("c", { kind: "decimal", precision, scale: 0 }));
    return DataType.isDecimal(type) ? type.bitWidth : null;
  };
  assert.deepEqual([bits(38), bits(39)], [128, 256]);
});

Deno.test("a field says where its values come from", () => {
  const field = fieldOf({
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
    fieldOf(column("c", type)).metadata.get("ARROW:extension:name");
  assert.equal(extension({ kind: "uuid" }), "arrow.uuid");
  assert.equal(extension({ kind: "text" }), undefined);
  const { type } = fieldOf(column("c", { kind: "list", element: { kind: "uuid" } }));
  assert.equal(type.children[0].metadata.get("ARROW:extension:name"), "arrow.uuid");
});

Deno.test("a schema keeps the order of the columns", () => {
  const schema = schemaOf([column("b", { kind: "bool" }), column("a", { kind: "date" })]);
  assert.deepEqual(schema.fields.map(({ name }) => name), ["b", "a"]);
});

Deno.test("apache-arrow writes what it has read in the same bytes", () => {
  const types = NAMES.flatMap(([type]): RivetType[] => [type, { kind: "list", element: type }]);
  const anyColumn = fc.record({
    name: fc.string({ unit: "grapheme" }),
    type: fc.constantFrom(...types),
    nullable: fc.boolean(),
    nativeType: fc.string({ unit: "grapheme" }),
    fidelity: fc.constantFrom<Column["fidelity"]>("exact", "compatible", "lossy"),
  });
  const same = (columns: Column[]) =>
    assert.equal(encodeArrowSchema(columns), encodedByArrow(schemaOf(columns)));
  // Enough of them that the buffer has to grow several times.
  fc.assert(fc.property(fc.array(anyColumn, { maxLength: 8 }), same), { numRuns: 200 });
  same(
    types.flatMap((type, i) => Array.from({ length: 10 }, (_, k) => column(`c${i}_${k}`, type))),
  );
});
