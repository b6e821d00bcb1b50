/** What `fixtures/state/*.sql` hold, read through the store after they were migrated. */
import assert from "node:assert/strict";
import type { StateStore } from "../../../core/ports/state.ts";

const RUN = "orders_20260131T100000.000";

/** What all of them hold. */
async function checkMigrated(store: StateStore): Promise<void> {
  assert.deepEqual(await store.cursors(), [{
    exportName: "orders",
    cursor: "2026-01-31 10:00:00.123456+00",
    updatedAt: "2026-01-31T10:00:05.000Z",
    runId: RUN,
  }]);
  assert.deepEqual((await store.files({})).map((f) => [f.runId, f.rows, f.chunkIndex]), [
    [RUN, 1000, 0],
  ]);
  const [metric] = await store.metrics({});
  assert.deepEqual(
    [metric.status, metric.peakRssMb, metric.validated, metric.reconciled, metric.schemaChanged],
    ["failed", 120.5, true, null, false],
  );
  assert.equal((await store.journal({}))[0].events[0].event, "started");
  assert.deepEqual((await store.schema("orders"))?.widths, { id: 8 });
  assert.equal((await store.chunkRunInProgress("orders"))?.runId, RUN);
  const tasks = await store.chunkTasks(RUN);
  assert.deepEqual(tasks.map((t) => [t.chunkIndex, t.status, t.attempts, t.checksum]), [
    [0, "completed", 1, null],
    [1, "failed", 3, null],
  ]);
}

export async function checkMigratedV1(store: StateStore): Promise<void> {
  await checkMigrated(store);
  assert.deepEqual(await store.progressions(), []);
  assert.deepEqual(await store.aggregates(10), []);
}

export async function checkMigratedV3(store: StateStore): Promise<void> {
  await checkMigrated(store);
  const [progression] = await store.progressions();
  assert.equal(progression.committedValue, "2026-01-31 10:00:00.123456+00");
  assert.deepEqual((await store.aggregates(10)).map((a) => [a.aggregateId, a.rows]), [[
    "a1",
    1000,
  ]]);
}
