import { deepEqual, equal, match } from "node:assert/strict";
import {
  type ChunkRange,
  plannedChunks,
  type RangeKind,
  rangeProblem,
  rangesOf,
} from "../../../../core/plan/chunk_ranges.ts";
import type { ChunkedStrategy } from "../../../../core/plan/strategy.ts";

const problem = (kind: RangeKind, ...ranges: ChunkRange[]) =>
  rangeProblem(plannedChunks(ranges), kind);

Deno.test("PA5: what a plan makes passes", () => {
  equal(problem("range"), null);
  equal(problem("range", [1, 10], [11, 20], [21, 21]), null);
  equal(problem("range", [-5, -1], [0, 3], [null, null]), null, "rows whose key is NULL come last");
  equal(problem("range", ["9007199254740993", "9007199254740999"]), null);
  equal(problem("dense_keys", [null, "5"], ["5", null], [null, null]), null);
  equal(
    problem("days", [null, "2025-01-08"], ["2025-01-08", "2025-01-15"], ["2025-01-15", null]),
    null,
  );
  equal(problem("days", [null, null]), null, "every day is NULL");
  equal(problem("key", [null, "a"], ["a", "m"], ["m", null]), null);
  equal(problem("key", [null, null]), null);
  equal(problem("key", [null, "10"], ["10", "9"], ["9", null]), null, "texts in their own order");
  equal(problem("pages", [null, 10], [10, 20], [20, null]), null);
});

const WRONG: readonly (readonly [RangeKind, readonly ChunkRange[], RegExp])[] = [
  ["range", [[10, 1]], /chunk 0 \[10\.\.1\]: it ends before it starts/],
  ["range", [[1, 10], [10, 20]], /chunk 1 \[10\.\.20\]: it overlaps/],
  ["range", [[1, 10], [5, 8]], /it overlaps/],
  ["range", [[1, 10], [12, 20]], /chunk 1 \[12\.\.20\]: there is a gap/],
  ["range", [["x", "y"]], /no integers/],
  ["range", [[null, null], [1, 2]], /no integers/],
  ["dense_keys", [[null, "5"], ["7", null]], /where the last ends/],
  ["days", [["2025-01-01", "2025-01-08"], ["2025-01-08", null]], /open below/],
  [
    "days",
    [[null, "2025-01-08"], ["2025-01-08", "2025-01-08"], ["2025-01-08", null]],
    /ends before/,
  ],
  ["days", [[null, "2025-01-08"], ["2025-01-08", "2025-01-15"]], /open above/],
  ["days", [[null, "2025-01-08"], ["2025-01-07", "2025-01-15"]], /where the last ends/],
  ["key", [["a", null]], /open below/],
  ["key", [[null, "a"], ["b", null]], /where the last ends/],
  ["key", [[null, "a"], ["a", "m"]], /open above/],
  ["pages", [[null, 10], [10, 5], [5, null]], /ends before it starts/],
];

for (const [kind, ranges, expected] of WRONG) {
  Deno.test(`PA5: ${kind} ${JSON.stringify(ranges)} is refused`, () => {
    match(problem(kind, ...ranges) ?? "", expected);
  });
}

Deno.test("integers are numbers while they are exact, and come back as they were", () => {
  const keys = ["-9007199254740992", "9007199254740991", "9007199254740993", "0"];
  const chunks = keys.map((key, index) => ({ index, start: key, end: key }));
  const strategy: ChunkedStrategy = {
    kind: "chunked",
    shape: { kind: "range", base: "SELECT 1", column: "id" },
    fingerprint: "",
    pageRows: null,
    chunks,
  };
  const ranges = rangesOf(strategy, "range");
  deepEqual(ranges.map(([start]) => start), [keys[0], Number(keys[1]), keys[2], 0]);
  deepEqual(plannedChunks(JSON.parse(JSON.stringify(ranges))), chunks);
});
