import { equal } from "node:assert/strict";
import fc from "fast-check";
import { grouped } from "../../../../core/base/grouped.ts";

Deno.test("numbers have the commas that the language gives them", () => {
  const number = fc.oneof(
    fc.integer(),
    fc.maxSafeInteger(),
    fc.double(),
    fc.integer().map((n) => n / 1000),
    fc.constantFrom(0, -0, 999, 1000, -1000, 1234567, 0.5, 1234.125, 1e15, 1e21, NaN, -Infinity),
  );
  fc.assert(
    fc.property(number, (value) => equal(grouped(value), value.toLocaleString("en-US"))),
    { numRuns: 500 },
  );
});
