import assert from "node:assert/strict";
import { resolveQuality } from "../../../../core/config/quality_gates.ts";
import {
  type ChunkCounts,
  chunkCounts,
  storedTotals,
} from "../../../../core/encode/chunk_counts.ts";
import { qualityVerdict } from "../../../../core/encode/quality_verdict.ts";

const GATES = resolveQuality({ null_ratio_max: { note: 0.5 }, unique_columns: ["id"] });
const NONE: ReadonlySet<string> = new Set();
const BY_ID: ReadonlySet<string> = new Set(["id"]);

const chunk = (rows: number, nulls: number, repeats: number | null = 0): ChunkCounts => ({
  rows,
  nulls: { note: nulls },
  repeats: { id: repeats },
});

function judge(chunks: readonly ChunkCounts[], apart: ReadonlySet<string>, rows: number) {
  assert.ok(GATES !== null);
  const { failures, warnings } = qualityVerdict(GATES, storedTotals(chunks, apart), rows);
  return { failures, warnings };
}

Deno.test("of a chunk the counters that its gates need are kept, and no values", () => {
  const unique = { id: { repeats: 1, hashes: new Int32Array([1, 2]) } };
  const counts = { rows: 3, nulls: { note: 2, other: 1 }, unique };
  assert.deepEqual(chunkCounts(GATES, counts), { rows: 3, nulls: { note: 2 }, repeats: { id: 1 } });
  const full = { ...counts, unique: { id: { repeats: 0, hashes: null } } };
  assert.equal(chunkCounts(GATES, full)?.repeats.id, null, "more values than may be remembered");
  assert.equal(chunkCounts(resolveQuality({ row_count_min: 1 }), counts), null);
  assert.equal(chunkCounts(null, counts), null);
});

Deno.test("ratios over all chunks are decided as over one read", () => {
  assert.deepEqual(judge([chunk(2, 2), chunk(2, 0)], BY_ID, 4), { failures: [], warnings: [] });
  assert.deepEqual(judge([chunk(2, 2), chunk(2, 1)], BY_ID, 4).failures, [
    "null_ratio_max: 'note' is NULL in 3 of 4 rows, at most 0.5",
  ]);
});

Deno.test("a column repeats within chunks alone when the run is cut by it", () => {
  assert.deepEqual(judge([chunk(2, 0, 1), chunk(2, 0, 2)], BY_ID, 4).failures, [
    "unique_columns: 'id' repeats in 3 rows",
  ]);
  const { failures, warnings } = judge([chunk(2, 0), chunk(2, 0)], NONE, 4);
  assert.deepEqual(failures, []);
  assert.match(warnings[0], /'id' is undecided: no process has read all chunks/);
  assert.match(judge([chunk(2, 0, null)], BY_ID, 2).warnings[0], /more distinct values/);
  assert.deepEqual(judge([chunk(2, 0, 1), chunk(2, 0)], NONE, 4).failures, [
    "unique_columns: 'id' repeats in at least 1 row",
  ]);
});
