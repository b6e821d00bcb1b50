import assert from "node:assert/strict";
import { partRanges, sendAll } from "../../../../../adapters/destinations/kit/part_upload.ts";

const MIB = 1024 * 1024;

Deno.test("partRanges covers the file once, in order", () => {
  const ranges = partRanges("f", 10, 4, 100);
  assert.deepEqual(ranges.map(({ start, length }) => [start, length]), [[0, 4], [4, 4], [8, 2]]);
});

Deno.test("partRanges grows parts where a store takes no more of them", () => {
  const terabytes = 5 * 1024 * 1024 * MIB;
  const ranges = partRanges("f", terabytes, 16 * MIB, 10_000);
  assert.ok(ranges.length <= 10_000);
  assert.equal(ranges.reduce((sum, range) => sum + range.length, 0), terabytes);
  assert.ok(ranges.every((range) => range.length <= 525 * MIB));
});

Deno.test("sendAll keeps to its concurrency and to the order of results", async () => {
  let running = 0;
  let most = 0;
  const results = await sendAll([5, 1, 3, 2, 4], 2, async (item, index) => {
    most = Math.max(most, ++running);
    await new Promise((resolve) => setTimeout(resolve, item));
    running--;
    return `${index}:${item}`;
  });
  assert.deepEqual(results, ["0:5", "1:1", "2:3", "3:2", "4:4"]);
  assert.equal(most, 2);
});

Deno.test("sendAll fails after what was under way has ended, and begins nothing more", async () => {
  const ended: number[] = [];
  const sent = sendAll([1, 2, 3, 4], 2, async (item) => {
    await new Promise((resolve) => setTimeout(resolve, item === 1 ? 1 : 20));
    ended.push(item);
    if (item === 1) throw new Error("the first");
    return item;
  });
  await assert.rejects(sent, /the first/);
  assert.deepEqual(ended, [1, 2]);
});
