import assert from "node:assert/strict";
import { dialect } from "../../../../../adapters/sources/postgres/dialect.ts";
import { typeNames } from "../../../../../adapters/sources/postgres/type_names.ts";
import { planColumn, wireOf } from "../../../../../adapters/sources/postgres/types.ts";

/** The short name, and as `format_type` writes it. */
const NAMES: readonly (readonly [short: string, standard: string])[] = [
  ["bool", "boolean"],
  ["int4", "integer"],
  ["int8[]", "bigint[]"],
  ["float8", "double precision"],
  ["varchar(20)", "character varying(20)"],
  ["bpchar(5)", "character(5)"],
  ["bpchar", "bpchar"],
  ["varbit(5)[]", "bit varying(5)[]"],
  ["timetz(2)", "time(2) with time zone"],
  ["timestamp", "timestamp without time zone"],
  ["timestamptz(3)[]", "timestamp(3) with time zone[]"],
  ["numeric(15,4)", "numeric(15,4)"],
  ["interval year to month", "interval year to month"],
  ["shop.mood", "shop.mood"],
  ['"integer"', '"integer"'],
  ['shop."time with time zone"', 'shop."time with time zone"'],
  ['"odd(1) []"', '"odd(1) []"'],
];

Deno.test("type names: either spelling leads to the other, a user's own stays", () => {
  for (const [short, standard] of NAMES) {
    assert.equal(typeNames.current(standard), short);
    assert.equal(typeNames.current(short), short);
    assert.equal(typeNames.standard(short), standard);
  }
});

Deno.test("type names: what holds the standard's name, a checkpoint or a plan, is read as before", () => {
  for (const [short, standard] of NAMES) {
    const plans = [short, standard].map((name) => planColumn({ name, textual: true }));
    assert.deepEqual(plans[0], plans[1], standard);
    const [type] = plans.flatMap((plan) => "type" in plan ? [plan.type] : []);
    if (type !== undefined) assert.deepEqual(wireOf(short, type), wireOf(standard, type), standard);
    const literals = [short, standard].map((name) => dialect.literal("7", type, name));
    // Of arrays and users' own types the name itself is in the literal, and means the same.
    assert.deepEqual(literals.map((l) => l.replace(/::.*$/, "")), ["E'7'", "E'7'"], standard);
  }
});
