import assert from "node:assert/strict";
import fc from "fast-check";
import { leafOf } from "../../../../../adapters/formats/parquet/schema.ts";
import { boundsOf, boundsOfBytesAt } from "../../../../../adapters/formats/parquet/extremes.ts";
import { input, output } from "../../../../../adapters/formats/parquet/kernel/memory.ts";
import {
  compareValues,
  mergeStatistics,
} from "../../../../../adapters/formats/parquet/statistics.ts";
import {
  MAX_BOUND_BYTES,
  truncateMax,
  truncateMin,
} from "../../../../../adapters/formats/parquet/truncate.ts";
import type { RivetType } from "../../../../../core/types/types.ts";
import { column } from "../../../../support/batches.ts";

const utf8 = new TextEncoder();

function doubles(...values: number[]): Uint8Array {
  return new Uint8Array(Float64Array.from(values).buffer);
}

function boundsOfType(type: RivetType, plain: Uint8Array) {
  return boundsOf(leafOf(column("c", type)), plain);
}

Deno.test("NaN is no bound, and a column of NaN has none", () => {
  const type: RivetType = { kind: "float", bits: 64 };
  const bounds = boundsOfType(type, doubles(NaN, 3, NaN, -2));
  assert.deepEqual(bounds?.min.value, doubles(-2));
  assert.deepEqual(bounds?.max.value, doubles(3));
  assert.equal(boundsOfType(type, doubles(NaN, NaN)), null);
});

Deno.test("a zero bound is -0 below and +0 above", () => {
  for (const values of [[0, 0], [-0, -0], [0, -0]]) {
    const bounds = boundsOfType({ kind: "float", bits: 64 }, doubles(...values));
    assert.deepEqual(bounds?.min.value, doubles(-0));
    assert.deepEqual(bounds?.max.value, doubles(0));
  }
});

Deno.test("infinities are bounds", () => {
  const bounds = boundsOfType({ kind: "float", bits: 64 }, doubles(Infinity, 1, -Infinity));
  assert.deepEqual(bounds?.min.value, doubles(-Infinity));
  assert.deepEqual(bounds?.max.value, doubles(Infinity));
});

Deno.test("signed, unsigned and big-endian integers compare by value", () => {
  const int64 = (value: bigint) => new Uint8Array(BigInt64Array.of(value).buffer);
  assert.ok(compareValues("signed", int64(-1n), int64(1n)) < 0);
  assert.ok(compareValues("unsigned", int64(-1n), int64(1n)) > 0);
  assert.ok(compareValues("signed", int64(-(2n ** 40n)), int64(-(2n ** 40n) + 1n)) < 0);
  assert.ok(compareValues("signedBytes", Uint8Array.of(0xff, 1), Uint8Array.of(0, 1)) < 0);
  assert.ok(compareValues("signedBytes", Uint8Array.of(0xff, 1), Uint8Array.of(0xff, 2)) < 0);
  assert.ok(compareValues("bytes", Uint8Array.of(0xff), Uint8Array.of(0, 1)) > 0);
  assert.ok(compareValues("bytes", Uint8Array.of(1), Uint8Array.of(1, 0)) < 0);
});

Deno.test("a bound of up to 64 bytes is exact", () => {
  const value = new Uint8Array(MAX_BOUND_BYTES).fill(7);
  assert.deepEqual(truncateMin(value, false), { value, exact: true });
  assert.deepEqual(truncateMax(value, false), { value, exact: true });
});

Deno.test("a longer minimum is cut, a longer maximum cut and raised", () => {
  const value = utf8.encode("a".repeat(100));
  assert.deepEqual(truncateMin(value, true), { value: utf8.encode("a".repeat(64)), exact: false });
  const above = utf8.encode("a".repeat(63) + "b");
  assert.deepEqual(truncateMax(value, true), { value: above, exact: false });
});

Deno.test("text is cut between characters and raised to the next one", () => {
  const value = utf8.encode("a" + "é".repeat(50));
  assert.deepEqual(truncateMin(value, true).value, utf8.encode("a" + "é".repeat(31)));
  assert.deepEqual(truncateMax(value, true).value, utf8.encode("a" + "é".repeat(30) + "ê"));
  const beforeSurrogates = utf8.encode("x" + "\ud7ff".repeat(40));
  const raised = "x" + "\ud7ff".repeat(20) + "\ue000";
  assert.deepEqual(truncateMax(beforeSurrogates, true).value, utf8.encode(raised));
});

Deno.test("bytes that cannot be raised pass the increment to the left, or stay whole", () => {
  const carried = new Uint8Array(100).fill(0xff);
  carried[0] = 1;
  assert.deepEqual(truncateMax(carried, false), { value: Uint8Array.of(2), exact: false });
  const highest = new Uint8Array(100).fill(0xff);
  assert.deepEqual(truncateMax(highest, false), { value: highest, exact: true });
  const lastCharacter = utf8.encode("\u{10ffff}".repeat(30));
  assert.deepEqual(truncateMax(lastCharacter, true), { value: lastCharacter, exact: true });
});

Deno.test("text that is not UTF-8 is bounded as bytes", () => {
  const value = new Uint8Array(100).fill(0xfe);
  const { value: above } = truncateMax(value, true);
  assert.ok(compareValues("bytes", above, value) > 0);
});

Deno.test("merged statistics hold the outer bounds, exact when attained", () => {
  const bound = (value: string, exact: boolean) => ({ value: utf8.encode(value), exact });
  const a = { bounds: { min: bound("b", true), max: bound("m", false) }, nullCount: 1 };
  const b = { bounds: { min: bound("b", false), max: bound("k", true) }, nullCount: 2 };
  for (const merged of [mergeStatistics("bytes", a, b), mergeStatistics("bytes", b, a)]) {
    assert.deepEqual(merged, {
      bounds: { min: bound("b", true), max: bound("m", false) },
      nullCount: 3,
    });
  }
  const none = { bounds: null, nullCount: 5 };
  assert.deepEqual(mergeStatistics("bytes", none, a), { bounds: a.bounds, nullCount: 6 });
});

Deno.test("byte strings are bounded by the least and the greatest, whatever they begin with", () => {
  const leaf = leafOf(column("c", { kind: "binary" }));
  const value = fc.array(fc.constantFrom(0, 1, 0x7f, 0x80, 0xff), { maxLength: 6 })
    .chain((end) => fc.constantFrom([], [5, 5, 5, 5, 5, 5, 5]).map((begin) => [...begin, ...end]));
  fc.assert(
    fc.property(fc.array(value, { minLength: 1, maxLength: 30 }), (values) => {
      const bytes = Uint8Array.from(values.flat());
      const lengths = Int32Array.from(values.map((v) => v.length));
      const order = (a: Uint8Array, b: Uint8Array) => compareValues(leaf.order, a, b);
      const sorted = values.map((v) => Uint8Array.from(v)).sort(order);
      const at = input.put(bytes);
      const found = boundsOfBytesAt(leaf, output.put(lengths), at, values.length);
      assert.deepEqual(found?.min.value, sorted[0]);
      assert.deepEqual(found?.max.value, sorted.at(-1));
    }),
    { numRuns: 1000 },
  );
});

Deno.test("values of fixed width are bounded by the least and the greatest", () => {
  const types: [RivetType, number][] = [
    [{ kind: "int", bits: 32, signed: true }, 4],
    [{ kind: "int", bits: 64, signed: true }, 8],
    [{ kind: "int", bits: 64, signed: false }, 8],
    [{ kind: "decimal", precision: 20, scale: 0 }, 9],
    [{ kind: "decimal", precision: 38, scale: 0 }, 16],
    [{ kind: "uuid" }, 16],
  ];
  for (const [type, width] of types) {
    const leaf = leafOf(column("c", type));
    assert.equal(leaf.width, width);
    const value = fc.uint8Array({ minLength: width, maxLength: width });
    fc.assert(fc.property(fc.array(value, { minLength: 1, maxLength: 40 }), (values) => {
      const sorted = [...values].sort((a, b) => compareValues(leaf.order, a, b));
      const bounds = boundsOf(leaf, Uint8Array.from(values.flatMap((v) => [...v])));
      assert.deepEqual(bounds?.min.value, sorted[0]);
      assert.deepEqual(bounds?.max.value, sorted.at(-1));
    }));
  }
});
