import { deepEqual } from "node:assert/strict";
import { sharesOf } from "../../../../core/plan/task_shares.ts";

const of = (rows: (number | null)[], total: number | null, tasks: number) => {
  const { tasks: shares, largest_to_mean } = sharesOf(rows, total, tasks);
  return [...shares.map((s) => `${s.task} ${s.chunks} ${s.row_estimate}`), largest_to_mean];
};

Deno.test("chunks fall to tasks by index modulo their number", () => {
  deepEqual(of([10, 10, 10, 10, 10], 50, 2), ["0/2 3 30", "1/2 2 20", 1.2]);
  deepEqual(of([100, 0, 100, 0], 200, 2), ["0/2 2 200", "1/2 2 0", 2]);
  deepEqual(of([5], 5, 3), ["0/3 1 5", "1/3 0 0", "2/3 0 0", 3]);
});

Deno.test("chunks that nobody can tell of share what the others leave", () => {
  deepEqual(of([null, null, null, null], 400, 2), ["0/2 2 200", "1/2 2 200", 1]);
  deepEqual(of([10, null], 110, 2), ["0/2 1 10", "1/2 1 100", 1.82]);
  deepEqual(of([null, null], null, 2), ["0/2 1 null", "1/2 1 null", null]);
  deepEqual(of([], 0, 2), ["0/2 0 0", "1/2 0 0", null]);
});
