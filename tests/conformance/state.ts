/**
 * The state port's contract as tests. Every backend runs `STATE_CASES`, each case in a fresh place;
 * the ones that need other processes start `tests/unit/state/state_process.ts` on the same place.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import type {
  ChunkCompletion,
  FileRecord,
  JournalEvent,
  LeasedState,
  LeaseOwner,
  NewChunkTask,
  RunMetric,
  StateReader,
  StateStore,
  TaskState,
} from "../../core/ports/state.ts";
import { forgetSecrets, registerSecret } from "../../core/base/redact.ts";
import { openState, STATE_FILE } from "../../state/open.ts";
import { connectPostgres } from "../../state/postgres/connection.ts";
import { type Processes, systemProcesses } from "../../state/processes.ts";
import { connectSqlite } from "../../state/sqlite/connection.ts";
import { createStore } from "../../state/store.ts";
import { leased } from "../support/lease.ts";

/** An empty place for state: a folder of its own, and the environment that leads to the backend. */
export interface StatePlace {
  readonly dir: string;
  readonly env: Readonly<Record<string, string>>;
}

export interface StateCase {
  readonly name: string;
  /** Several processes use the state at once: a backend needs real sessions for it. */
  readonly concurrent?: true;
  run(place: StatePlace): Promise<void>;
}

const PROCESS = join(import.meta.dirname!, "../unit/state/state_process.ts");
const AT = "2026-01-31T10:00:00.000Z";
const PROCESSES = 4;

export function openPlace(place: StatePlace): Promise<StateStore> {
  return openState({
    dir: place.dir,
    env: (name) => place.env[name],
    warn: (message) => {
      throw new Error(`unexpected warning: ${message}`);
    },
  });
}

/** Starts another process on the same state; it prints one line per step to stdout. */
export function startProcess(place: StatePlace, ...args: string[]): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", PROCESS, place.dir, ...args],
    env: { ...place.env },
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
}

/** The lines that each process printed, once all of them have ended well. */
async function linesOf(children: readonly Deno.ChildProcess[]): Promise<string[][]> {
  const outputs = await Promise.all(children.map((child) => child.output()));
  assert.deepEqual(outputs.map(({ code }) => code), children.map(() => 0));
  return outputs.map(({ stdout }) =>
    new TextDecoder().decode(stdout).split("\n").filter((line) => line !== "")
  );
}

/** Longer than any case takes. */
const LEASE_MS = 600_000;

/** What everybody may do, and what the holder of a lease may. */
type OpenState = StateStore & LeasedState;

async function withStore(
  place: StatePlace,
  work: (store: StateStore) => Promise<void>,
): Promise<void> {
  const store = await openPlace(place);
  try {
    await work(store);
  } finally {
    await store.close();
  }
}

/** With a lease, which one case may use for records of several exports. */
function withLease(place: StatePlace, work: (state: OpenState) => Promise<void>): Promise<void> {
  return withStore(place, async (store) => {
    const state = await leased(store);
    await work({ ...state, ...store });
    await state.release();
  });
}

function stateCase(name: string, work: (state: OpenState) => Promise<void>): StateCase {
  return { name, run: (place) => withLease(place, work) };
}

function ranges(count: number, from = 0): NewChunkTask[] {
  return Array.from({ length: count }, (_, i) => ({
    chunkIndex: from + i,
    startKey: String((from + i) * 1000),
    endKey: String((from + i) * 1000 + 999),
  }));
}

async function createRun(
  store: LeasedState,
  runId: string,
  tasks: readonly NewChunkTask[],
  maxAttempts = 3,
): Promise<void> {
  const run = { runId, exportName: "orders", planFingerprint: "f1", maxAttempts, plan: "{}" };
  await store.createChunkRun(run, tasks);
}

const onTime = <T>(work: () => Promise<T>): Promise<T> => work();

/** With this process's clock an hour back. */
async function anHourBack<T>(work: () => Promise<T>): Promise<T> {
  const real = Date;
  globalThis.Date = new Proxy(real, {
    construct: (target, args) =>
      Reflect.construct(target, args.length === 0 ? [real.now() - 3_600_000] : args),
  });
  try {
    return await work();
  } finally {
    globalThis.Date = real;
  }
}

function completion(rowsWritten: number): ChunkCompletion {
  return { rowsWritten, parts: `[{"rows":${rowsWritten}}]`, checksum: "18446744073709551615" };
}

async function claimIndex(store: LeasedState, runId: string): Promise<number | null> {
  return (await store.claimChunkTask(runId))?.chunkIndex ?? null;
}

function file(fileName: string, changes: Partial<FileRecord> = {}): FileRecord {
  return {
    runId: "orders_1",
    exportName: "orders",
    fileName,
    destination: "./output",
    rows: 10,
    sizeBytes: 2 ** 40,
    fingerprint: "xxh3:0123456789abcdef",
    md5: "1B2M2Y8AsgTpgAmY7PhCfg==",
    format: "parquet",
    compression: "zstd",
    chunkIndex: null,
    createdAt: AT,
    ...changes,
  };
}

function metric(runId: string, changes: Partial<RunMetric> = {}): RunMetric {
  return {
    runId,
    exportName: "orders",
    mode: "full",
    status: "success",
    startedAt: AT,
    finishedAt: AT,
    durationMs: 1200,
    rows: 9_007_199_254_740_991,
    files: 1,
    bytes: 4096,
    peakRssMb: 195.5,
    retries: 0,
    validated: true,
    reconciled: false,
    schemaChanged: null,
    profile: "balanced",
    format: "parquet",
    errorCode: null,
    errorMessage: null,
    ...changes,
  };
}

function event(runId: string, seq: number, changes: Partial<JournalEvent> = {}): JournalEvent {
  return {
    runId,
    exportName: "orders",
    seq,
    at: AT,
    event: "part_committed",
    data: "{}",
    ...changes,
  };
}

const CURSORS: StateCase[] = [
  stateCase("a cursor is kept with all its digits and replaced by the next", async (store) => {
    assert.equal(await store.cursor("orders"), null);
    const first = {
      exportName: "orders",
      cursor: "2026-01-31 10:00:00.123456+00",
      updatedAt: AT,
      runId: "orders_1",
    };
    await store.saveCursor(first);
    assert.deepEqual(await store.cursor("orders"), first);
    const second = { ...first, cursor: "123456789012345678901234567890.12", runId: "orders_2" };
    await store.saveCursor(second);
    assert.deepEqual(await store.cursor("orders"), second);
    const tied = { ...second, ties: '["a","a","b"]' };
    await store.saveCursor(tied);
    assert.deepEqual(await store.cursor("orders"), tied);
    // A cursor without ties forgets those of the one before.
    await store.saveCursor(second);
    assert.deepEqual(await store.cursor("orders"), second);
  }),
  stateCase("cursors are listed by export name and reset one by one", async (store) => {
    for (const exportName of ["b", "a", "Ä'; DROP TABLE export_state; --"]) {
      await store.saveCursor({ exportName, cursor: "1", updatedAt: AT, runId: "r" });
    }
    const names = (await store.cursors()).map((c) => c.exportName);
    assert.deepEqual(names, ["a", "b", "Ä'; DROP TABLE export_state; --"]);
    assert.equal(await store.resetCursor("a"), true);
    assert.equal(await store.resetCursor("a"), false);
    assert.equal((await store.cursors()).length, 2);
  }),
  {
    name: "what one open wrote the next one reads",
    async run(place) {
      const cursor = { exportName: "orders", cursor: "42", updatedAt: AT, runId: "orders_1" };
      await withLease(place, (state) => state.saveCursor(cursor));
      await withStore(place, async (store) => {
        assert.deepEqual(await store.cursor("orders"), cursor);
      });
    },
  },
];

const FILES: StateCase[] = [
  stateCase("files are listed newest first, by export, run and number", async (store) => {
    const first = file("a.parquet");
    const second = file("b.parquet", { runId: "orders_2", chunkIndex: 7 });
    const other = file("c.csv", { exportName: "events", runId: "events_1" });
    for (const record of [first, second, other]) await store.logFile(record);
    assert.deepEqual(await store.files({}), [other, second, first]);
    assert.deepEqual(await store.files({ exportName: "orders" }), [second, first]);
    assert.deepEqual(await store.files({ runId: "orders_1" }), [first]);
    assert.deepEqual(await store.files({ exportName: "orders", last: 1 }), [second]);
  }),
];

const CHUNKS: StateCase[] = [
  stateCase("a chunk run keeps its plan and its tasks in order", async (store) => {
    assert.equal(await store.chunkRunInProgress("orders"), null);
    await createRun(store, "orders_1", [
      { chunkIndex: 0, startKey: "-9223372036854775808", endKey: "9223372036854775807" },
      { chunkIndex: 1, startKey: null, endKey: null },
    ]);
    const run = await store.chunkRunInProgress("orders");
    assert.equal(run?.planFingerprint, "f1");
    assert.equal(run?.status, "in_progress");
    assert.equal(run?.maxAttempts, 3);
    assert.deepEqual(await store.latestChunkRun("orders"), run);
    const tasks = await store.chunkTasks("orders_1");
    assert.deepEqual(tasks.map((t) => [t.chunkIndex, t.startKey, t.endKey, t.status, t.attempts]), [
      [0, "-9223372036854775808", "9223372036854775807", "pending", 0],
      [1, null, null, "pending", 0],
    ]);
  }),
  stateCase("an export has one run in progress at a time", async (store) => {
    await createRun(store, "orders_1", ranges(1));
    await assert.rejects(createRun(store, "orders_2", ranges(1)), { code: "CHECKPOINT_OPEN" });
    assert.deepEqual(await store.chunkTasks("orders_2"), []);
    await store.createChunkRun(
      { runId: "events_1", exportName: "events", planFingerprint: "f", maxAttempts: 1, plan: "{}" },
      ranges(1),
    );
    assert.equal((await store.chunkRuns({ status: "in_progress" })).length, 2);
  }),
  stateCase("a run of 20,000 chunks is created whole", async (store) => {
    await createRun(store, "orders_1", ranges(20_000));
    const tasks = await store.chunkTasks("orders_1");
    assert.equal(tasks.length, 20_000);
    assert.equal(tasks[19_999].endKey, "19999999");
  }),
  stateCase(
    "I5: the lowest pending task is claimed, completed and never claimed again",
    async (s) => {
      await createRun(s, "orders_1", ranges(2));
      const claimed = await s.claimChunkTask("orders_1");
      assert.equal(claimed?.chunkIndex, 0);
      assert.equal(claimed?.status, "running");
      assert.equal(claimed?.attempts, 1);
      await s.completeChunkTask("orders_1", 0, completion(500));
      assert.equal(await claimIndex(s, "orders_1"), 1);
      assert.equal(await claimIndex(s, "orders_1"), null);
      const [done, running] = await s.chunkTasks("orders_1");
      assert.equal(done.status, "completed");
      assert.equal(done.rowsWritten, 500);
      assert.equal(done.parts, `[{"rows":500}]`);
      assert.equal(done.checksum, "18446744073709551615");
      assert.equal(running.status, "running");
    },
  ),
  stateCase(
    "I2, PG2, I5: a chunk's end, its files, the boundary and a claim are one write",
    async (s) => {
      await createRun(s, "orders_1", ranges(3));
      await s.claimChunkTask("orders_1");
      const also = {
        files: [file("a.parquet"), file("b.parquet")],
        progress: {
          exportName: "orders",
          strategy: "chunked",
          value: "0",
          runId: "orders_1",
          at: AT,
        },
        claimFrom: 0,
      } as const;
      const next = await s.completeChunkTask("orders_1", 0, completion(1), also);
      assert.deepEqual([next?.chunkIndex, next?.status, next?.attempts], [1, "running", 1]);
      assert.deepEqual((await s.files({})).map(({ fileName }) => fileName), [
        "b.parquet",
        "a.parquet",
      ]);
      assert.equal((await s.progressions("orders"))[0].committedValue, "0");

      // One that is refused leaves nothing of the others.
      const refused = s.completeChunkTask("orders_1", 2, completion(1), also);
      await assert.rejects(refused, { code: "CHUNK_FAILED" });
      assert.equal((await s.files({})).length, 2);
      const statuses = (await s.chunkTasks("orders_1")).map((t) => t.status);
      assert.deepEqual(statuses, ["completed", "running", "pending"]);

      assert.equal(await s.completeChunkTask("orders_1", 1, completion(1)), null, "nothing asked");
      assert.equal(await claimIndex(s, "orders_1"), 2);
      const last = await s.completeChunkTask("orders_1", 2, completion(1), { claimFrom: 2 });
      assert.equal(last, null, "nothing left");
    },
  ),
  stateCase("what people read holds no secret and no control character", async (store) => {
    const raw = "it said Xk4!secretQ9\x1b[2J\u202e and postgres://u:p@ss?w@h/db";
    const shown = "it said REDACTED\x1b[2J\u202e and postgres://u:***@h/db";
    const clean = "it said REDACTED\\x1b[2J\\u202e and postgres://u:***@h/db";
    registerSecret("Xk4!secretQ9");
    try {
      const plan = { shape: { base: `SELECT '${raw}'`, column: "Xk4!secretQ9" } };
      await store.createChunkRun({
        runId: "orders_1",
        exportName: "orders",
        planFingerprint: "f1",
        maxAttempts: 3,
        plan: JSON.stringify(plan),
      }, ranges(1));
      await claimIndex(store, "orders_1");
      await store.failChunkTask("orders_1", 0, raw);
      await store.recordMetric(metric("orders_1", { errorMessage: raw }));
      await store.appendJournal([
        event("orders_1", 1, { data: JSON.stringify({ error: raw, rows: 5, list: [raw] }) }),
      ]);
      await store.saveAggregate({
        aggregateId: "a",
        startedAt: AT,
        finishedAt: AT,
        ...{ exports: 1, succeeded: 0, failed: 1, skipped: 0, rows: 0, bytes: 0 },
        detail: JSON.stringify({ error: raw, rows: 5 }),
      });

      assert.equal((await store.chunkTasks("orders_1"))[0].error, clean);
      assert.deepEqual(JSON.parse((await store.latestChunkRun("orders"))?.plan ?? ""), {
        shape: { base: `SELECT '${shown}'`, column: "Xk4!secretQ9" },
      });
      assert.equal((await store.metrics({}))[0].errorMessage, clean);
      const [{ events }] = await store.journal({});
      assert.deepEqual(JSON.parse(events[0].data), { error: shown, rows: 5, list: [shown] });
      // deno-lint-ignore no-control-regex
      assert.doesNotMatch(events[0].data, /[\x00-\x1f\x7f-\x9f\u202a-\u202e]/);
      assert.equal(JSON.parse((await store.aggregates(1))[0].detail).error, shown);
    } finally {
      forgetSecrets();
    }
  }),
  stateCase("I5: a failed task is claimed again while it has attempts left", async (store) => {
    await createRun(store, "orders_1", ranges(2), 2);
    assert.equal(await claimIndex(store, "orders_1"), 0);
    await store.failChunkTask("orders_1", 0, "connection\0lost");
    assert.equal((await store.chunkTasks("orders_1"))[0].error, "connection\\x00lost");
    assert.equal(await claimIndex(store, "orders_1"), 1);
    await store.completeChunkTask("orders_1", 1, completion(1));
    assert.equal((await store.claimChunkTask("orders_1"))?.attempts, 2);
    await store.failChunkTask("orders_1", 0, "again");
    assert.equal(await claimIndex(store, "orders_1"), null);

    assert.equal(await store.retryFailedChunkTasks("orders_1"), 1);
    assert.equal((await store.claimChunkTask("orders_1"))?.attempts, 1);
    await store.completeChunkTask("orders_1", 0, completion(1));
    assert.equal((await store.chunkTasks("orders_1"))[0].error, null);
  }),
  stateCase("I5: only a running task is completed or failed", async (store) => {
    await createRun(store, "orders_1", ranges(1));
    const refused = { code: "CHUNK_FAILED", message: /chunk 0 of run orders_1 is pending/ };
    await assert.rejects(store.completeChunkTask("orders_1", 0, completion(1)), refused);
    await assert.rejects(store.failChunkTask("orders_1", 0, "x"), refused);
    await store.claimChunkTask("orders_1");
    await store.completeChunkTask("orders_1", 0, completion(1));
    const completed = { code: "CHUNK_FAILED", message: /is completed, not running/ };
    await assert.rejects(store.completeChunkTask("orders_1", 0, completion(2)), completed);
    await assert.rejects(store.failChunkTask("orders_1", 0, "x"), completed);
    await assert.rejects(store.completeChunkTask("orders_1", 9, completion(1)), {
      code: "CHECKPOINT_MISSING",
    });
    assert.equal((await store.chunkTasks("orders_1"))[0].rowsWritten, 1);
  }),
  stateCase("I5: on resume, running tasks return to pending and completed ones stay", async (s) => {
    await createRun(s, "orders_1", ranges(3));
    await s.claimChunkTask("orders_1");
    await s.completeChunkTask("orders_1", 0, completion(1));
    await s.claimChunkTask("orders_1");
    await s.claimChunkTask("orders_1");
    assert.equal(await s.requeueRunningChunkTasks("orders_1"), 2);
    const statuses = (await s.chunkTasks("orders_1")).map((t) => t.status);
    assert.deepEqual(statuses, ["completed", "pending", "pending"]);
    assert.equal((await s.claimChunkTask("orders_1"))?.attempts, 2);
  }),
  stateCase(
    "I6: a run is closed only when no task is open, and the error names them",
    async (s) => {
      await createRun(s, "orders_1", ranges(3), 1);
      await s.claimChunkTask("orders_1");
      await s.completeChunkTask("orders_1", 0, completion(1));
      await s.claimChunkTask("orders_1");
      await s.failChunkTask("orders_1", 1, "deadlock");
      await assert.rejects(s.completeChunkRun("orders_1"), {
        code: "CHUNK_FAILED",
        message: /2 chunk\(s\).*chunk 1 \(failed, attempts 1: deadlock\), chunk 2 \(pending/,
      });
      assert.equal((await s.chunkRunInProgress("orders"))?.runId, "orders_1");
      await s.retryFailedChunkTasks("orders_1");
      for (let index = await claimIndex(s, "orders_1"); index !== null;) {
        await s.completeChunkTask("orders_1", index, completion(1));
        index = await claimIndex(s, "orders_1");
      }
      await s.completeChunkRun("orders_1");
      assert.equal(await s.chunkRunInProgress("orders"), null);
      assert.equal((await s.latestChunkRun("orders"))?.status, "completed");
      assert.equal(await s.claimChunkTask("orders_1"), null);
      await assert.rejects(s.completeChunkRun("nowhere"), { code: "CHECKPOINT_MISSING" });
    },
  ),
  stateCase("a repair replaces the result of a completed chunk only", async (store) => {
    await createRun(store, "orders_1", ranges(2));
    await store.claimChunkTask("orders_1");
    await store.completeChunkTask("orders_1", 0, completion(1));
    await store.replaceChunkResult("orders_1", 0, completion(9));
    assert.equal((await store.chunkTasks("orders_1"))[0].rowsWritten, 9);
    await assert.rejects(store.replaceChunkResult("orders_1", 1, completion(9)), {
      code: "CHUNK_FAILED",
    });
  }),
  stateCase("a reset removes runs with their tasks, with stuckOnly the open one", async (store) => {
    for (const runId of ["orders_1", "orders_2"]) {
      await createRun(store, runId, ranges(1));
      await store.claimChunkTask(runId);
      await store.completeChunkTask(runId, 0, completion(1));
      await store.completeChunkRun(runId);
    }
    await createRun(store, "orders_3", ranges(1));
    assert.equal(await store.resetChunks("orders", { stuckOnly: true }), 1);
    assert.deepEqual(await store.chunkTasks("orders_3"), []);
    assert.deepEqual((await store.chunkRuns({})).map((r) => r.runId), ["orders_2", "orders_1"]);
    assert.equal(await store.resetChunks("events"), 0);
    assert.equal(await store.resetChunks("orders"), 2);
    assert.equal(await store.latestChunkRun("orders"), null);
  }),
];

const HISTORY: StateCase[] = [
  stateCase("metrics keep every field and are listed newest first", async (store) => {
    const success = metric("orders_1");
    const failed = metric("orders_2", {
      status: "failed",
      validated: null,
      schemaChanged: true,
      errorCode: "SOURCE_TIMEOUT",
      errorMessage: "canceling statement",
    });
    for (const m of [success, failed, metric("events_1", { exportName: "events" })]) {
      await store.recordMetric(m);
    }
    assert.deepEqual(await store.metrics({ exportName: "orders" }), [failed, success]);
    assert.deepEqual(await store.metrics({ exportName: "orders", last: 1 }), [failed]);
    assert.equal((await store.metrics({})).length, 3);
  }),
  stateCase("a resumed run keeps the metric of its failure", async (store) => {
    await store.recordMetric(metric("orders_1", { status: "failed" }));
    await store.recordMetric(metric("orders_1"));
    const statuses = (await store.metrics({})).map((m) => m.status);
    assert.deepEqual(statuses, ["success", "failed"]);
  }),
  stateCase("the journal lists runs newest first, their events in order", async (store) => {
    await store.appendJournal([event("orders_1", 1), event("orders_1", 2)]);
    await store.appendJournal([event("events_1", 1, { exportName: "events" })]);
    await store.appendJournal([event("orders_2", 1, { data: `{"path":"a"}` })]);
    await store.appendJournal([]);
    assert.deepEqual((await store.journal({})).map((r) => r.runId), [
      "orders_2",
      "events_1",
      "orders_1",
    ]);
    const orders = await store.journal({ exportName: "orders", last: 1 });
    assert.deepEqual(orders, [{
      runId: "orders_2",
      exportName: "orders",
      events: [event("orders_2", 1, { data: `{"path":"a"}` })],
    }]);
    const [first] = await store.journal({ runId: "orders_1" });
    assert.deepEqual(first.events.map((e) => e.seq), [1, 2]);
    assert.deepEqual(await store.journal({ runId: "nowhere" }), []);
    const ids = [
      "orders_20260521T120000.001",
      "orders_20260521T120000.999",
      "orders_20260521T1200001",
    ];
    await store.appendJournal(ids.map((runId) => event(runId, 1)));
    const ofSecond = await store.journal({ runId: "orders_20260521T120000", exportName: "orders" });
    assert.deepEqual(ofSecond.map((r) => r.runId), [ids[1], ids[0]]);
    assert.equal((await store.journal({ runId: ids[0] })).length, 1);
  }),
  stateCase("a resumed run appends to its journal", async (store) => {
    await store.appendJournal([event("orders_1", 1), event("orders_1", 2)]);
    await store.appendJournal([event("orders_2", 1)]);
    await store.appendJournal([event("orders_1", 1, { event: "resumed" })]);
    const [resumed] = await store.journal({ exportName: "orders" });
    assert.equal(resumed.runId, "orders_1");
    assert.deepEqual(resumed.events.map((e) => e.event), [
      "part_committed",
      "part_committed",
      "resumed",
    ]);
  }),
  stateCase("many runs are summed up by the state", async (store) => {
    const at = (day: number) => `2026-02-0${day}T10:00:00.000Z`;
    const runs: [string, Partial<RunMetric>][] = [
      ["orders_1", { startedAt: at(1), finishedAt: at(1), rows: 10, bytes: 100, durationMs: 40 }],
      ["orders_2", { startedAt: at(2), finishedAt: at(2), status: "failed", rows: 0, bytes: 0 }],
      ["events_1", { startedAt: at(2), exportName: "events", rows: 5, bytes: 7, retries: 2 }],
      ["events_2", {
        startedAt: at(3),
        exportName: "events",
        status: "skipped",
        rows: 0,
        bytes: 0,
      }],
    ];
    assert.deepEqual(await store.historyTotals({}), {
      ...{ exports: 0, runs: 0, success: 0, failed: 0, skipped: 0, interrupted: 0 },
      ...{ rows: 0, bytes: 0, retries: 0, firstAt: null, lastAt: null },
    });
    for (const [runId, fields] of runs) await store.recordMetric(metric(runId, fields));
    const { retries: _, ...totals } = await store.historyTotals({});
    assert.deepEqual(totals, {
      ...{ exports: 2, runs: 4, success: 2, failed: 1, skipped: 1, interrupted: 0 },
      ...{ rows: 15, bytes: 107, firstAt: at(1), lastAt: at(3) },
    });
    assert.equal((await store.historyTotals({ since: at(3) })).runs, 1);
    assert.equal((await store.historyTotals({ exportName: "orders", since: at(2) })).failed, 1);

    const histories = await store.exportHistories({ last: 9 });
    assert.deepEqual(histories.map((h) => [h.latest.runId, h.runs, h.failures, h.rows, h.bytes]), [
      ["orders_2", 2, 1, 10, 100],
      ["events_2", 2, 0, 5, 7],
    ]);
    assert.equal(histories[0].lastSuccessAt, at(1));
    assert.deepEqual(histories[0].latest, metric("orders_2", runs[1][1]));
    assert.equal((await store.exportHistories({ last: 1 })).length, 1);

    const days = await store.historySlots({ digits: 10, last: 9 });
    assert.deepEqual(days.map((d) => [d.at, d.success, d.failed, d.skipped, d.rows]), [
      ["2026-02-01", 1, 0, 0, 10],
      ["2026-02-02", 1, 1, 0, 5],
      ["2026-02-03", 0, 0, 1, 0],
    ]);
    const [newest] = await store.historySlots({ digits: 7, last: 1 });
    assert.deepEqual([newest.at, newest.rows, newest.bytes], ["2026-02", 15, 107]);
    const since = await store.metrics({ since: at(2), exportName: "events" });
    assert.deepEqual(since.map(({ runId }) => runId), ["events_2", "events_1"]);
    assert.deepEqual((await store.metrics({ runId: "orders_1" })).map((m) => m.rows), [10]);
  }),
  stateCase("events are found by name, run and time, newest first", async (store) => {
    const late = "2026-03-01T00:00:00.000Z";
    await store.appendJournal([event("orders_1.5", 1), event("orders_1.5", 2, { event: "retry" })]);
    await store.appendJournal([event("orders_2", 1, { event: "retry", at: late })]);
    await store.appendJournal([event("e_1", 1, { event: "timed", exportName: "events" })]);
    const found = async (filter: Omit<Parameters<StateReader["events"]>[0], "last">, last = 9) =>
      (await store.events({ ...filter, last })).map(({ runId }) => runId);
    assert.deepEqual(await found({ names: ["retry", "timed"] }), ["e_1", "orders_2", "orders_1.5"]);
    assert.deepEqual(await found({ names: ["retry", "timed"] }, 1), ["e_1"]);
    assert.deepEqual(await found({ names: ["retry"], since: late }), ["orders_2"]);
    assert.deepEqual(await found({ names: ["retry"], runId: "orders_1" }), ["orders_1.5"]);
    assert.deepEqual(await found({ names: ["retry"], exportName: "events" }), []);
  }),
  stateCase("chunks with parts that are no data come first", async (store) => {
    await createRun(store, "orders_1", ranges(3));
    for (const chunk of [0, 1, 2]) {
      await store.claimChunkTask("orders_1");
      if (chunk === 2) break;
      const parts = `[{"path":"a"${chunk === 1 ? ',"status":"superseded"' : ""}}]`;
      await store.completeChunkTask("orders_1", chunk, { rowsWritten: 1, parts, checksum: null });
    }
    const chunks = await store.chunkParts("orders_1", 9);
    assert.deepEqual(chunks.map(({ chunkIndex }) => chunkIndex), [1, 0]);
    assert.match(chunks[0].parts, /superseded/);
    assert.equal((await store.chunkParts("orders_1", 1)).length, 1);
    assert.deepEqual(await store.chunkParts("orders_2", 9), []);
  }),
  stateCase("schema and shape are replaced together", async (store) => {
    assert.equal(await store.schema("orders"), null);
    const record = {
      exportName: "orders",
      columns: [
        { name: "id", nativeType: "bigint", nullable: false },
        { name: 'na"me', nativeType: "numeric(10,2)", nullable: true },
      ],
      widths: { id: 8, 'na"me': 5.25 },
      fingerprint: "xxh3:aa",
      runId: "orders_1",
      updatedAt: AT,
    };
    await store.saveSchema(record);
    assert.deepEqual(await store.schema("orders"), record);
    const changed = { ...record, columns: [], widths: {}, fingerprint: "xxh3:bb", runId: "2" };
    await store.saveSchema(changed);
    assert.deepEqual(await store.schema("orders"), changed);
  }),
  stateCase("aggregates are listed newest first", async (store) => {
    const record = (aggregateId: string, startedAt: string) => ({
      aggregateId,
      startedAt,
      finishedAt: startedAt,
      exports: 3,
      succeeded: 1,
      failed: 1,
      skipped: 1,
      rows: 5_000_000_000,
      bytes: 1,
      detail: "{}",
    });
    const [older, newer] = [record("a", AT), record("b", "2026-02-01T00:00:00.000Z")];
    await store.saveAggregate(older);
    await store.saveAggregate(newer);
    assert.deepEqual(await store.aggregates(5), [newer, older]);
    assert.deepEqual(await store.aggregates(1), [newer]);
  }),
];

type Progress = Parameters<LeasedState["commitProgress"]>[0];

function progress(value: string, changes: Partial<Progress> = {}): Progress {
  return {
    exportName: "orders",
    strategy: "incremental",
    value,
    runId: "orders_1",
    at: AT,
    ...changes,
  };
}

async function committed(store: StateStore): Promise<string | null> {
  return (await store.progressions("orders"))[0].committedValue;
}

/** What any client of the database reads. */
async function query(place: StatePlace, sql: string): Promise<Record<string, unknown>[]> {
  const url = place.env.RIVET_STATE_URL;
  const db = url === undefined
    ? await connectSqlite(join(place.dir, STATE_FILE))
    : connectPostgres(url);
  try {
    return (await db.all(sql)).map((row) => ({ ...row }));
  } finally {
    await db.close();
  }
}

const PROGRESSION: StateCase[] = [
  {
    name: "the boundaries are there by their documented names too, one column per kind",
    run: (place) =>
      withLease(place, async (state) => {
        const chunked = { strategy: "chunked", runId: "orders_2" } as const;
        await state.commitProgress(progress("9", chunked));
        await state.verifyProgress(progress("7", chunked));
        await state.commitProgress(progress("00042", { exportName: "events" }));
        const columns = ["strategy", "cursor", "chunk_index", "run_id", "at"];
        const named = (what: string) => columns.map((c) => `last_${what}_${c}`);
        const all = [...named("committed"), ...named("verified")];
        const rows = await query(
          place,
          `SELECT ${all.join(", ")} FROM export_progression ORDER BY export_name`,
        );
        // Integers come as they do from each driver.
        const read = rows.map((row) => all.map((c) => row[c] === null ? null : String(row[c])));
        assert.deepEqual(read, [
          ["incremental", "00042", null, "orders_1", AT, null, null, null, null, null],
          ["chunked", null, "9", "orders_2", AT, "chunked", null, "7", "orders_2", AT],
        ]);
      }),
  },
  stateCase("PG3: an incremental commit never moves backwards", async (store) => {
    assert.deepEqual(await store.progressions(), []);
    assert.equal(await store.commitProgress(progress("99999999999999999998")), true);
    assert.equal(await store.commitProgress(progress("100000000000000000000")), true);
    assert.equal(await store.commitProgress(progress("99999999999999999999")), false);
    assert.equal(await committed(store), "100000000000000000000");
  }),
  stateCase("PG3: text cursors are ordered by bytes", async (store) => {
    assert.equal(await store.commitProgress(progress("2026-01-31 10:00:00.000001")), true);
    assert.equal(await store.commitProgress(progress("2026-01-31 10:00:00")), false);
    assert.equal(await store.commitProgress(progress("2026-02-01 00:00:00")), true);
  }),
  stateCase(
    "PG4: chunked boundaries replace each other and the other strategy's",
    async (store) => {
      await store.commitProgress(progress("42"));
      await store.verifyProgress(progress("42"));
      const chunked = { strategy: "chunked", runId: "orders_2" } as const;
      assert.equal(await store.commitProgress(progress("9", chunked)), true);
      assert.equal(await store.commitProgress(progress("3", chunked)), true);
      await store.verifyProgress(progress("42"));
      assert.deepEqual(await store.progressions(), [{
        exportName: "orders",
        committedStrategy: "chunked",
        committedValue: "3",
        committedRunId: "orders_2",
        committedAt: AT,
        verifiedStrategy: null,
        verifiedValue: null,
        verifiedRunId: null,
        verifiedAt: null,
      }]);
    },
  ),
  stateCase("PG5: verified moves on its own and leaves committed alone", async (store) => {
    const chunked = { strategy: "chunked" } as const;
    await store.commitProgress(progress("9", chunked));
    await store.verifyProgress(progress("9", { ...chunked, at: "2026-02-01T00:00:00.000Z" }));
    await store.verifyProgress(progress("1", { ...chunked, exportName: "events" }));
    const [events, orders] = await store.progressions();
    assert.equal(events.committedStrategy, null);
    assert.equal(events.verifiedValue, "1");
    assert.equal(orders.committedAt, AT);
    assert.equal(orders.verifiedStrategy, "chunked");
    assert.equal(orders.verifiedAt, "2026-02-01T00:00:00.000Z");
  }),
];

/** The state as a process of another host has it; the tables are there already. */
async function withOtherHost(
  place: StatePlace,
  work: (store: StateStore) => Promise<void>,
): Promise<void> {
  const url = place.env.RIVET_STATE_URL;
  const db = url === undefined
    ? await connectSqlite(join(place.dir, STATE_FILE))
    : connectPostgres(url);
  const self: LeaseOwner = { host: "far", hostId: "far/1", pid: 7, processStart: "7" };
  const far: Processes = { self, isGone: () => false };
  const store = createStore(db, far);
  try {
    await work(store);
  } finally {
    await store.close();
  }
}

type Write = Exclude<keyof LeasedState, keyof StateReader | "lease" | "release">;

/** Every way to write what an export remembers; each would succeed for the holder of the lease. */
const WRITES: Record<Write, (state: LeasedState) => Promise<unknown>> = {
  beginRun: (s) => s.beginRun("orders_9"),
  renew: (s) => s.renew(),
  saveCursor: (s) =>
    s.saveCursor({ exportName: "orders", cursor: "9", updatedAt: AT, runId: "orders_9" }),
  resetCursor: (s) => s.resetCursor("orders"),
  logFile: (s) => s.logFile(file("late.parquet")),
  createChunkRun: (s) => createRun(s, "orders_9", ranges(1)),
  claimChunkTask: (s) => s.claimChunkTask("orders_1"),
  completeChunkTask: (s) => s.completeChunkTask("orders_1", 1, completion(9)),
  failChunkTask: (s) => s.failChunkTask("orders_1", 1, "late"),
  requeueRunningChunkTasks: (s) => s.requeueRunningChunkTasks("orders_1"),
  retryFailedChunkTasks: (s) => s.retryFailedChunkTasks("orders_1"),
  completeChunkRun: (s) => s.completeChunkRun("orders_1"),
  finishChunkRun: (s) => s.finishChunkRun("orders_1"),
  replaceChunkResult: (s) => s.replaceChunkResult("orders_1", 0, completion(9)),
  resetChunks: (s) => s.resetChunks("orders"),
  saveSchema: (s) =>
    s.saveSchema({
      ...{ exportName: "orders", columns: [], widths: {}, fingerprint: "late" },
      ...{ runId: "orders_9", updatedAt: AT },
    }),
  commitProgress: (s) => s.commitProgress(progress("9")),
  verifyProgress: (s) => s.verifyProgress(progress("9")),
};

/** What an export remembers, whole. */
async function remembered(store: StateReader): Promise<unknown> {
  return {
    cursors: await store.cursors(),
    files: await store.files({}),
    runs: await store.chunkRuns({}),
    tasks: await store.chunkTasks("orders_1"),
    schema: await store.schema("orders"),
    progressions: await store.progressions(),
    sequence: await store.lastSequence(),
  };
}

/** A chunk run with one chunk done, one running and one failed, a cursor and a boundary. */
async function fill(state: LeasedState): Promise<void> {
  await state.beginRun("orders_1");
  await createRun(state, "orders_1", ranges(3));
  for (const index of [0, 1, 2]) assert.equal(await claimIndex(state, "orders_1"), index);
  await state.completeChunkTask("orders_1", 0, completion(1));
  await state.failChunkTask("orders_1", 2, "deadlock");
  await state.saveCursor({ exportName: "orders", cursor: "1", updatedAt: AT, runId: "orders_1" });
  await state.commitProgress(progress("1"));
}

async function holder(store: StateStore, exportName = "orders"): Promise<unknown> {
  const answer = await store.acquireLease(exportName, LEASE_MS);
  return answer.kind === "held" ? [answer.by.runId, answer.by.owner.host] : answer.kind;
}

const ALL = { index: 0, of: 1 };
const worker = (name: string) => ({ worker: name, task: "claim" });

type Join = (name: string, lengthMs?: number) => Promise<TaskState>;

/** With a run of `orders_1` whose chunks several workers share. */
function withSharedRun(
  place: StatePlace,
  chunks: number,
  work: (store: StateStore, join: Join) => Promise<void>,
): Promise<void> {
  return withStore(place, async (store) => {
    const opener = await leased(store);
    await opener.beginRun("orders_1");
    await opener.createChunkRun(
      {
        ...{ runId: "orders_1", exportName: "orders", planFingerprint: "f1", maxAttempts: 3 },
        ...{ plan: "{}", planId: "p1" },
      },
      ranges(chunks),
    );
    await opener.release();
    await work(store, async (name, lengthMs = LEASE_MS) => {
      const answer = await store.joinRun("orders", "orders_1", worker(name), lengthMs);
      if (answer.kind === "granted") return answer.state;
      throw new Error(`held by ${answer.by.runId}`);
    });
  });
}

const LEASES: StateCase[] = [
  {
    name: "a lease is held by one at a time, and the answer says by whom",
    run: (place) =>
      withStore(place, async (store) => {
        assert.deepEqual(await store.leases(), []);
        const orders = await leased(store);
        await orders.beginRun("orders_1");
        const { self } = systemProcesses();
        assert.deepEqual(await holder(store), ["orders_1", self.host]);
        // Another export is another lease, with a number of its own.
        const events = await leased(store, "events");
        assert.ok(events.lease.number > orders.lease.number);
        const held = await store.leases();
        assert.deepEqual(held.map((l) => [l.exportName, l.number, l.runId, l.owner, l.status]), [
          ["events", events.lease.number, null, self, "live"],
          ["orders", orders.lease.number, "orders_1", self, "live"],
        ]);
        assert.equal(Date.parse(held[1].expiresAt) - Date.parse(held[1].renewedAt), LEASE_MS);
        await orders.release();
        await orders.release();
        const again = await leased(store);
        assert.ok(again.lease.number > events.lease.number);
        // What was released does not write any more, though the same process holds the lease again.
        await assert.rejects(orders.renew(), { code: "LEASE_LOST" });
        await again.renew();
      }),
  },
  {
    name: "a lease of another host is kept until it expires, whatever runs under its pid here",
    run: (place) =>
      withStore(place, async (store) => {
        await withOtherHost(place, async (far) => {
          const held = await leased(far, "orders", LEASE_MS);
          await held.beginRun("orders_1");
          assert.deepEqual(await holder(store), ["orders_1", "far"]);
          await held.release();
          const short = await leased(far, "orders", 1);
          await new Promise((resolve) => setTimeout(resolve, 20));
          assert.equal((await store.leases())[0].status, "expired");
          // Nobody has taken it: to renew it is enough.
          await short.renew();
          await new Promise((resolve) => setTimeout(resolve, 20));
          assert.equal(await holder(store), "granted");
          await assert.rejects(short.renew(), {
            code: "LEASE_LOST",
            message: /export 'orders' is no longer ours: another run has it now \(host /,
          });
        });
      }),
  },
  {
    name:
      "whoever has slept through the end of its lease writes nothing that the next one would see",
    run: (place) =>
      withStore(place, async (store) => {
        const slept = await leased(store, "orders", 1);
        await fill(slept);
        const before = await remembered(store);
        await new Promise((resolve) => setTimeout(resolve, 20));
        await withOtherHost(place, async (far) => {
          const taken = await leased(far);
          for (const [name, write] of Object.entries(WRITES)) {
            await assert.rejects(write(slept), { code: "LEASE_LOST" }, name);
          }
          assert.deepEqual(await remembered(store), before);
          await slept.release();
          assert.equal((await store.leases())[0].owner.host, "far");
          // The guard is what refused: the holder may do each of them.
          for (const [name, write] of Object.entries(WRITES)) {
            if (name === "completeChunkRun" || name === "createChunkRun") continue;
            await assert.doesNotReject(async () => {
              await taken.resetChunks("orders");
              await fill(taken);
              await write(taken);
            }, name);
          }
        });
      }),
  },
  {
    name: "workers of one run hold the lease together, and it is in everybody else's way",
    run: (place) =>
      withSharedRun(place, 4, async (store, join) => {
        const [a, b] = [await join("a"), await join("b")];
        assert.equal(a.lease.number, b.lease.number);
        assert.deepEqual(await holder(store), ["orders_1", systemProcesses().self.host]);
        const [lease] = await store.leases();
        assert.deepEqual([lease.sharedRun, lease.status], ["orders_1", "live"]);
        const other = await store.joinRun("orders", "orders_2", worker("c"), LEASE_MS);
        assert.equal(other.kind, "held");
        await a.release();
        assert.notEqual(await holder(store), "granted", "b is there still");
        await b.release();
        assert.equal(await holder(store), "granted");
        await assert.rejects(b.claim(ALL, 0), { code: "LEASE_LOST" });
        assert.deepEqual((await store.chunkWorkers("orders_1")).map((w) => [w.worker, w.status]), [
          ["a", "ended"],
          ["b", "ended"],
        ]);
      }),
  },
  {
    name: "I5: a share is claimed by index modulo its number, from where the last claim was",
    run: (place) =>
      withSharedRun(place, 6, async (_, join) => {
        const a = await join("a");
        const share = { index: 1, of: 3 };
        const first = await a.claim(share, 0);
        assert.deepEqual([first?.chunkIndex, first?.attempts, first?.worker], [1, 1, "a"]);
        const second = await a.claim(share, 1);
        assert.equal(second?.chunkIndex, 4);
        assert.equal(await a.claim(share, 4), null);
        assert.deepEqual((await a.openTasks(share)).map((t) => t.chunkIndex), [1, 4]);
        assert.equal(await a.failClaim({ chunkIndex: 1, attempts: 1 }, "deadlock"), "failed");
        const again = await a.claim(share, 4);
        assert.deepEqual([again?.chunkIndex, again?.attempts], [1, 2]);
        await a.release();
        const b = await join("b");
        const returned = await b.claim(ALL, 5);
        assert.equal(returned?.chunkIndex, 5);
        assert.equal((await b.claim(ALL, 5))?.chunkIndex, 0, "what was given back lies behind");
        assert.equal((await b.claim(ALL, 0))?.chunkIndex, 1);
      }),
  },
  {
    name: "fencing: whoever wakes up late cannot replace what another worker committed",
    run: (place) =>
      withSharedRun(place, 2, async (store, join) => {
        const slept = await join("slept", 1);
        const late = await slept.claim(ALL, 0);
        assert.ok(late !== null && late.chunkIndex === 0);
        await new Promise((resolve) => setTimeout(resolve, 20));
        const awake = await join("awake");
        assert.equal((await awake.claim(ALL, 0))?.chunkIndex, 1, "pending ones come first");
        const taken = await awake.claim(ALL, 1);
        assert.deepEqual([taken?.chunkIndex, taken?.attempts], [0, 2]);
        assert.equal(await slept.failClaim(late, "late"), "taken");
        assert.equal(await slept.commitClaim(late, completion(7)), "taken");
        assert.equal(
          await awake.commitClaim({ chunkIndex: 0, attempts: 2 }, completion(1)),
          "committed",
        );
        const [done] = await store.chunkTasks("orders_1");
        assert.deepEqual([done.status, done.worker], ["completed", "awake"]);
        assert.equal(await slept.commitClaim(late, completion(7)), "taken");
        assert.deepEqual((await store.chunkTasks("orders_1"))[0], done);
        // The answer was lost: the same question has the same answer.
        assert.equal(
          await awake.commitClaim({ chunkIndex: 0, attempts: 2 }, completion(1)),
          "committed",
        );
        // Its lease is its own still: it may go on with what is left.
        await slept.renew();
        assert.equal(await slept.claim({ index: 0, of: 2 }, 0), null);
      }),
  },
  {
    name:
      "fencing: a run is finished by one process, when no chunk is open, and no worker writes after",
    run: (place) =>
      withSharedRun(place, 1, async (store, join) => {
        const a = await join("a");
        const claim = await a.claim(ALL, 0);
        assert.ok(claim !== null);
        const open = await store.acquireLease("orders", LEASE_MS, "orders_1");
        assert.equal(open.kind, "held", "a chunk is open");
        assert.equal(await a.commitClaim(claim, completion(5)), "committed");
        assert.equal((await store.acquireLease("orders", LEASE_MS)).kind, "held", "not theirs");
        const finisher = await store.acquireLease("orders", LEASE_MS, "orders_1");
        assert.equal(finisher.kind, "granted");
        assert.equal((await store.acquireLease("orders", LEASE_MS, "orders_1")).kind, "held");
        await assert.rejects(a.renew(), { code: "LEASE_LOST" });
        await assert.rejects(a.claim(ALL, 0), { code: "LEASE_LOST" });
        await assert.rejects(a.logFile(file("late.parquet")), { code: "LEASE_LOST" });
        if (finisher.kind !== "granted") return;
        await finisher.state.completeChunkRun("orders_1");
        await finisher.state.finishChunkRun("orders_1");
        assert.ok((await store.chunkRun("orders_1"))?.finishedAt);
        await a.release();
        await finisher.state.renew();
        await finisher.state.release();
      }),
  },
  {
    name: "a worker of this host that was killed holds its chunks no longer",
    concurrent: true,
    run: (place) =>
      withSharedRun(place, 1, async (store, join) => {
        const child = startProcess(place, "join");
        await child.stdout.getReader().read();
        child.kill("SIGKILL");
        await child.status;
        const [task] = await store.chunkTasks("orders_1");
        assert.equal(task.status, "running");
        const a = await join("a");
        const claim = await a.claim(ALL, 0);
        assert.deepEqual([claim?.chunkIndex, claim?.attempts], [0, 2]);
      }),
  },
  {
    name: "a lease that is ended by force is free, and its holder is refused from then on",
    run: (place) =>
      withStore(place, async (store) => {
        const state = await leased(store);
        const { number } = state.lease;
        assert.equal(await store.endLease("orders", number + 1), false);
        assert.equal(await store.endLease("orders", number), true);
        assert.equal(await store.endLease("orders", number), false);
        assert.deepEqual(await store.leases(), []);
        const cursor = { exportName: "orders", cursor: "1", updatedAt: AT, runId: "r" };
        await assert.rejects(state.saveCursor(cursor), {
          code: "LEASE_LOST",
          message: /it was taken away/,
        });
        assert.ok((await leased(store)).lease.number > number);
      }),
  },
  {
    name: "a lease of a process that was killed on this host is taken at once",
    concurrent: true,
    async run(place) {
      await withStore(place, () => Promise.resolve());
      const child = startProcess(place, "hold");
      const reader = child.stdout.getReader();
      assert.equal(new TextDecoder().decode((await reader.read()).value).trim(), "held");
      await withStore(place, async (store) => {
        assert.deepEqual(await holder(store), ["orders_1", systemProcesses().self.host]);
        child.kill("SIGKILL");
        await child.status;
        assert.equal((await store.leases())[0].status, "dead");
        assert.equal(await holder(store), "granted");
      });
      await reader.cancel();
    },
  },
];

/** Runs that began in this order, whatever their ids and times say. */
const ORDER: StateCase[] = [
  {
    name: "runs are ordered by when they began, not by the clock",
    run: (place) =>
      withStore(place, async (store) => {
        assert.equal(await store.lastSequence(), 0);
        // The clock went back by an hour between the two.
        const [first, second] = ["orders_20260131T110000.000", "orders_20260131T100000.000"];
        const orders: number[] = [];
        for (const [index, runId] of [first, second].entries()) {
          const state = await leased(store);
          const { sequence, previousRunId } = await state.beginRun(runId);
          orders.push(sequence);
          assert.equal(previousRunId, index === 0 ? null : first);
          await (index === 0 ? onTime : anHourBack)(() => createRun(state, runId, ranges(1)));
          await claimIndex(state, runId);
          await state.completeChunkTask(runId, 0, completion(1));
          await state.completeChunkRun(runId);
          await state.release();
        }
        assert.ok(orders[0] < orders[1]);
        assert.equal(await store.lastSequence(), orders[1]);
        assert.deepEqual([await store.sequenceOf(first), await store.sequenceOf(second)], orders);
        assert.equal(await store.sequenceOf("orders_0"), null);
        // The first one lost its lease, and says so only now.
        for (const runId of [second, first]) {
          await store.recordMetric(metric(runId));
          await store.appendJournal([event(runId, 1)]);
        }
        assert.equal((await store.latestChunkRun("orders"))?.runId, second);
        const newestFirst = [second, first];
        assert.deepEqual((await store.chunkRuns({})).map((r) => r.runId), newestFirst);
        assert.deepEqual((await store.metrics({})).map((m) => m.runId), newestFirst);
        assert.deepEqual((await store.journal({})).map((r) => r.runId), newestFirst);
        assert.equal((await store.journal({ exportName: "orders", last: 1 }))[0].runId, second);
      }),
  },
  {
    name: "a run that is resumed is the newest again, and follows the run that it followed",
    run: (place) =>
      withStore(place, async (store) => {
        const begin = async (
          runId: string,
          after?: { sequence: number; previousRunId: string },
        ) => {
          const state = await leased(store);
          const order = await state.beginRun(runId, after);
          await state.release();
          return order;
        };
        const first = await begin("orders_1");
        const second = await begin("orders_2");
        assert.equal(second.previousRunId, "orders_1");
        const again = await begin("orders_2");
        assert.deepEqual(again, { sequence: again.sequence, previousRunId: "orders_1" });
        const resumed = await begin("orders_1");
        assert.deepEqual(resumed, { sequence: resumed.sequence, previousRunId: null });
        assert.ok(first.sequence < second.sequence && second.sequence < again.sequence);
        assert.ok(again.sequence < resumed.sequence);
        // A state that was lost begins behind what a manifest says.
        const after = { sequence: 700, previousRunId: "orders_0" };
        assert.deepEqual(await begin("orders_3", after), {
          sequence: 701,
          previousRunId: "orders_1",
        });
      }),
  },
  stateCase("a lease that only manages the state is no run", async (state) => {
    const store: StateStore = state;
    await state.release();
    const first = await leased(store);
    await first.beginRun("orders_1");
    await first.release();
    await (await leased(store)).release();
    const second = await leased(store);
    assert.equal((await second.beginRun("orders_2")).previousRunId, "orders_1");
    const fresh = await leased(store, "events");
    const after = { sequence: 5, previousRunId: "events_0" };
    assert.equal((await fresh.beginRun("events_1", after)).previousRunId, "events_0");
  }),
  stateCase("invocations are listed by when they were saved first", async (store) => {
    const times = { startedAt: AT, finishedAt: AT };
    const totals = { exports: 1, succeeded: 0, failed: 0, skipped: 0, rows: 0, bytes: 0 };
    const record = (aggregateId: string, startedAt: string) => ({
      ...{ aggregateId, ...times, startedAt, ...totals },
      detail: "{}",
    });
    // The clock went back by a year between them.
    await store.saveAggregate(record("a", "2027-01-31T10:00:00.000Z"));
    await store.saveAggregate(record("b", AT));
    await store.saveAggregate(record("a", "2027-01-31T10:00:00.000Z"));
    assert.deepEqual((await store.aggregates(5)).map((a) => a.aggregateId), ["b", "a"]);
  }),
];

const PROCESS_CASES: StateCase[] = [
  {
    name: "several processes create the state at once",
    concurrent: true,
    async run(place) {
      const children = Array.from({ length: PROCESSES }, () => startProcess(place, "open"));
      const printed = await linesOf(children);
      assert.deepEqual(printed, Array(PROCESSES).fill(["opened"]));
      await withStore(place, async (store) => assert.deepEqual(await store.cursors(), []));
    },
  },
  {
    name: "I5: lanes that claim at once take every task, and none twice",
    concurrent: true,
    run: (place) =>
      withLease(place, async (state) => {
        const tasks = 200;
        await createRun(state, "orders_1", ranges(tasks));
        const claimed: number[] = [];
        const lane = async () => {
          for (;;) {
            const index = await claimIndex(state, "orders_1");
            if (index === null) return;
            claimed.push(index);
            await state.completeChunkTask("orders_1", index, completion(1));
          }
        };
        await Promise.all(Array.from({ length: PROCESSES }, lane));
        assert.deepEqual(claimed.sort((a, b) => a - b), ranges(tasks).map((t) => t.chunkIndex));
        assert.ok((await state.chunkTasks("orders_1")).every((t) => t.attempts === 1));
        await state.completeChunkRun("orders_1");
      }),
  },
  {
    name: "of processes that want one lease at once, one at a time has it",
    concurrent: true,
    async run(place) {
      const times = 10;
      const children = Array.from(
        { length: PROCESSES },
        () => startProcess(place, "count", String(times), String(PROCESSES)),
      );
      await linesOf(children);
      // Each lease read the cursor and wrote the next number: two holders would have lost one.
      const expected = String(PROCESSES * times);
      await withStore(place, async (store) => {
        assert.equal((await store.cursor("orders"))?.cursor, expected);
        assert.deepEqual(await store.leases(), []);
      });
    },
  },
  {
    name: "a process killed inside a write leaves the state as it was before, and usable",
    concurrent: true,
    async run(place) {
      await withLease(place, async (store) => {
        await createRun(store, "orders_1", ranges(2));
        await store.claimChunkTask("orders_1");
        await store.saveCursor({ exportName: "orders", cursor: "1", updatedAt: AT, runId: "r" });
      });
      const child = startProcess(place, "hang-in-write");
      const reader = child.stdout.getReader();
      const { value } = await reader.read();
      assert.equal(new TextDecoder().decode(value).trim(), "writing");
      child.kill("SIGKILL");
      assert.equal((await child.status).signal, "SIGKILL");
      await reader.cancel();
      await withLease(place, async (store) => {
        assert.equal((await store.cursor("orders"))?.cursor, "1");
        await store.saveCursor({ exportName: "orders", cursor: "3", updatedAt: AT, runId: "r" });
        assert.equal((await store.cursor("orders"))?.cursor, "3");
        assert.equal(await store.requeueRunningChunkTasks("orders_1"), 1);
        assert.equal(await claimIndex(store, "orders_1"), 0);
      });
    },
  },
];

export const STATE_CASES: readonly StateCase[] = [
  ...CURSORS,
  ...FILES,
  ...CHUNKS,
  ...HISTORY,
  ...PROGRESSION,
  ...LEASES,
  ...ORDER,
  ...PROCESS_CASES,
];
