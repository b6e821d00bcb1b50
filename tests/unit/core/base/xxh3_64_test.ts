/** Hashes are those of another implementation, whatever pieces the bytes come in. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { createXXHash3 } from "hash-wasm";
import { Xxh3Stream } from "../../../../core/base/xxh3_64.ts";

const oracle = await createXXHash3();

function expected(bytes: Uint8Array): string {
  return oracle.init().update(bytes).digest("hex");
}

/** The same every time, and unlike itself. */
function noise(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => Math.imul(i ^ (i >>> 7), 0x9e3779b1) >>> 13);
}

Deno.test("xxh3-64 of every length up to some blocks", () => {
  const bytes = noise(3200);
  for (let length = 0; length <= bytes.length; length++) {
    const some = bytes.subarray(0, length);
    assert.equal(new Xxh3Stream().update(some).digest(), expected(some), String(length));
  }
});

Deno.test("xxh3-64 of a megabyte, and of one byte more and less", () => {
  const bytes = noise(2 ** 20 + 1);
  for (const length of [2 ** 20 - 1, 2 ** 20, 2 ** 20 + 1]) {
    const some = bytes.subarray(0, length);
    assert.equal(new Xxh3Stream().update(some).digest(), expected(some), String(length));
  }
});

Deno.test("xxh3-64 of any pieces, of several inputs in turn", () => {
  const sizes = fc.array(fc.oneof(fc.nat(200), fc.constantFrom(1024, 2048, 70_000)), {
    maxLength: 12,
  });
  fc.assert(
    fc.property(sizes, (pieces) => {
      const all = noise(pieces.reduce((sum, size) => sum + size, 0));
      const [hash, other] = [new Xxh3Stream(), new Xxh3Stream()];
      let at = 0;
      for (const size of pieces) {
        hash.update(all.subarray(at, at + size));
        other.update(all.subarray(at, at + size).toReversed());
        at += size;
      }
      assert.equal(hash.digest(), expected(all));
    }),
    { numRuns: 60 },
  );
});

Deno.test("a digest may be asked for on the way", () => {
  const bytes = noise(5000);
  const hash = new Xxh3Stream().update(bytes.subarray(0, 2000));
  assert.equal(hash.digest(), expected(bytes.subarray(0, 2000)));
  assert.equal(hash.update(bytes.subarray(2000)).digest(), expected(bytes));
});
