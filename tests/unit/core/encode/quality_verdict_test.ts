import assert from "node:assert/strict";
import { type QualityGates, resolveQuality } from "../../../../core/config/quality_gates.ts";
import type { QualityConfig } from "../../../../core/config/schema.ts";
import { QualityTotals, type UniqueCounts } from "../../../../core/encode/quality.ts";
import { qualityVerdict } from "../../../../core/encode/quality_verdict.ts";

function totals(rows: number, nulls: number, unique?: UniqueCounts): QualityTotals {
  const sum = new QualityTotals({ columns: unique === undefined ? [] : ["c"], maxEntries: 100 });
  sum.add({ rows, nulls: { c: nulls }, unique: unique === undefined ? {} : { c: unique } });
  return sum;
}

function judge(config: QualityConfig, sum: QualityTotals, rows = sum.rows) {
  const { failures, warnings } = verdictOf(config, sum, rows);
  return { failures, warnings };
}

function verdictOf(config: QualityConfig, sum: QualityTotals, rows = sum.rows) {
  return qualityVerdict(resolveQuality(config) as QualityGates, sum, rows);
}

const none: string[] = [];

Deno.test("quality verdict: row counts at the limits pass, beyond them fail", () => {
  const config = { row_count_min: 2, row_count_max: 4 };
  for (const rows of [2, 3, 4]) {
    assert.deepEqual(judge(config, totals(rows, 0)), { failures: none, warnings: none });
  }
  assert.deepEqual(judge(config, totals(1, 0)).failures, ["row_count_min: 1 row, at least 2"]);
  assert.deepEqual(judge(config, totals(5, 0)).failures, ["row_count_max: 5 rows, at most 4"]);
  assert.deepEqual(judge({ row_count_min: 1 }, totals(0, 0)).failures, [
    "row_count_min: 0 rows, at least 1",
  ]);
});

Deno.test("quality verdict: rows of an earlier process count for row_count_*", () => {
  assert.deepEqual(judge({ row_count_min: 10 }, totals(1, 0), 10).failures, none);
  assert.deepEqual(judge({ row_count_min: 10 }, totals(1, 0), 10).warnings, none);
});

Deno.test("quality verdict: a ratio of exactly the limit passes", () => {
  assert.deepEqual(judge({ null_ratio_max: { c: 0.3 } }, totals(10, 3)).failures, none);
  assert.deepEqual(judge({ null_ratio_max: { c: 0.3 } }, totals(10, 4)).failures, [
    "null_ratio_max: 'c' is NULL in 4 of 10 rows, at most 0.3",
  ]);
  assert.deepEqual(judge({ null_ratio_max: { c: 0 } }, totals(10, 1)).failures.length, 1);
  assert.deepEqual(judge({ null_ratio_max: { c: 0 } }, totals(0, 0)).failures, none);
});

Deno.test("quality verdict: repeats fail, also when the check was given up later", () => {
  const hashes = new Int32Array([1, 1]);
  const config = { unique_columns: ["c"], unique_max_entries: 100 };
  assert.deepEqual(judge(config, totals(3, 0, { repeats: 2, hashes })).failures, [
    "unique_columns: 'c' repeats in 2 rows",
  ]);
  const givenUp = judge(config, totals(300, 0, { repeats: 2, hashes: null }));
  assert.deepEqual(givenUp, {
    failures: ["unique_columns: 'c' repeats in at least 2 rows"],
    warnings: none,
  });
});

Deno.test("quality verdict: a check that was given up is undecided, not passed in silence", () => {
  const config = { unique_columns: ["c"], unique_max_entries: 100 };
  const { failures, warnings } = judge(config, totals(300, 0, { repeats: 0, hashes: null }));
  assert.deepEqual(failures, none);
  assert.deepEqual(warnings, [
    "unique_columns: 'c' is undecided: it has more distinct values than unique_max_entries (100), " +
    "and none of those repeated",
  ]);
});

Deno.test("quality verdict: a resumed run says which rows the gates cover", () => {
  const config = { null_ratio_max: { c: 0.5 }, unique_columns: ["c"] };
  const sum = totals(4, 0, { repeats: 0, hashes: new Int32Array(0) });
  assert.deepEqual(judge(config, sum, 10).warnings, [
    "null_ratio_max and unique_columns cover only the 4 rows read since the run was resumed, of 10",
  ]);
  assert.deepEqual(judge(config, sum).warnings, none);
});

Deno.test("quality verdict: every gate is told with what was expected and found", () => {
  const config = { row_count_min: 2, null_ratio_max: { c: 0.25 }, unique_columns: ["c"] };
  const of = (sum: QualityTotals, rows?: number) =>
    verdictOf(config, sum, rows).gates
      .map((
        { gate, column, passed, expected, actual },
      ) => [gate, column, passed, expected, actual]);
  const hashes = new Int32Array([1, 1]);
  assert.deepEqual(of(totals(4, 1, { repeats: 0, hashes })), [
    ["row_count_min", null, true, "2", "4"],
    ["null_ratio_max", "c", true, "0.25", "0.25"],
    ["unique_columns", "c", true, "0", "0"],
  ]);
  assert.deepEqual(of(totals(4, 2, { repeats: 1, hashes })).map(([, , passed]) => passed), [
    true,
    false,
    false,
  ]);
  const half = of(totals(4, 0, { repeats: 0, hashes }), 8).map(([, , passed]) => passed);
  assert.deepEqual(half, [true, null, null], "of the other half nothing is known");
});
