import assert from "node:assert/strict";
import type { Batch } from "../../../../core/batch/batch.ts";
import { valueText } from "../../../../core/batch/values.ts";
import { MAX_TIES, parseTies, TieFilter } from "../../../../core/extract/ties.ts";
import { batchOf, column } from "../../../support/batches.ts";

const COLUMNS = [
  column("id", { kind: "int", bits: 32, signed: true }),
  column("at", { kind: "int", bits: 32, signed: true }),
];

function batch(...rows: readonly (readonly [id: number, at: number | null])[]): Batch {
  return batchOf(COLUMNS, rows);
}

function ids({ columns, data, rows }: Batch): string[] {
  return Array.from({ length: rows }, (_, row) => valueText(columns[0].type, data[0], row) ?? "");
}

/** What a run leaves that reads these batches. */
function tiesAfter(...batches: readonly Batch[]): readonly string[] | null {
  const filter = new TieFilter({ identity: ["id"], after: null, exported: null }, "at");
  for (const b of batches) filter.apply(b);
  return filter.last;
}

Deno.test("ties are the rows of the last value, over batches and before rows without a cursor", () => {
  const tail = tiesAfter(batch([1, 5], [2, 6]), batch([3, 6], [4, 6]), batch([5, null]));
  assert.equal(tail?.length, 3);
  assert.deepEqual(new Set(tail), new Set(tiesAfter(batch([2, 6], [3, 6], [4, 6]))));
  assert.deepEqual(tiesAfter(batch([1, null])), []);
});

Deno.test("rows that were exported are dropped, others at the same value are not", () => {
  const exported = tiesAfter(batch([1, 7], [2, 7]));
  const filter = new TieFilter({ identity: ["id"], after: "7", exported }, "at");
  assert.deepEqual(ids(filter.apply(batch([1, 7], [3, 7], [2, 7], [2, 8]))), ["3", "2"]);
  assert.equal(filter.dropped, 2);
  assert.deepEqual(filter.last, tiesAfter(batch([2, 8])));
});

Deno.test("a row of the same key before the last value is written again: a trailing window", () => {
  const exported = tiesAfter(batch([1, 7]));
  const filter = new TieFilter({ identity: ["id"], after: "7", exported }, "at");
  assert.deepEqual(ids(filter.apply(batch([1, 6], [1, 7]))), ["1"]);
});

Deno.test("equal rows are dropped as often as they were exported", () => {
  const exported = tiesAfter(batch([1, 7], [1, 7]));
  const filter = new TieFilter({ identity: ["id"], after: "7", exported }, "at");
  assert.equal(filter.apply(batch([1, 7])).rows, 0);
  assert.equal(filter.apply(batch([1, 7], [1, 7])).rows, 1);
  assert.equal(filter.last?.length, 3);
});

Deno.test("NULL and the word null are two identities", () => {
  const text = [column("id", { kind: "text" }), COLUMNS[1]];
  const one = (id: string | null) => tiesAfter(batchOf(text, [[id, 1]]));
  assert.notDeepEqual(one(null), one("null"));
});

Deno.test("too many ties are not remembered, and a later value starts afresh", () => {
  const many = Array.from({ length: MAX_TIES + 1 }, (_, i) => [i, 7] as const);
  assert.equal(tiesAfter(batch(...many)), null);
  assert.equal(tiesAfter(batch(...many.slice(1)))?.length, MAX_TIES);
  assert.equal(tiesAfter(batch(...many), batch([1, 7])), null);
  assert.equal(tiesAfter(batch(...many), batch([1, 8]))?.length, 1);
});

Deno.test("stored ties that are not ties are not remembered", () => {
  assert.deepEqual(parseTies('["a","a"]'), ["a", "a"]);
  for (const stored of [undefined, "", "{}", "[1]", "nul"]) assert.equal(parseTies(stored), null);
});
