/** What `fixtures/state/*.sql` hold, read through the store after they were migrated. */
import assert from "node:assert/strict";
import type { StateStore } from "../../../core/ports/state.ts";

const RUN = "orders_20260131T100000.000";

/** What all of them hold. */
async function checkMigrated(store: StateStore): Promise<void> {
  const [cursor] = await store.cursors();
  assert.deepEqual([cursor.exportName, cursor.cursor, cursor.updatedAt, cursor.runId], [
    "orders",
    "2026-01-31 10:00:00.123456+00",
    "2026-01-31T10:00:05.000Z",
    RUN,
  ]);
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

async function checkMigratedV1(store: StateStore): Promise<void> {
  await checkMigrated(store);
  assert.deepEqual(await store.progressions(), []);
  assert.deepEqual(await store.aggregates(10), []);
}

async function checkMigratedV3(store: StateStore): Promise<void> {
  await checkMigrated(store);
  const [progression] = await store.progressions();
  assert.equal(progression.committedValue, "2026-01-31 10:00:00.123456+00");
  assert.deepEqual((await store.aggregates(10)).map((a) => [a.aggregateId, a.rows]), [[
    "a1",
    1000,
  ]]);
}

async function checkMigratedV4(store: StateStore): Promise<void> {
  await checkMigratedV3(store);
  assert.equal((await store.cursor("orders"))?.ties, '["a","b"]');
  assert.deepEqual(await store.leases(), []);
  assert.equal(await store.lastSequence(), 0);
  // A run of before there was an order is older than every run that begins now.
  const answer = await store.acquireLease("orders", 60_000);
  assert.ok(answer.kind === "granted");
  const runId = "orders_20250101T000000.000";
  assert.deepEqual(await answer.state.beginRun(runId), { sequence: 1, previousRunId: null });
  const [before] = await store.metrics({});
  await store.recordMetric({ ...before, runId });
  assert.deepEqual((await store.metrics({})).map((m) => m.runId), [runId, RUN]);
}

/** Version -> what its dump in `fixtures/state/` must have become. */
export const MIGRATED: readonly (readonly [number, (store: StateStore) => Promise<void>])[] = [
  [1, checkMigratedV1],
  [3, checkMigratedV3],
  [4, checkMigratedV4],
];
