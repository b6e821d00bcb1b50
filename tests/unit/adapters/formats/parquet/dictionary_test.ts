/** Entries found by words are those that are found by bytes. */
import assert from "node:assert/strict";
import { Dictionary } from "../../../../../adapters/formats/parquet/dictionary.ts";
import { viewOf } from "../../../../../core/base/copy_range.ts";

/** Few and many distinct values, with equal low and equal high words among them. */
function words(distinct: number): Int32Array {
  const values = new Int32Array(20_000);
  for (let i = 0; i < values.length; i++) {
    const value = Math.imul(i, 0x9e3779b1) >>> 0;
    values[i] = i % 2 === 0 ? value % distinct : -(value % 3);
  }
  return values;
}

for (const width of [4, 8] as const) {
  for (const distinct of [3, 7_000]) {
    Deno.test(`a dictionary of ${width} bytes, ${distinct} distinct words`, () => {
      const values = words(distinct);
      const bytes = new Uint8Array(values.buffer);
      const byWords = new Dictionary(false);
      const byBytes = new Dictionary(false);
      const view = viewOf(bytes);
      for (let at = 0; at < bytes.length; at += width) {
        const high = width === 4 ? 0 : view.getInt32(at + 4, true);
        assert.equal(
          byWords.indexOfWords(view.getInt32(at, true), high, width),
          byBytes.indexOf(bytes, view, at, width),
        );
      }
      assert.deepEqual(byWords.plain, byBytes.plain);
      assert.equal(byWords.size, byBytes.size);
    });
  }
}
