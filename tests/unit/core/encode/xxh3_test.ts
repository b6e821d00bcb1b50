import assert from "node:assert/strict";
import fc from "fast-check";
import { xxhash128 } from "hash-wasm";
import { createXxh3 } from "../../../../core/encode/xxh3.ts";

const xxh3 = createXxh3();

/** The hash of `bytes`, which lie behind another input of `offset` bytes. */
function low64(bytes: Uint8Array, offset: number): string {
  const inputs = xxh3.begin(offset + bytes.length + 9);
  inputs.bytes.fill(0xa5, 0, offset + bytes.length + 9);
  inputs.bytes.set(bytes, offset);
  const out = new Int32Array(8);
  xxh3.hash(Int32Array.of(offset, offset + bytes.length), 2, out, 2);
  assert.deepEqual([out[0], out[1], out[6], out[7]], [0, 0, 0, 0], "no words but those asked for");
  return new BigUint64Array(out.buffer)[2].toString(16).padStart(16, "0");
}

/** hash-wasm prints the high half first. */
async function oracle(bytes: Uint8Array): Promise<string> {
  return (await xxhash128(bytes)).slice(16);
}

Deno.test("xxh3 low64: every length up to 600, and around whole blocks, equals hash-wasm", async () => {
  const around = [1, 2, 5].flatMap((n) =>
    [-65, -64, -1, 0, 1, 63, 64, 65].map((d) => n * 1024 + d)
  );
  const lengths = [...Array(601).keys(), ...around, 1_000_000];
  for (const length of lengths) {
    const bytes = Uint8Array.from({ length }, (_, i) => (i * 151 + length * 7 + (i >> 3)) & 0xff);
    assert.equal(low64(bytes, length % 8), await oracle(bytes), `length ${length}`);
  }
});

Deno.test("xxh3 low64: bytes that carry through every word equal hash-wasm", async () => {
  const lengths = [1, 3, 4, 8, 9, 15, 16, 17, 31, 32, 33, 64, 65, 96, 97, 128, 129, 160, 224, 240];
  for (const fill of [0x00, 0x01, 0x7f, 0x80, 0xff]) {
    for (const length of lengths) {
      const bytes = new Uint8Array(length).fill(fill);
      assert.equal(low64(bytes, 3), await oracle(bytes), `${fill} x ${length}`);
    }
  }
});

Deno.test("xxh3 low64: random bytes equal hash-wasm", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uint8Array({ minLength: 0, maxLength: 260, size: "max" }),
      fc.nat(16),
      async (bytes, offset) => assert.equal(low64(bytes, offset), await oracle(bytes)),
    ),
    { numRuns: 500 },
  );
});

Deno.test("xxh3: the memory of a large input is given back", async () => {
  const large = new Uint8Array(32 * 1024 * 1024).fill(7);
  assert.equal(low64(large, 0), await oracle(large));
  assert.ok(xxh3.begin(0).bytes.length < 1024 * 1024);
  assert.equal(low64(Uint8Array.of(1, 2, 3), 0), await oracle(Uint8Array.of(1, 2, 3)));
});
