/** Digits by words against the regular expression that says the same. */
import { equal } from "node:assert/strict";
import fc from "fast-check";
import { fourDigits, parseDigits } from "../../../../../adapters/sources/mysql/digits.ts";

const latin1 = new TextDecoder("latin1");

/** Digits, what is next to them, and any byte. */
const byte = fc.oneof(
  { weight: 12, arbitrary: fc.integer({ min: 48, max: 57 }) },
  { weight: 1, arbitrary: fc.constantFrom(0x20, 0x2f, 0x3a, 0x3f, 0x70, 0xb0, 0xfa, 0xff) },
  { weight: 1, arbitrary: fc.nat(255) },
);
const wanted = (text: string) => /^[0-9]+$/.test(text) ? Number(text) : -1;

Deno.test("digits: four in a word", () => {
  fc.assert(
    fc.property(fc.array(byte, { minLength: 4, maxLength: 4 }), (bytes) => {
      const word = new DataView(Uint8Array.from(bytes).buffer).getInt32(0, true);
      equal(fourDigits(word), wanted(latin1.decode(Uint8Array.from(bytes))));
    }),
    { numRuns: 3000 },
  );
});

Deno.test("digits: one to fifteen, anywhere", () => {
  const digits = fc.array(byte, { minLength: 1, maxLength: 15 });
  fc.assert(
    fc.property(digits, fc.nat(9), ([...digits], before) => {
      const bytes = Uint8Array.from([...new Uint8Array(before).fill(49), ...digits, 50]);
      const end = before + digits.length;
      const found = parseDigits(bytes, new DataView(bytes.buffer), before, end);
      equal(found, wanted(latin1.decode(Uint8Array.from(digits))));
    }),
    { numRuns: 3000 },
  );
});
