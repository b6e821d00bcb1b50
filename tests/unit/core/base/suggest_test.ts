import assert from "node:assert/strict";
import { didYouMean, editDistance, nearest } from "../../../../core/base/suggest.ts";

Deno.test("editDistance counts insertions, deletions, substitutions and swaps as one each", () => {
  const cases: [string, string, number][] = [
    ["", "", 0],
    ["", "abc", 3],
    ["chunk", "chunk", 0],
    ["chunk", "chnuk", 1],
    ["chunk", "chunks", 1],
    ["kitten", "sitting", 3],
    ["ca", "abc", 3],
  ];
  for (const [a, b, expected] of cases) {
    assert.equal(editDistance(a, b), expected, `${a} ${b}`);
    assert.equal(editDistance(b, a), expected, `${b} ${a}`);
  }
});

Deno.test("nearest finds typos and other spellings, and nothing far-fetched", () => {
  const keys = ["chunk_size", "chunk_count", "mode", "query", "query_file"];
  assert.equal(nearest("chunkSize", keys), "chunk_size");
  assert.equal(nearest("chunk-sise", keys), "chunk_size");
  assert.equal(nearest("mdoe", keys), "mode");
  assert.equal(nearest("qeury", keys), "query");
  assert.equal(nearest("destination", keys), undefined);
  assert.equal(nearest("", keys), undefined);
  assert.equal(nearest("x".repeat(100_000), keys), undefined);
  assert.equal(didYouMean("mdoe", keys), '; did you mean "mode"?');
  assert.equal(didYouMean("zzz", keys), "");
});
