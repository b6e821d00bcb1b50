import assert from "node:assert/strict";
import fc from "fast-check";
import { ByteBuilder } from "../../../../../adapters/formats/byte_builder.ts";
import { appendNumber } from "../../../../../adapters/formats/csv/digits.ts";
import { appendDate, appendTimestamp } from "../../../../../adapters/formats/csv/temporal.ts";
import { decimalText } from "../../../../../core/batch/values.ts";

function textOf(write: (out: ByteBuilder) => void): string {
  const out = new ByteBuilder();
  write(out);
  return new TextDecoder().decode(out.written());
}

const BILLION = 1_000_000_000;
const integer = fc.oneof(
  fc.maxSafeInteger(),
  fc.integer({ min: -20_000_000_000, max: 20_000_000_000 }),
  // Beside what the two halves of a number meet at.
  fc.tuple(fc.integer({ min: -9_007_199, max: 9_007_199 }), fc.integer({ min: -2, max: 2 }))
    .map(([billions, beside]) => billions * BILLION + beside),
);

Deno.test("digits: every safe integer, with any scale", () => {
  fc.assert(
    fc.property(integer, fc.integer({ min: 0, max: 38 }), (value, scale) => {
      const expected = decimalText(BigInt(value), scale);
      assert.equal(textOf((out) => appendNumber(out, value, scale)), expected);
    }),
    { numRuns: 3000 },
  );
  assert.equal(textOf((out) => appendNumber(out, 8_999_999_999_999_999)), "8999999999999999");
});

Deno.test("dates: each is its own, whatever was written before", () => {
  const dates = fc.date({
    min: new Date("0000-01-01"),
    max: new Date("9999-12-31"),
    noInvalidDate: true,
  });
  fc.assert(fc.property(fc.array(dates, { minLength: 1, maxLength: 50 }), (several) => {
    for (const date of [...several, ...several]) {
      const iso = date.toISOString();
      const days = Math.floor(date.getTime() / 86_400_000);
      for (const day of [days, days + 1024, days - 1024, days]) {
        textOf((out) => appendDate(out, day));
      }
      assert.equal(textOf((out) => appendDate(out, days)), iso.slice(0, 10));
      const type = { unit: "us", utc: true } as const;
      const micros = BigInt(date.getTime()) * 1000n;
      const ticks = Number.isSafeInteger(Number(micros)) ? Number(micros) : micros;
      const text = textOf((out) => appendTimestamp(out, ticks, type, true));
      assert.equal(text, iso.replace("Z", "000Z"));
    }
  }));
});
