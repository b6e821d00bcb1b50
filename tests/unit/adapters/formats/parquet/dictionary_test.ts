/** Indices are those of a map of the values in the order that they came. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { Dictionary } from "../../../../../adapters/formats/parquet/dictionary.ts";
import { kernel, Region } from "../../../../../adapters/formats/parquet/kernel/memory.ts";

const input = new Region();
const offsetsOf = new Region();
const indices = new Region();

function indicesOf(count: number): number[] {
  const at = indices.address >> 2;
  return [...kernel().words.subarray(at, at + count)];
}

/** The indices, and the values in their order. */
function expected<T>(values: readonly T[]): { indices: number[]; entries: T[] } {
  const found = new Map<string, number>();
  const entries: T[] = [];
  const all = values.map((value) => {
    const key = String(value);
    const known = found.get(key) ?? entries.push(value) - 1;
    found.set(key, known);
    return known;
  });
  return { indices: all, entries };
}

/** Few and many distinct values, with equal low and equal high words among them. */
function words(distinct: number): Int32Array {
  const values = new Int32Array(21_000);
  for (let i = 0; i < values.length; i++) {
    const value = Math.imul(i, 0x9e3779b1) >>> 0;
    values[i] = i % 2 === 0 ? value % distinct : -(value % 3);
  }
  return values;
}

for (const width of [4, 8, 12, 16]) {
  for (const distinct of [3, 7_000]) {
    Deno.test(`a dictionary of ${width} bytes, ${distinct} distinct words`, () => {
      const all = words(distinct);
      const count = Math.floor(all.length * 4 / width);
      const values = Array.from(
        { length: count },
        (_, i) => all.slice(i * width / 4, (i + 1) * width / 4),
      );
      const dictionary = new Dictionary(width);
      const to = indices.reserve(count * 4);
      // In two calls, of which the second finds what the first has added.
      const first = count >> 1;
      dictionary.indexFixed(input.put(all), first, to);
      dictionary.indexFixed(input.address + first * width, count - first, to + first * 4);
      const { indices: found, entries } = expected(values);
      assert.deepEqual(indicesOf(count), found);
      assert.equal(dictionary.size, entries.length);
      const plain = Int32Array.from(entries.flatMap((entry) => [...entry]));
      assert.deepEqual(dictionary.plain, new Uint8Array(plain.buffer));
      dictionary.free();
    });
  }
}

Deno.test("a dictionary of byte strings, of any length and as many as come", () => {
  const value = fc.oneof(
    fc.string({ maxLength: 3 }),
    fc.nat(5000).map((n) => `value ${n} `.repeat(n % 5)),
    fc.constantFrom("eight by", "eight bytes", "eight bytes and more", "x".repeat(3000)),
  );
  fc.assert(
    fc.property(fc.array(value, { minLength: 1, maxLength: 4000 }), (values) => {
      const bytes = values.map((text) => new TextEncoder().encode(text));
      const offsets = new Int32Array(values.length + 1);
      bytes.forEach(({ length }, i) => offsets[i + 1] = offsets[i] + length);
      const joined = new Uint8Array(offsets[values.length]);
      bytes.forEach((part, i) => joined.set(part, offsets[i]));
      const dictionary = new Dictionary(0);
      const to = indices.reserve(values.length * 4);
      dictionary.indexBytes(offsetsOf.put(offsets), input.put(joined), values.length, to);
      const { indices: found, entries } = expected(values);
      assert.deepEqual(indicesOf(values.length), found);
      const plain = entries.flatMap((entry) => {
        const text = new TextEncoder().encode(entry);
        return [...new Uint8Array(Int32Array.of(text.length).buffer), ...text];
      });
      assert.deepEqual(dictionary.plain, Uint8Array.from(plain));
      dictionary.free();
    }),
    { numRuns: 60 },
  );
});

Deno.test("what a dictionary lay in is used again", () => {
  const all = words(7_000);
  const to = indices.reserve(all.length * 4);
  const fill = () => {
    const dictionary = new Dictionary(4);
    dictionary.indexFixed(input.put(all), all.length, to);
    dictionary.free();
  };
  fill();
  const { byteLength } = kernel().run.memory.buffer;
  for (let i = 0; i < 50; i++) fill();
  assert.equal(kernel().run.memory.buffer.byteLength, byteLength);
});
