import assert from "node:assert/strict";
import fc from "fast-check";
import { shapeDrift, WidthCounter } from "../../../../core/encode/shape.ts";
import { batchOf, column } from "../../../support/batches.ts";
import { cut, places, tables } from "./arbitrary.ts";

Deno.test("shape: mean bytes per value, NULLs left out", () => {
  const counter = new WidthCounter();
  const columns = [
    column("t", { kind: "text" }),
    column("i", { kind: "int", bits: 32, signed: true }),
    column("b", { kind: "bool" }),
    column("l", { kind: "list", element: { kind: "text" } }),
    column("none", { kind: "text" }),
  ];
  counter.add(batchOf(columns, [
    ["abcd", 1, true, ["ab", "cd"], null],
    [null, null, null, null, null],
    ["ü", 2, false, [], null],
  ]));
  assert.deepEqual(counter.means(), { t: 3, i: 4, b: 1, l: 2 });
});

Deno.test("shape: does not depend on batches or workers", () => {
  fc.assert(fc.property(tables, places, (table, at) => {
    const whole = new WidthCounter();
    for (const batch of cut(table, [])) whole.add(batch);
    const merged = new WidthCounter();
    for (const batch of cut(table, at)) {
      const one = new WidthCounter();
      one.add(batch);
      merged.merge(structuredClone(one.sums));
    }
    assert.deepEqual(merged.sums, whole.sums);
  }));
});

Deno.test("shape drift: only beyond the factor, in both directions", () => {
  assert.deepEqual(shapeDrift({ a: 10 }, { a: 20 }, 2), []);
  assert.deepEqual(shapeDrift({ a: 20 }, { a: 10 }, 2), []);
  assert.deepEqual(shapeDrift({ a: 10 }, { a: 20.5 }, 2), ["a: 10.0 -> 20.5 bytes per value"]);
  assert.deepEqual(shapeDrift({ a: 20.5 }, { a: 10 }, 2), ["a: 20.5 -> 10.0 bytes per value"]);
});

Deno.test("shape drift: from and to empty values", () => {
  assert.deepEqual(shapeDrift({ a: 0 }, { a: 0 }, 2), []);
  assert.deepEqual(shapeDrift({ a: 0 }, { a: 1 }, 2), ["a: 0.0 -> 1.0 bytes per value"]);
  assert.deepEqual(shapeDrift({ a: 1 }, { a: 0 }, 2), ["a: 1.0 -> 0.0 bytes per value"]);
});

Deno.test("shape drift: new and removed columns are schema drift, not this", () => {
  assert.deepEqual(shapeDrift({ gone: 5 }, { fresh: 500 }, 2), []);
});
