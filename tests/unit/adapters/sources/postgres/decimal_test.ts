import assert from "node:assert/strict";
import fc from "fast-check";
import { numericText, writeNumeric } from "../../../../../adapters/sources/postgres/decimal.ts";

/** What `numeric_send` makes of a decimal text. */
function encode(text: string): DataView {
  const negative = text.startsWith("-");
  const [whole, fraction = ""] = text.replace("-", "").split(".");
  const left = whole.replace(/^0+/, "");
  const padded = left.padStart(Math.ceil(left.length / 4) * 4, "0") +
    fraction.padEnd(Math.ceil(fraction.length / 4) * 4, "0");
  const digits = Array.from(
    { length: padded.length / 4 },
    (_, i) => Number(padded.slice(i * 4, i * 4 + 4)),
  );
  let weight = Math.ceil(left.length / 4) - 1;
  while (digits.length > 0 && digits[0] === 0) {
    digits.shift();
    weight--;
  }
  while (digits.at(-1) === 0) digits.pop();
  const view = new DataView(new ArrayBuffer(8 + digits.length * 2));
  view.setInt16(0, digits.length);
  view.setInt16(2, digits.length === 0 ? 0 : weight);
  view.setUint16(4, negative && digits.length > 0 ? 0x4000 : 0);
  view.setInt16(6, fraction.length);
  digits.forEach((digit, i) => view.setInt16(8 + i * 2, digit));
  return view;
}

function special(sign: number): DataView {
  const view = new DataView(new ArrayBuffer(8));
  view.setUint16(4, sign);
  return view;
}

function textOf(unscaled: bigint, scale: number): string {
  const digits = String(unscaled < 0n ? -unscaled : unscaled).padStart(scale + 1, "0");
  const whole = digits.slice(0, digits.length - scale);
  const text = scale === 0 ? whole : `${whole}.${digits.slice(-scale)}`;
  return unscaled < 0n ? `-${text}` : text;
}

function written(view: DataView, precision: number, scale: number): bigint | string {
  const words = precision > 38 ? 8 : 4;
  const out = new Int32Array(words + 2);
  const fault = writeNumeric(view, 0, precision, scale, out, 1, words);
  if (fault !== null) return fault;
  assert.deepEqual([out[0], out[words + 1]], [0, 0], "writes its own words only");
  let value = 0n;
  for (let i = words; i >= 1; i--) value = (value << 32n) | BigInt(out[i] >>> 0);
  return BigInt.asIntN(words * 32, value);
}

const decimals = fc.integer({ min: 1, max: 76 }).chain((precision) =>
  fc.record({
    precision: fc.constant(precision),
    scale: fc.integer({ min: 0, max: precision }),
    // Digit counts evenly, so that short and long values are both common.
    unscaled: fc.integer({ min: 0, max: precision }).chain((digits) =>
      fc.bigInt({ min: -(10n ** BigInt(digits)) + 1n, max: 10n ** BigInt(digits) - 1n })
    ),
  })
);

Deno.test("numeric: every value that fits is exact", () => {
  fc.assert(
    fc.property(decimals, ({ precision, scale, unscaled }) => {
      assert.equal(written(encode(textOf(unscaled, scale)), precision, scale), unscaled);
    }),
    { numRuns: 3000 },
  );
});

Deno.test("numeric: one digit too many is found, on either side of the point", () => {
  fc.assert(
    fc.property(decimals, ({ precision, scale, unscaled }) => {
      const sign = unscaled < 0n ? -1n : 1n;
      const tooLong = sign * 10n ** BigInt(precision);
      assert.equal(written(encode(textOf(tooLong, scale)), precision, scale), "digits");
      const tooFine = textOf(unscaled * 10n + sign, scale + 1);
      assert.equal(written(encode(tooFine), precision, scale), "fraction", tooFine);
    }),
    { numRuns: 1000 },
  );
});

Deno.test("numeric: NaN and infinities are special", () => {
  for (
    const [sign, text] of [[0xc000, "NaN"], [0xd000, "Infinity"], [0xf000, "-Infinity"]] as const
  ) {
    assert.equal(written(special(sign), 10, 2), "special");
    assert.equal(numericText(special(sign), 0), text);
  }
});

Deno.test("numeric: its text is the server's", () => {
  fc.assert(fc.property(decimals, ({ scale, unscaled }) => {
    const text = textOf(unscaled, scale);
    assert.equal(numericText(encode(text), 0), text);
  }));
});
