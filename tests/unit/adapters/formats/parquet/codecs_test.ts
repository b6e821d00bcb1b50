/** What a codec hands out: as large as it says, its own, and read back by the runtime. */
import assert from "node:assert/strict";
import { gunzipSync, zstdDecompressSync } from "node:zlib";
import { openCodec } from "../../../../../adapters/formats/parquet/codecs.ts";

const READ_BACK = { zstd: zstdDecompressSync, gzip: gunzipSync };

/** Some repeat, some do not: `noise` bytes of 100 are at random. */
function bytesOf(length: number, noise: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let state = 42;
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    bytes[i] = i % 100 < noise ? state >>> 16 : i;
  }
  return bytes;
}

for (const compression of ["zstd", "gzip"] as const) {
  Deno.test(`codecs: ${compression} holds little more than a page's bytes, whatever the page's size`, async () => {
    const codec = await openCodec({ compression, compressionLevel: 3 });
    // Below and above the runtime's pool, and above what is compressed in one piece.
    for (const length of [0, 1, 1000, 20_000, 1_000_000, 6_000_000]) {
      for (const noise of [1, 30, 100]) {
        const body = bytesOf(length, noise);
        const before = body.slice();
        const compressed = codec.compress(body);
        assert.deepEqual(new Uint8Array(READ_BACK[compression](compressed)), before);
        assert.deepEqual(body, before);
        const held = compressed.buffer.byteLength;
        assert.ok(held <= Math.max(8192, compressed.byteLength * 1.13), `${length}: ${held}`);
      }
    }
  });
}

/** What a frame has beside a body that is not compressed. */
const AROUND = { zstd: 9, gzip: 23 };

const repeating = (length: number) => Uint8Array.from({ length }, (_, i) => i % 10);

for (const compression of ["zstd", "gzip"] as const) {
  Deno.test(`codecs: ${compression} frames what is too small to be compressed, as any reader takes it`, async () => {
    const codec = await openCodec({ compression, compressionLevel: 3 });
    for (let length = 0; length < 300; length++) {
      const body = repeating(length);
      const framed = codec.compress(body);
      assert.deepEqual(new Uint8Array(READ_BACK[compression](framed)), body);
      assert.equal(framed.length === length + AROUND[compression], length < 256, `${length} bytes`);
      body.fill(0);
      assert.deepEqual(new Uint8Array(READ_BACK[compression](framed)), repeating(length));
    }
  });
}
