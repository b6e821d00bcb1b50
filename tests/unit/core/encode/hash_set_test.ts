import assert from "node:assert/strict";
import fc from "fast-check";
import { HashSet } from "../../../../core/encode/hash_set.ts";

const word = fc.oneof(fc.integer({ min: -3, max: 3 }), fc.integer());

Deno.test("hash set: behaves as a Set of pairs", () => {
  fc.assert(fc.property(fc.array(fc.tuple(word, word), { maxLength: 200 }), (pairs) => {
    const set = new HashSet();
    const model = new Set<string>();
    for (const [low, high] of pairs) {
      // (0, 0) is kept as (1, 0).
      const key = low === 0 && high === 0 ? "1,0" : `${low},${high}`;
      assert.equal(set.add(low, high), !model.has(key));
      model.add(key);
      assert.equal(set.size, model.size);
    }
    const entries = [...set.entries()];
    const stored = pairsOf(entries);
    assert.deepEqual(stored.sort(), [...model].sort());
  }));
});

function pairsOf(words: readonly number[]): string[] {
  const pairs: string[] = [];
  for (let i = 0; i < words.length; i += 2) pairs.push(`${words[i]},${words[i + 1]}`);
  return pairs;
}

Deno.test("hash set: keeps every entry while it grows", () => {
  const set = new HashSet();
  for (let i = 1; i <= 50_000; i++) assert.ok(set.add(Math.imul(i, 0x9e37_79b1), i));
  for (let i = 1; i <= 50_000; i++) assert.ok(!set.add(Math.imul(i, 0x9e37_79b1), i));
  assert.equal(set.size, 50_000);
  assert.equal(set.entries().length, 100_000);
});
