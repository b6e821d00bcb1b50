import { deepEqual, equal, match, rejects } from "node:assert/strict";
import { executeStateChunks } from "../../../cli/state_commands/chunks.ts";
import { executeStateFiles } from "../../../cli/state_commands/files.ts";
import { executeStateLocks } from "../../../cli/state_commands/locks.ts";
import { executeResetChunks } from "../../../cli/state_commands/reset_chunks.ts";
import { executeStateUnlock } from "../../../cli/state_commands/unlock.ts";
import type { ChunkRun, ChunkTask, FileRecord, Lease } from "../../../core/ports/state.ts";
import { fakeConfig, fakeContext } from "./fakes.ts";

const CONFIG = fakeConfig("orders", "events");

const FILE: FileRecord = {
  runId: "orders_20260329T125143.912",
  exportName: "orders",
  fileName: "orders_20260329_125200_chunk3.parquet",
  destination: "./output",
  rows: 50_000,
  sizeBytes: 18_245_222,
  fingerprint: "xxh3:0123456789abcdef",
  md5: "1B2M2Y8AsgTpgAmY7PhCfg==",
  format: "parquet",
  compression: "zstd",
  chunkIndex: 3,
  createdAt: "2026-03-29T12:52:00.123Z",
};

const RUN: ChunkRun = {
  runId: FILE.runId,
  exportName: "orders",
  planFingerprint: "f",
  status: "in_progress",
  maxAttempts: 3,
  createdAt: FILE.createdAt,
  updatedAt: FILE.createdAt,
  plan: "{}",
  planId: null,
  finishedAt: null,
};

function task(fields: Partial<ChunkTask>): ChunkTask {
  return {
    runId: RUN.runId,
    chunkIndex: 0,
    startKey: "1",
    endKey: "50000",
    status: "completed",
    attempts: 1,
    rowsWritten: 50_000,
    parts: "[]",
    checksum: null,
    error: null,
    worker: null,
    claimedAt: null,
    updatedAt: FILE.createdAt,
    ...fields,
  };
}

const FILES_ARGS = { command: "state files", config: "r.yaml", last: 50, json: false } as const;

Deno.test("state files is the documented table", async () => {
  const ctx = fakeContext({ config: CONFIG, state: { files: () => Promise.resolve([FILE]) } });
  await executeStateFiles({ ...FILES_ARGS, export: undefined }, ctx);
  const [header, rule, row] = ctx.out.text.split("\n");
  equal(
    header,
    "RUN ID                              FILE                                          ROWS      " +
      "BYTES CREATED",
  );
  match(rule, /^-+$/);
  equal(
    row,
    "orders_20260329T125143.912          orders_20260329_125200_chunk3.parquet        50000    " +
      "17.4 MB 2026-03-29T12:52:00+00:00",
  );
  equal(ctx.closed.count, 1);
});

Deno.test("state files passes the filter on and prints JSON with public names", async () => {
  const filters: unknown[] = [];
  const files = (filter: unknown) => {
    filters.push(filter);
    return Promise.resolve([FILE]);
  };
  const ctx = fakeContext({ config: CONFIG, state: { files } });
  await executeStateFiles({ ...FILES_ARGS, export: "orders", last: 5, json: true }, ctx);
  deepEqual(filters, [{ exportName: "orders", last: 5 }]);
  const [file] = JSON.parse(ctx.out.text).files;
  deepEqual([file.run_id, file.bytes, file.chunk_index], [FILE.runId, 18_245_222, 3]);
});

Deno.test("no files is an answer, an unknown export is not", async () => {
  const ctx = fakeContext({ config: CONFIG, state: { files: () => Promise.resolve([]) } });
  await executeStateFiles({ ...FILES_ARGS, export: "orders" }, ctx);
  equal(ctx.out.text, "No files recorded.\n");
  await rejects(executeStateFiles({ ...FILES_ARGS, export: "oders" }, ctx), {
    message: /did you mean "orders"\?$/,
  });
  equal(ctx.closed.count, 2);
});

const CHUNKS_ARGS = { command: "state chunks", config: "r.yaml", export: "orders" } as const;

Deno.test("state chunks shows the run, every chunk and its error on one line", async () => {
  const tasks = [
    task({}),
    task({ chunkIndex: 1, startKey: null, endKey: null, status: "pending", rowsWritten: null }),
    task({ chunkIndex: 2, status: "failed", attempts: 3, error: "timeout\nat line 2" }),
  ];
  const state = {
    latestChunkRun: () => Promise.resolve(RUN),
    chunkTasks: () => Promise.resolve(tasks),
  };
  const ctx = fakeContext({ config: CONFIG, state });
  await executeStateChunks({ ...CHUNKS_ARGS, json: false }, ctx);
  const lines = ctx.out.text.split("\n");
  equal(lines[0], `${RUN.runId}: in_progress, 1/3 chunks completed, 1 failed`);
  match(lines[1], /^ CHUNK START +END +STATUS +ATTEMPTS +ROWS UPDATED +ERROR$/);
  match(lines[3], /^ {5}0 1 +50000 +completed +1 +50000 2026-03-29T12:52:00\+00:00$/);
  match(lines[4], /^ {5}1 - +- +pending +1 +- /);
  match(lines[5], / failed +3 .* timeout at line 2$/);

  await executeStateChunks({ ...CHUNKS_ARGS, json: true }, Object.assign(ctx, { out: ctx.out }));
  const json = JSON.parse(ctx.out.text.slice(ctx.out.text.indexOf("{")));
  equal(json.run.status, "in_progress");
  deepEqual(json.chunks.map((c: { status: string }) => c.status), [
    "completed",
    "pending",
    "failed",
  ]);
});

Deno.test("state chunks without a checkpoint says so", async () => {
  const ctx = fakeContext({
    config: CONFIG,
    state: { latestChunkRun: () => Promise.resolve(null) },
  });
  await executeStateChunks({ ...CHUNKS_ARGS, json: false }, ctx);
  equal(ctx.out.text, "No chunk checkpoint for 'orders'.\n");
});

const RESET_ARGS = { command: "state reset-chunks", config: "r.yaml" } as const;

Deno.test("reset-chunks wants exactly one of --export and --stuck-checkpoints", async () => {
  const ctx = fakeContext({});
  for (const stuckCheckpoints of [true, false]) {
    const args = { ...RESET_ARGS, export: stuckCheckpoints ? "orders" : undefined };
    await rejects(executeResetChunks({ ...args, stuckCheckpoints }, ctx), { code: "USAGE" });
  }
});

Deno.test("reset-chunks of one export, also of one that left the config", async () => {
  const resetChunks = (name: string) => Promise.resolve(name === "old" ? 2 : 0);
  const ctx = fakeContext({ config: CONFIG, state: { resetChunks } });
  const reset = (name: string) =>
    executeResetChunks({ ...RESET_ARGS, export: name, stuckCheckpoints: false }, ctx);
  await reset("old");
  await reset("orders");
  equal(
    ctx.out.text,
    "old: cleared 2 chunk checkpoints\nNo chunk checkpoint for 'orders'.\n",
  );
  await rejects(reset("evnts"), { message: /did you mean "events"\?$/ });
});

Deno.test("--stuck-checkpoints clears runs in progress and skips what left the config", async () => {
  const calls: unknown[] = [];
  const state = {
    chunkRuns: (filter: unknown) => {
      calls.push(filter);
      return Promise.resolve([RUN, { ...RUN, exportName: "gone" }, { ...RUN, runId: "second" }]);
    },
    resetChunks: (name: string, options?: { stuckOnly?: boolean }) => {
      calls.push([name, options]);
      return Promise.resolve(1);
    },
  };
  const ctx = fakeContext({ config: CONFIG, state });
  await executeResetChunks({ ...RESET_ARGS, export: undefined, stuckCheckpoints: true }, ctx);
  deepEqual(calls, [{ status: "in_progress" }, ["orders", { stuckOnly: true }]]);
  equal(ctx.out.text, "orders: cleared 1 chunk checkpoint\ngone: skipped, not in this config\n");
});

const RUN_ID = RUN.runId;

const LEASE: Lease = {
  exportName: "orders",
  number: 7,
  sharedRun: null,
  runId: RUN_ID,
  owner: { host: "vm", hostId: "vm/1", pid: 4711, processStart: "99" },
  acquiredAt: "2026-03-29T12:51:43.912Z",
  renewedAt: "2026-03-29T12:52:00.000Z",
  expiresAt: "2026-03-29T12:53:00.000Z",
  status: "live",
};

function lockedContext(leases: readonly Lease[]) {
  const ended: unknown[] = [];
  const ctx = fakeContext({
    config: CONFIG,
    state: {
      leases: () => Promise.resolve([...leases]),
      endLease: (name, number) => {
        ended.push([name, number]);
        return Promise.resolve(true);
      },
    },
  });
  return { ctx, ended };
}

Deno.test("state locks names who holds what, for people and as JSON", async () => {
  const { ctx } = lockedContext([LEASE, { ...LEASE, exportName: "events", runId: null }]);
  const args = { command: "state locks", config: "r.yaml" } as const;
  await executeStateLocks({ ...args, json: false }, ctx);
  match(ctx.out.text, /^EXPORT +STATUS +RUN ID +HOST +PID +SINCE +RENEWED +EXPIRES\n/);
  match(ctx.out.text, new RegExp(`orders +live +${RUN_ID} +vm +4711 +2026-03-29T12:51:43`));
  match(ctx.out.text, /events +live +- +vm/);
  const json = lockedContext([LEASE]).ctx;
  await executeStateLocks({ ...args, json: true }, json);
  deepEqual(JSON.parse(json.out.text), {
    locks: [{
      export_name: "orders",
      status: "live",
      run_id: RUN_ID,
      host: "vm",
      pid: 4711,
      number: 7,
      acquired_at: "2026-03-29T12:51:43.912Z",
      renewed_at: "2026-03-29T12:52:00.000Z",
      expires_at: "2026-03-29T12:53:00.000Z",
    }],
  });
  const none = lockedContext([]).ctx;
  await executeStateLocks({ ...args, json: false }, none);
  equal(none.out.text, "No export is in use.\n");
});

const UNLOCK_ARGS = { command: "state unlock", config: "r.yaml", export: "orders" } as const;

Deno.test("state unlock takes a stale lease, and a live one with --force only", async () => {
  for (const status of ["dead", "expired"] as const) {
    const { ctx, ended } = lockedContext([{ ...LEASE, status }]);
    await executeStateUnlock({ ...UNLOCK_ARGS, force: false, json: false }, ctx);
    deepEqual(ended, [["orders", 7]]);
    match(ctx.out.text, new RegExp(`^orders: taken away from run '${RUN_ID}' .*, ${status}\n$`));
  }
  const live = lockedContext([LEASE]);
  await rejects(executeStateUnlock({ ...UNLOCK_ARGS, force: false, json: false }, live.ctx), {
    code: "LEASE_HELD",
    message: /in use by run .*pid 4711/,
  });
  deepEqual(live.ended, []);
  await executeStateUnlock({ ...UNLOCK_ARGS, force: true, json: true }, live.ctx);
  deepEqual(live.ended, [["orders", 7]]);
  equal(JSON.parse(live.ctx.out.text).unlocked.run_id, RUN_ID);
});

Deno.test("state unlock of what nobody holds says so; a name that nobody knows is a typo", async () => {
  const { ctx, ended } = lockedContext([LEASE]);
  const args = { ...UNLOCK_ARGS, force: true, json: false };
  await executeStateUnlock({ ...args, export: "events" }, ctx);
  equal(ctx.out.text, "'events' is not in use.\n");
  await rejects(executeStateUnlock({ ...args, export: "evnts" }, ctx), {
    message: /did you mean "events"\?$/,
  });
  deepEqual(ended, []);
});

Deno.test("what a run that goes on is working through is not stuck", async () => {
  const held = (name: string) =>
    Promise.resolve({ kind: "held", by: { ...LEASE, exportName: name } } as const);
  const ctx = fakeContext({
    config: CONFIG,
    state: { chunkRuns: () => Promise.resolve([RUN]), acquireLease: held },
  });
  await executeResetChunks({ ...RESET_ARGS, export: undefined, stuckCheckpoints: true }, ctx);
  match(ctx.out.text, new RegExp(`^orders: skipped, export 'orders' is in use by run '${RUN_ID}'`));
  const one = { ...RESET_ARGS, export: "orders", stuckCheckpoints: false };
  await rejects(executeResetChunks(one, ctx), { code: "LEASE_HELD" });
});
