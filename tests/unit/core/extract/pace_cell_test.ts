import assert from "node:assert/strict";
import { PaceCell } from "../../../../core/extract/pace_cell.ts";

Deno.test("pace cell: full until it is told otherwise, and the same for who shares its memory", () => {
  const cell = new PaceCell();
  const elsewhere = new PaceCell(cell.memory);
  const tuning = { batchRows: 2_000, batchBytes: 1_000, throttleMs: 5 };
  assert.deepEqual(elsewhere.paced(tuning), tuning);
  cell.share = 1 / 8;
  assert.deepEqual(elsewhere.paced(tuning), { batchRows: 250, batchBytes: 125, throttleMs: 5 });
  // 0 rows: batches are sized by bytes, which stays so.
  assert.deepEqual([elsewhere.rows(0), elsewhere.rows(3)], [0, 1]);
});

Deno.test("pace cell: the longest statement of all threads, once", () => {
  const cell = new PaceCell();
  const elsewhere = new PaceCell(cell.memory);
  assert.equal(cell.takeLongest(), null);
  elsewhere.note(12.2);
  cell.note(7);
  elsewhere.note(12.9);
  assert.equal(cell.takeLongest(), 13);
  assert.equal(cell.takeLongest(), null);
});
