import assert from "node:assert/strict";
import fc from "fast-check";
import { BatchBuilder } from "../../../../core/batch/batch_builder.ts";
import {
  type BitBuilder,
  builderFor,
  type BytesBuilder,
  type ColumnBuilder,
  type FixedBuilder,
  ListBuilder,
  makeBuilder,
  MAX_OFFSET,
} from "../../../../core/batch/builders.ts";
import type { ColumnData } from "../../../../core/batch/batch.ts";
import { LAYOUT_WIDTH, layoutOf, type RivetType } from "../../../../core/types/types.ts";
import { column, columnData, type Value } from "../../../support/batches.ts";
import { valueAt } from "../../../support/render.ts";

const utf8 = new TextEncoder();

/** Appends one value the way a decoder does, from the bytes that the test's own writer makes of it. */
function append(builder: ColumnBuilder, type: RivetType, value: Value): void {
  const row = builder.length;
  builder.reserve(1);
  const layout = layoutOf(type);
  if (value === null) builder.markNull(row);
  if (layout === "bytes") {
    const bytes = builder as BytesBuilder;
    const source = value === null ? new Uint8Array(0) : utf8.encode(String(value));
    bytes.reserveBytes(source.length);
    bytes.data.set(source, bytes.used);
    bytes.used += source.length;
    bytes.offsets[row + 1] = bytes.used;
  } else if (layout === "list") {
    const list = builder as ListBuilder;
    if (type.kind !== "list") throw new TypeError("not a list");
    for (const item of (value ?? []) as Value[]) append(list.child, type.element, item);
    list.offsets[row + 1] = list.child.length;
  } else if (layout === "bit") {
    if (value === true) (builder as BitBuilder).bits[row >> 3] |= 1 << (row & 7);
  } else if (value !== null) {
    const fixed = builder as FixedBuilder<Int32Array<ArrayBuffer>>;
    const width = LAYOUT_WIDTH[layout];
    new Uint8Array(fixed.values.buffer).set(columnData(type, [value]).values, row * width);
  }
  builder.length = row + 1;
}

const TYPES: readonly (readonly [RivetType, fc.Arbitrary<Value>])[] = [
  [{ kind: "bool" }, fc.boolean()],
  [{ kind: "int", bits: 16, signed: true }, fc.integer({ min: -32768, max: 32767 })],
  [{ kind: "int", bits: 32, signed: true }, fc.integer()],
  [{ kind: "int", bits: 64, signed: true }, fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })],
  [{ kind: "int", bits: 64, signed: false }, fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })],
  [{ kind: "float", bits: 32 }, fc.float()],
  [{ kind: "float", bits: 64 }, fc.double()],
  [
    { kind: "decimal", precision: 38, scale: 2 },
    fc.bigInt({ min: -(10n ** 38n), max: 10n ** 38n }),
  ],
  [
    { kind: "decimal", precision: 76, scale: 2 },
    fc.bigInt({ min: -(10n ** 76n), max: 10n ** 76n }),
  ],
  [{ kind: "uuid" }, fc.uint8Array({ minLength: 16, maxLength: 16 })],
  [{ kind: "text" }, fc.string({ unit: "grapheme" })],
  [{ kind: "list", element: { kind: "text" } }, fc.array(fc.option(fc.string()))],
  [
    { kind: "list", element: { kind: "int", bits: 32, signed: true } },
    fc.array(fc.option(fc.integer())),
  ],
];

for (const [type, values] of TYPES) {
  const name = `${layoutOf(type)}${type.kind === "list" ? ` of ${type.element.kind}` : ""}`;
  Deno.test(`builders: ${name} keeps values and NULLs over several batches`, () => {
    fc.assert(fc.property(
      fc.array(fc.array(fc.option(values), { maxLength: 200 }), { minLength: 1, maxLength: 4 }),
      (batches) => {
        const builder = builderFor(type);
        for (const batch of batches) {
          for (const value of batch) append(builder, type, value);
          const cost = builder.byteLength;
          const data = builder.finish();
          assert.equal(data.length, batch.length);
          assert.equal(data.nullCount, batch.filter((v) => v === null).length);
          assert.equal(data.validity === null, data.nullCount === 0);
          assert.deepEqual(batch.map((_, row) => valueAt(type, data, row)), batch);
          assertSameBuffers(data, columnData(type, batch));
          assert.ok(cost >= data.values.length && builder.length === 0);
        }
      },
    ));
  });
}

/** The buffers are those of the tests' own writer, byte by byte: padding and NULL slots are zero. */
function assertSameBuffers(data: ColumnData, expected: ColumnData): void {
  assert.deepEqual(data.values, expected.values);
  assert.deepEqual(data.validity, expected.validity);
  assert.deepEqual(data.offsets, expected.offsets);
  assert.equal(data.values.byteOffset % 8, 0);
  if (data.child !== null && expected.child !== null) assertSameBuffers(data.child, expected.child);
}

Deno.test("builders: finished buffers are given away, not used again", () => {
  const builder = makeBuilder("i32");
  append(builder, { kind: "date" }, 1);
  const first = builder.finish();
  append(builder, { kind: "date" }, 2);
  const second = builder.finish();
  assert.notEqual(first.values.buffer, second.values.buffer);
  assert.deepEqual([first.values[0], second.values[0]], [1, 2]);
});

Deno.test("builders: bytes never pass what 32-bit offsets can reach", () => {
  const builder = makeBuilder("bytes");
  builder.used = MAX_OFFSET - 10;
  assert.throws(() => builder.reserveBytes(11), RangeError);
});

Deno.test("batch builder: full by rows or bytes, and before offsets overflow", () => {
  const columns = [column("a", { kind: "text" })];
  const text: RivetType = { kind: "text" };
  const builder = makeBuilder("bytes");
  const batch = new BatchBuilder(columns, [builder], { rows: 3, bytes: 1000 });
  assert.equal(batch.wouldOverflow(MAX_OFFSET), false, "an empty batch takes anything");
  append(builder, text, "x");
  assert.deepEqual([batch.rows, batch.freeRows, batch.full], [1, 2, false]);
  assert.equal(batch.wouldOverflow(MAX_OFFSET), true);
  append(builder, text, "y".repeat(2000));
  assert.equal(batch.full, true, "by bytes");
  assert.deepEqual([batch.finish().rows, batch.rows, batch.full], [2, 0, false]);
  for (let i = 0; i < 3; i++) append(builder, text, "");
  assert.equal(batch.full, true, "by rows");
});

Deno.test("builders: a list's child is finished with it", () => {
  const list = new ListBuilder(makeBuilder("i32"));
  const type: RivetType = { kind: "list", element: { kind: "int", bits: 32, signed: true } };
  append(list, type, [1, null, 3]);
  assert.equal(list.finish().child?.length, 3);
  append(list, type, [4]);
  assert.deepEqual(valueAt(type, list.finish(), 0), [4]);
});
