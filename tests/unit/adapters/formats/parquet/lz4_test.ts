import assert from "node:assert/strict";
import fc from "fast-check";
import { compressors } from "hyparquet-compressors";
import { lz4Bound, lz4CompressBlock } from "../../../../../adapters/formats/parquet/lz4.ts";

function decompress(block: Uint8Array, length: number): Uint8Array {
  if (compressors.LZ4_RAW === undefined) throw new TypeError("no LZ4_RAW in hyparquet-compressors");
  return compressors.LZ4_RAW(block, length) as Uint8Array;
}

interface Sequence {
  readonly literals: number;
  /** 0 in the last sequence. */
  readonly match: number;
}

function sequences(block: Uint8Array): Sequence[] {
  const found: Sequence[] = [];
  let at = 0;
  const length = (nibble: number): number => {
    let total = nibble;
    if (nibble < 15) return total;
    for (let byte = 255; byte === 255;) total += byte = block[at++];
    return total;
  };
  while (at < block.length) {
    const token = block[at++];
    const literals = length(token >> 4);
    at += literals;
    if (at >= block.length) {
      found.push({ literals, match: 0 });
      break;
    }
    at += 2;
    found.push({ literals, match: length(token & 15) + 4 });
  }
  return found;
}

const RUNS = fc.array(
  fc.tuple(fc.uint8Array({ minLength: 1, maxLength: 20 }), fc.integer({ min: 1, max: 60 })),
  { minLength: 1, maxLength: 60 },
);

function bytesOf(runs: [Uint8Array, number][]): Uint8Array {
  return Uint8Array.from(
    runs.flatMap(([part, times]) =>
      new Array<Uint8Array>(times).fill(part).flatMap((bytes) => [...bytes])
    ),
  );
}

Deno.test("any bytes decompress to themselves", () => {
  fc.assert(fc.property(RUNS, (runs) => {
    const input = bytesOf(runs);
    assert.deepEqual(decompress(lz4CompressBlock(input), input.length), input);
  }));
});

Deno.test("a block ends as the format asks: 5 literals, no match within the last 12 bytes", () => {
  fc.assert(fc.property(RUNS, (runs) => {
    const input = bytesOf(runs);
    const all = sequences(lz4CompressBlock(input));
    const last = all[all.length - 1];
    assert.equal(last.match, 0);
    if (all.length === 1) return;
    const previous = all[all.length - 2];
    assert.ok(last.literals >= 5);
    assert.ok(last.literals + previous.match >= 12);
  }));
});

Deno.test("random bytes grow within the bound, repeated ones shrink", () => {
  const random = crypto.getRandomValues(new Uint8Array(65_536));
  const grown = lz4CompressBlock(random);
  assert.ok(grown.length <= lz4Bound(random.length));
  assert.deepEqual(decompress(grown, random.length), random);
  assert.ok(lz4CompressBlock(new Uint8Array(100_000)).length < 500);
});
