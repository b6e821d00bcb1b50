import assert from "node:assert/strict";
import fc from "fast-check";
import { checkedKey, compareKeys } from "../../../../../adapters/destinations/kit/keys.ts";

function byUtf8Bytes(a: string, b: string): number {
  const x = new TextEncoder().encode(a);
  const y = new TextEncoder().encode(b);
  for (let i = 0; i < Math.min(x.length, y.length); i++) if (x[i] !== y[i]) return x[i] - y[i];
  return x.length - y.length;
}

Deno.test("compareKeys orders as UTF-8 bytes do", () => {
  const key = fc.string({ unit: "binary", maxLength: 6 });
  fc.assert(fc.property(key, key, (a, b) => {
    assert.equal(Math.sign(compareKeys(a, b)), Math.sign(byUtf8Bytes(a, b)));
  }));
  assert.ok(compareKeys("\uffee", "😀") < 0);
});

Deno.test("checkedKey passes ordinary keys and refuses those that leave the root", () => {
  for (const key of ["a", "a/b", ".a", "a..b", "_SUCCESS", "x=1/y"]) {
    assert.equal(checkedKey(key), key);
  }
  for (const key of ["", "/a", "a/", "a//b", ".", "..", "../a", "a/..", "a\\b", "a\0b"]) {
    assert.throws(() => checkedKey(key), { code: "DESTINATION_UNWRITABLE" });
  }
});
