import assert from "node:assert/strict";
import fc from "fast-check";
import { compareCursors } from "../../../state/cursor_order.ts";

function order(a: string, b: string): number {
  return Math.sign(compareCursors(a, b));
}

Deno.test("numbers of any length are compared exactly", () => {
  const ascending = [
    "-1e400",
    "-123456789012345678901234567890.5",
    "-10",
    "-9.99",
    "-0.001",
    "0",
    "0.0000000000000000000000000000000001",
    "9",
    "9.00000000000000000000000000000001",
    "10",
    "9007199254740992",
    "9007199254740993",
    "9223372036854775807",
    "18446744073709551615",
    "1e+20",
    "100000000000000000000.1",
    "1e1000000000000",
  ];
  for (const [i, a] of ascending.entries()) {
    for (const [j, b] of ascending.entries()) {
      assert.equal(order(a, b), Math.sign(i - j), `${a} against ${b}`);
    }
  }
});

Deno.test("spellings of the same number are the same position", () => {
  for (const same of ["100", "+100", "0100", "100.", "100.000", "1e2", "0.1E+3", "1000e-1"]) {
    assert.equal(order(same, "100"), 0, same);
  }
  assert.equal(order("-0.0", "0"), 0);
});

Deno.test("integers are ordered as BigInt orders them", () => {
  fc.assert(fc.property(fc.bigInt(), fc.bigInt(), (a, b) => {
    assert.equal(order(`${a}`, `${b}`), a < b ? -1 : a > b ? 1 : 0);
  }));
});

Deno.test("decimals are ordered as their scaled integers", () => {
  const scale = 18;
  const decimal = (n: bigint) => {
    const digits = (n < 0n ? -n : n).toString().padStart(scale + 1, "0");
    return `${n < 0n ? "-" : ""}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
  };
  const numbers = fc.bigInt({ min: -(10n ** 40n), max: 10n ** 40n });
  fc.assert(fc.property(numbers, numbers, (a, b) => {
    assert.equal(order(decimal(a), decimal(b)), a < b ? -1 : a > b ? 1 : 0);
  }));
});

Deno.test("anything else is ordered by its UTF-8 bytes", () => {
  assert.equal(order("2026-01-31", "2026-02-01"), -1);
  assert.equal(order("10", "9a"), -1);
  assert.equal(order("NaN", "1"), 1);
  assert.equal(order("", "0"), -1);
  assert.equal(order("ab", "abc"), -1);
  // UTF-16 units would order these the other way round.
  assert.equal(order("\uFF5E", "\u{1F600}"), -1);
  assert.equal(order("same", "same"), 0);
});
