/** How often the forms of a column are tried. */
import assert from "node:assert/strict";
import { ColumnChunkWriter } from "../../../../../adapters/formats/parquet/column_chunk.ts";
import { CompressionCodec, Encoding } from "../../../../../adapters/formats/parquet/enums.ts";
import { leafOf } from "../../../../../adapters/formats/parquet/schema.ts";
import { batchOf, column } from "../../../../support/batches.ts";

const COLUMNS = [column("c", { kind: "int", bits: 64, signed: true })];

/** Chunks of so many values each: which compressed how often, and the encodings of each. */
function chunksOf(
  rows: number,
  chunks: number,
  value: (chunk: number, i: number) => bigint,
  pageBytes = 1 << 20,
) {
  let calls = 0;
  const compress = (body: Uint8Array) => {
    calls++;
    // Small where bytes repeat.
    return new Uint8Array(new Set(body).size);
  };
  const codec = { id: CompressionCodec.ZSTD, compress };
  const options = { plainOnly: false, bloomFilter: false, pageBytes };
  const writer = new ColumnChunkWriter(leafOf(COLUMNS[0]), codec, options);
  return Array.from({ length: chunks }, (_, chunk) => {
    calls = 0;
    const values = Array.from({ length: rows }, (_, i) => [value(chunk, i)]);
    writer.append(batchOf(COLUMNS, values).data[0], 0, rows);
    const { pageCounts } = writer.close();
    return { calls, encodings: [...pageCounts.keys()] };
  });
}

const series = (_chunk: number, i: number) => BigInt(i) * 1_000_003n;

Deno.test("forms are tried for one chunk of eight", () => {
  const calls = chunksOf(5000, 17, series).map((chunk) => chunk.calls);
  // Two samples and a page, or a page.
  assert.deepEqual(calls, [3, 1, 1, 1, 1, 1, 1, 1, 3, 1, 1, 1, 1, 1, 1, 1, 3]);
});

Deno.test("few values tell nothing of the chunks behind theirs", () => {
  assert.deepEqual(chunksOf(1000, 3, series).map((chunk) => chunk.calls), [3, 3, 3]);
});

Deno.test("another form is taken once other data has come", () => {
  // Too far apart for differences.
  const spread = (i: number) => BigInt(i % 2 === 0 ? i : -i) * 2n ** 48n;
  const found = chunksOf(5000, 9, (chunk, i) => chunk === 0 ? spread(i) : series(chunk, i));
  assert.deepEqual(found[0].encodings, [Encoding.PLAIN]);
  assert.deepEqual(found[7].encodings, [Encoding.PLAIN]);
  assert.deepEqual(found[8].encodings, [Encoding.DELTA_BINARY_PACKED]);
});

const DICTIONARY = Encoding.RLE_DICTIONARY;

/** Which of the chunks have a dictionary. */
function withDictionary(chunks: readonly { readonly encodings: readonly Encoding[] }[]): number[] {
  return chunks.flatMap(({ encodings }, chunk) => encodings.includes(DICTIONARY) ? [chunk] : []);
}

Deno.test("a dictionary that failed is tried again after 1, 3 and 7 chunks, and each time one paid", () => {
  const few = (i: number) => BigInt(i % 50);
  const last = chunksOf(5000, 14, (chunk, i) => chunk < 7 ? series(chunk, i) : few(i));
  // Tried in chunks 0, 2 and 6.
  assert.deepEqual(withDictionary(last), []);
  const later = chunksOf(5000, 16, (chunk, i) => chunk < 7 ? series(chunk, i) : few(i));
  assert.deepEqual(withDictionary(later), [14, 15]);
  const once = chunksOf(5000, 6, (chunk, i) => chunk === 0 ? series(chunk, i) : few(i));
  assert.deepEqual(withDictionary(once), [2, 3, 4, 5]);
  const again = chunksOf(5000, 8, (chunk, i) => chunk % 4 === 0 ? series(chunk, i) : few(i));
  assert.deepEqual(withDictionary(again), [2, 3, 6, 7]);
});

Deno.test("few values do not keep a dictionary from the next chunk", () => {
  const found = chunksOf(600, 4, (chunk, i) => chunk % 2 === 0 ? series(chunk, i) : BigInt(i % 5));
  assert.deepEqual(withDictionary(found), [1, 3]);
});

Deno.test("where pages are small, values that do not repeat soon have no dictionary", () => {
  const round = (length: number) => (_chunk: number, i: number) => BigInt(i % length);
  // All of the first 1,024 are distinct; or 900 of them.
  assert.deepEqual(withDictionary(chunksOf(20_000, 1, round(1100), 64 << 10)), []);
  assert.deepEqual(withDictionary(chunksOf(20_000, 1, round(900), 64 << 10)), [0]);
  assert.deepEqual(withDictionary(chunksOf(20_000, 1, round(1100))), [0]);
});
