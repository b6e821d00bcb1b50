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
  NewChunkTask,
  RunMetric,
  StateStore,
} from "../../core/ports/state.ts";
import { forgetSecrets, registerSecret } from "../../core/base/redact.ts";
import { openState } from "../../state/open.ts";

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
    env: { RIVET_STATE_URL: "", ...place.env },
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

function stateCase(name: string, work: (store: StateStore) => Promise<void>): StateCase {
  return { name, run: (place) => withStore(place, work) };
}

function ranges(count: number, from = 0): NewChunkTask[] {
  return Array.from({ length: count }, (_, i) => ({
    chunkIndex: from + i,
    startKey: String((from + i) * 1000),
    endKey: String((from + i) * 1000 + 999),
  }));
}

async function createRun(
  store: StateStore,
  runId: string,
  tasks: readonly NewChunkTask[],
  maxAttempts = 3,
): Promise<void> {
  const run = { runId, exportName: "orders", planFingerprint: "f1", maxAttempts, plan: "{}" };
  await store.createChunkRun(run, tasks);
}

function completion(rowsWritten: number): ChunkCompletion {
  return { rowsWritten, parts: `[{"rows":${rowsWritten}}]`, checksum: "18446744073709551615" };
}

async function claimIndex(store: StateStore, runId: string): Promise<number | null> {
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
      await withStore(place, (store) => store.saveCursor(cursor));
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
    await store.saveAggregate(newer);
    await store.saveAggregate(older);
    assert.deepEqual(await store.aggregates(5), [newer, older]);
    assert.deepEqual(await store.aggregates(1), [newer]);
  }),
];

type Progress = Parameters<StateStore["commitProgress"]>[0];

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

const PROGRESSION: StateCase[] = [
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
    name: "I5: processes that claim at once take every task, and none twice",
    concurrent: true,
    async run(place) {
      const tasks = 200;
      await withStore(place, (store) => createRun(store, "orders_1", ranges(tasks)));
      const children = Array.from(
        { length: PROCESSES },
        () => startProcess(place, "claim", "orders_1", String(PROCESSES)),
      );
      const printed = await linesOf(children);
      const claimed = printed.flat().map(Number).sort((a, b) => a - b);
      assert.deepEqual(claimed, ranges(tasks).map((t) => t.chunkIndex));
      assert.ok(
        printed.every((lines) => lines.length > 0),
        "one process took everything: nothing was contended",
      );
      await withStore(place, async (store) => {
        assert.ok((await store.chunkTasks("orders_1")).every((t) => t.attempts === 1));
        await store.completeChunkRun("orders_1");
      });
    },
  },
  {
    name: "PG3: processes that commit at once end at the highest cursor",
    concurrent: true,
    async run(place) {
      const times = 50;
      const children = Array.from(
        { length: PROCESSES },
        (_, n) => startProcess(place, "commit", `${n}`, `${PROCESSES}`, `${times}`),
      );
      await linesOf(children);
      const highest = String(PROCESSES * times - 1);
      await withStore(place, async (store) => assert.equal(await committed(store), highest));
    },
  },
  {
    name: "a process killed inside a write leaves the state as it was before, and usable",
    concurrent: true,
    async run(place) {
      await withStore(place, async (store) => {
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
      await withStore(place, async (store) => {
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
  ...PROCESS_CASES,
];
