import assert from "node:assert/strict";
import { LONG } from "../run.ts";
import { type Batch, inLanes, slowest } from "../support/lanes.ts";

const passed = (n: number) => ({ passed: n, failed: [], ignored: [] });

Deno.test("lanes: every batch is run once, in order, and none beside another of its lane", async () => {
  const begun: number[] = [];
  const busy = new Set<number>();
  let most = 0;
  const batches = Array.from({ length: 7 }, (_, n): Batch => ({
    name: String(n),
    async run(lane, alone) {
      assert.ok(!busy.has(lane) && !alone);
      busy.add(lane);
      begun.push(n);
      most = Math.max(most, busy.size);
      for (let turn = 0; turn <= n; turn++) await Promise.resolve();
      busy.delete(lane);
      return passed(n);
    },
  }));
  const results = await inLanes(batches, 3);
  assert.deepEqual(begun, [0, 1, 2, 3, 4, 5, 6]);
  assert.equal(most, 3);
  assert.equal(results.reduce((sum, { counts }) => sum + counts.passed, 0), 21);
});

Deno.test("lanes: a batch that throws is a failed test, and the others are run", async () => {
  const results = await inLanes([
    { name: "broken", run: () => Promise.reject(new Error("no server")) },
    { name: "whole", run: () => Promise.resolve(passed(2)) },
  ], 1);
  assert.deepEqual(results.map(({ counts }) => counts), [
    { passed: 0, failed: ["broken"], ignored: [] },
    passed(2),
  ]);
});

Deno.test("lanes: a batch without others is told so", async () => {
  const told: boolean[] = [];
  const run = (_lane: number, alone: boolean) => Promise.resolve(passed(told.push(alone)));
  await inLanes([{ name: "one", run }], 4);
  assert.deepEqual(told, [true]);
});

Deno.test("lanes: the slowest are named first", () => {
  const results = [3, 12.34, 1].map((seconds) => ({
    name: `of ${seconds}`,
    seconds,
    counts: passed(1),
  }));
  assert.deepEqual(slowest(results, 2), ["   12.3 s  of 12.34", "    3.0 s  of 3"]);
});

Deno.test("lanes: whatever is said to be long is there", async () => {
  for (const file of LONG) {
    assert.ok((await Deno.stat(new URL(`../${file}`, import.meta.url))).isFile, file);
  }
});
