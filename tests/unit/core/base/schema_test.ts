/** What is ours about valibot's checks: lists, unknown keys, names, and what is said. */
import { deepEqual, equal, throws } from "node:assert/strict";
import * as v from "valibot";
import {
  check,
  instant,
  issueLine,
  looseObject,
  number,
  object,
  positive,
  read,
  record,
  type Schema,
  strictObject,
  text,
  variant,
  whole,
} from "../../../../core/base/schema.ts";

const lines = (schema: Schema, value: unknown) =>
  (check(schema, value).issues ?? []).map(issueLine);

Deno.test("a list is no mapping, whatever the mapping asks for", () => {
  const fields = { a: v.optional(text) };
  const all = [
    ...[object(fields), looseObject(fields), strictObject(fields), record(text)],
    variant("a", [strictObject({ a: v.literal("x") }), strictObject({ a: v.literal("y") })]),
  ];
  for (const schema of all) {
    deepEqual(lines(schema, []), ["expected object, received array"]);
    deepEqual(lines(schema, null), ["expected object, received null"]);
    deepEqual(read(schema, { a: "x" }), { a: "x" });
  }
});

Deno.test("every unknown key is said, after what is wrong with the known ones", () => {
  const schema = strictObject({ a: text, in: v.optional(strictObject({ b: v.optional(text) })) });
  deepEqual(lines(schema, { x: 1, a: 5, y: 2, in: { p: 1, q: 2 }, toString: 3 }), [
    "a: expected string, received number",
    "in.p: unknown key",
    "in.q: unknown key",
    "x: unknown key",
    "y: unknown key",
    "toString: unknown key",
  ]);
  deepEqual(lines(schema, JSON.parse('{"a":"x","__proto__":1}')), ["__proto__: unknown key"]);
  deepEqual(lines(schema, {}), ["a: required, but missing"]);
  equal(check(v.pipe(schema, v.description("d")), { a: "x", y: 1 }).issues?.length, 1);
});

Deno.test("a name that the language gives a meaning is a name like any other", () => {
  const input = JSON.parse('{"__proto__": 5, "constructor": 6, "prototype": 7, "=a": 8}');
  deepEqual(Object.entries(read(record(number), input)), Object.entries(input));
  deepEqual(lines(record(number), JSON.parse('{"__proto__": "x", "=a": null, "b": 1}')), [
    "__proto__: expected number, received string",
    "=a: expected number, received null",
  ]);
});

Deno.test("what is received is not repeated: it may be secret", () => {
  const schema = object({ a: number, b: v.picklist(["x", "y"]), c: text, d: v.literal(1) });
  const said = lines(schema, { a: "hunter2", b: "hunter2", c: "", d: "hunter2" }).join("\n");
  equal(said.includes("hunter2"), false);
  throws(() => read(schema, { a: 1, b: "x", c: [], d: 1 }), /^TypeError: c: expected string/);
  throws(() => read(object({ a: number, b: number }), {}), /a: required.*; b: required/);
});

Deno.test("numbers are finite, and whole ones exact", () => {
  for (const value of [NaN, Infinity, -Infinity, "1"]) equal(check(number, value).success, false);
  for (const value of [0.5, 2 ** 53, -(2 ** 53), NaN, Infinity]) {
    equal(lines(whole, value).length, 1, String(value));
    equal(lines(positive, value).length, 1, String(value));
  }
  equal(check(positive, 0).success, false);
  equal(read(positive, 1), 1);
  equal(read(whole, Number.MIN_SAFE_INTEGER), Number.MIN_SAFE_INTEGER);
});

Deno.test("an instant is a day that exists, in UTC", () => {
  for (const value of ["2026-02-28T23:59:59.123Z", "2024-02-29T00:00:00Z"]) {
    equal(read(instant, value), value);
  }
  for (
    const value of [
      "2026-02-29T00:00:00Z",
      "2026-01-01",
      "2026-01-01T00:00:00",
      "2026-13-01T00:00:00Z",
      "2026-01-01T00:00Z",
      "2026-01-01T00:00:00+01:00",
      5,
    ]
  ) equal(lines(instant, value).length, 1, String(value));
});
