/** Shapes against a checker that is not ours: what they let through, what they make of it, and what they say. */
import { deepEqual, equal, throws } from "node:assert/strict";
import fc from "fast-check";
import { z } from "zod";
import type { Shape } from "../../../../core/base/shape.ts";
import { s } from "../../../../core/base/shapes.ts";

/** The same shape, twice. */
interface Pair {
  readonly ours: Shape<unknown>;
  readonly theirs: z.ZodType;
}

const kind = { ours: s.enum(["a", "b"]), theirs: z.enum(["a", "b"]) };

const PAIRS: Readonly<Record<string, Pair>> = {
  text: { ours: s.string(), theirs: z.string() },
  "text with a length": { ours: s.string().min(2), theirs: z.string().min(2) },
  "text of a form": {
    ours: s.string().min(1).regex(/^[a-c]*$/, "only a to c"),
    theirs: z.string().min(1).regex(/^[a-c]*$/, "only a to c"),
  },
  number: { ours: s.number().min(0).max(1), theirs: z.number().min(0).max(1) },
  "whole number": { ours: s.number().int(), theirs: z.number().int() },
  "number from 1": { ours: s.number().int().positive(), theirs: z.number().int().positive() },
  flag: { ours: s.boolean().default(true), theirs: z.boolean().default(true) },
  null: { ours: s.null(), theirs: z.null() },
  choice: kind,
  literal: { ours: s.literal(1), theirs: z.literal(1) },
  "optional choice": { ours: kind.ours.optional(), theirs: kind.theirs.optional() },
  "choice or null": { ours: kind.ours.nullish(), theirs: kind.theirs.nullish() },
  list: { ours: s.array(s.number()).min(1), theirs: z.array(z.number()).min(1) },
  pair: {
    ours: s.pair(s.number(), s.string()),
    theirs: z.tuple([z.number(), z.string()]),
  },
  record: { ours: s.record(s.boolean()), theirs: z.record(z.string(), z.boolean()) },
  "flag or text": {
    ours: s.union([s.boolean(), s.string().min(1)]),
    theirs: z.union([z.boolean(), z.string().min(1)]),
  },
  "number or list": {
    ours: s.union([s.number().int(), s.array(s.string())]),
    theirs: z.union([z.number().int(), z.array(z.string())]),
  },
  "mapping that knows its keys": {
    ours: s.strictObject({ a: s.string(), b: s.number().optional(), c: kind.ours.default("a") }),
    theirs: z.strictObject({
      a: z.string(),
      b: z.number().optional(),
      c: kind.theirs.default("a"),
    }),
  },
  "mapping that drops others": {
    ours: s.object({ a: s.object({ b: s.string().nullable() }), c: s.any().optional() }),
    theirs: z.object({ a: z.object({ b: z.string().nullable() }), c: z.any().optional() }),
  },
  "mapping that keeps others": {
    ours: s.looseObject({ a: s.boolean().optional() }),
    theirs: z.looseObject({ a: z.boolean().optional() }),
  },
  variants: {
    ours: s.variants("a", [
      s.strictObject({ a: s.literal("a"), b: s.string() }),
      s.strictObject({ a: s.literal("b"), c: s.number().default(3) }),
    ]),
    theirs: z.discriminatedUnion("a", [
      z.strictObject({ a: z.literal("a"), b: z.string() }),
      z.strictObject({ a: z.literal("b"), c: z.number().default(3) }),
    ]),
  },
};

const scalar = fc.oneof(
  fc.constantFrom(undefined, null, true, false, "", "a", "b", "abc", "zz", [], {}),
  fc.constantFrom(0, 1, -1, 0.5, 2 ** 53, -(2 ** 53), NaN, Infinity),
  fc.string({ maxLength: 3 }),
  fc.double(),
);
const value = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    scalar,
    fc.array(tie("value"), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom("a", "b", "c", "d"), tie("value"), { maxKeys: 4 }),
  ),
})).value;

/** The first thing that is said of each place. */
function said(
  issues: readonly { readonly path: readonly PropertyKey[]; readonly message: string }[],
) {
  const first = new Map<string, string>();
  for (const { path, message } of issues) {
    const place = path.map(String).join(".");
    if (!first.has(place)) first.set(place, message);
  }
  return [...first];
}

for (const [name, { ours, theirs }] of Object.entries(PAIRS)) {
  Deno.test(`${name}: as a checker that is not ours`, () => {
    fc.assert(
      fc.property(value, (input) => {
        const own = ours.safeParse(input);
        const other = theirs.safeParse(input);
        equal(own.success, other.success);
        if (own.success) deepEqual(own.data, other.data);
        else deepEqual(said(own.error.issues), said(other.error?.issues ?? []));
      }),
      { numRuns: 400 },
    );
  });

  Deno.test(`${name}: its JSON Schema lets through what it does`, () => {
    // An absent value is nothing that JSON could hold.
    const written = value.map((input) => JSON.parse(JSON.stringify(input ?? null)));
    const read = z.fromJSONSchema(ours.jsonSchema());
    fc.assert(
      fc.property(written, (input) => equal(read.safeParse(input).success, accepts(ours, input))),
      { numRuns: 200 },
    );
  });
}

function accepts(shape: Shape<unknown>, input: unknown): boolean {
  return shape.safeParse(input).success;
}

Deno.test("a name that the language gives a meaning is a name like any other", () => {
  const input = JSON.parse('{"__proto__": 5, "toString": 6}');
  deepEqual(Object.entries(s.record(s.number()).parse(input)), Object.entries(input));
  const [issue] = s.strictObject({}).safeParse(input).error?.issues ?? [];
  deepEqual(issue.code === "unrecognized_keys" && issue.keys, ["__proto__", "toString"]);
  equal(
    s.object({ toString: s.number().optional() }).parse({}).toString,
    Object.prototype.toString,
  );
});

Deno.test("an instant is a day that exists, in UTC", () => {
  const instant = s.instant();
  for (const text of ["2026-02-28T23:59:59.123Z", "2024-02-29T00:00:00Z"]) {
    equal(instant.parse(text), text);
    equal(z.iso.datetime().safeParse(text).success, true, text);
  }
  for (
    const text of [
      "2026-02-29T00:00:00Z",
      "2026-01-01",
      "2026-01-01T00:00:00",
      "2026-13-01T00:00:00Z",
      "2026-01-01T00:00Z",
    ]
  ) {
    throws(() => instant.parse(text), /Invalid ISO datetime/);
    equal(z.iso.datetime().safeParse(text).success, false, text);
  }
});

Deno.test("what is thrown names every place", () => {
  throws(
    () => s.object({ a: s.array(s.number()), b: s.string() }).parse({ a: [1, "x"] }),
    /^ShapeError: a: 1: Invalid input: expected number, received string; b: Invalid input/,
  );
});
