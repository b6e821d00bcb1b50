import { deepEqual, equal, ok } from "node:assert/strict";
import { memoryShares, readersWithin } from "../../../../core/config/memory_budget.ts";
import { resolveTuning } from "../../../../core/config/tuning.ts";

const MIB = 1024 * 1024;

/** Of a batch, of what waits, and of what is kept, in MiB. */
function shares(budgetMb: number): number[] {
  const { batchBytes, inFlightBytes, keptBytes } = memoryShares(budgetMb);
  return [batchBytes / MIB, inFlightBytes / MIB, keptBytes / MIB];
}

Deno.test("memory budget: a reader that has its room has all of it, and no more than that", () => {
  for (const budget of [148, 184, 256, 100_000]) deepEqual(shares(budget), [4, 4, 16], `${budget}`);
  deepEqual(resolveTuning().memory, memoryShares(256));
});

Deno.test("memory budget: without room for one reader, what it holds is smaller", () => {
  deepEqual(shares(130), [2, 2, 8]);
  deepEqual(shares(64), [0.5, 0.5, 2]);
  deepEqual(shares(1), shares(64));
  deepEqual(resolveTuning({ memory_budget_mb: 64 }).memory, memoryShares(64));
});

Deno.test("memory budget: what its readers hold does not outgrow it", () => {
  for (let budget = 148; budget <= 2000; budget++) {
    const held = shares(budget).reduce((sum, mib) => sum + mib, 0);
    ok(112 + readersWithin(budget) * held <= budget, `${budget}`);
  }
  equal(readersWithin(1), 1);
});
