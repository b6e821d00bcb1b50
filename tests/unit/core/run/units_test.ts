/** Units through readers: what is claimed, committed and given up when a read, a put or the run ends early. */
import { deepEqual, equal, rejects } from "node:assert/strict";
import { DestinationError, SourceError, StateError } from "../../../../core/base/errors.ts";
import { throwIfAborted } from "../../../../core/base/wait.ts";
import { openChunkRun } from "../../../../core/run/checkpoint.ts";
import { CheckpointQueue, MemoryQueue, type RunQueue } from "../../../../core/run/queues.ts";
import { type Unit, type UnitPlan, UnitRunner } from "../../../../core/run/units.ts";
import { timeTotals, type UnitTimes } from "../../../../core/run/unit_watch.ts";
import { MemoryReader, memoryUnit } from "../../../support/memory_reader.ts";
import { RUN_ID, type TestRun, withRun } from "../../../support/run_context.ts";
import { keys } from "../manifest/support.ts";
import { chunkedStrategy } from "./chunks.ts";
import { until } from "../../../support/until.ts";

async function planOf({ ctx, destination }: TestRun, numbered = false): Promise<UnitPlan> {
  const plan = {
    job: { tuning: ctx.exported.tuning, columns: [], watch: null, ties: null, checksum: false },
    output: { columns: [], stages: { unique: { columns: [], maxEntries: 0 } } },
    numbered,
    stagingDir: await destination.stagingDir(),
  };
  return plan as unknown as UnitPlan;
}

async function runner(run: TestRun, queue: RunQueue, reader: MemoryReader, numbered = false) {
  return new UnitRunner(run.ctx, await planOf(run, numbered), queue, [reader]);
}

/** The chunk run of `chunks` in the state, claimed one by one. */
async function checkpoint({ ctx, state }: TestRun, chunks: number): Promise<CheckpointQueue> {
  const ids = { runId: RUN_ID, exportName: "orders" };
  await openChunkRun(ctx.state, { ...ids, maxAttempts: 2 }, chunkedStrategy(chunks), null);
  const tasks = await state.chunkTasks(RUN_ID);
  return new CheckpointQueue(ctx.state, ids, ctx.journal, ({ index }) => memoryUnit(index), {
    tasks,
  });
}

const statuses = async ({ state }: TestRun) =>
  (await state.chunkTasks(RUN_ID)).map(({ status }) => status);

const lost = () =>
  new DestinationError("DESTINATION_FAILED", "connection reset", { category: "network" });
const refused = () => new DestinationError("DESTINATION_AUTH", "no write", { category: "auth" });

Deno.test("units: every unit is read once, committed and completed", () =>
  withRun({}, async (run) => {
    const reader = new MemoryReader();
    const queue = await checkpoint(run, 3);
    await (await runner(run, queue, reader)).run();
    deepEqual(reader.begun, ["read 0", "read 1", "read 2"]);
    const { rows, parts } = await queue.outcome();
    equal(rows, 3);
    deepEqual(await keys(run.destination), parts.map(({ path }) => path).sort());
    deepEqual(await statuses(run), ["completed", "completed", "completed"]);
  }));

Deno.test("units: each leaves where its time went, its failed attempts too", () =>
  withRun({}, async (run) => {
    const { put } = run.destination;
    const reader = new MemoryReader();
    reader.times = { sourceMs: 60, longestMs: 50, restMs: 10 };
    const { now } = performance;
    let clock = 0;
    let failures = 1;
    reader.onRead = () => {
      clock += 100;
      if (failures-- > 0) {
        throw new SourceError("SOURCE_UNREACHABLE", "gone", { category: "network" });
      }
    };
    run.destination.put = async (file, key) => {
      clock += 30;
      return await put.call(run.destination, file, key);
    };
    performance.now = () => clock;
    try {
      await (await runner(run, new MemoryQueue([memoryUnit(7)]), reader)).run();
    } finally {
      performance.now = now;
    }
    const [{ began_at, bytes, ...times }] = run.ctx.journal.dataOf("timed");
    equal(Number.isNaN(Date.parse(String(began_at))), false);
    equal(bytes, "read 7".length);
    deepEqual(times, {
      ...{ chunk: 7, lane: 0, reader: 0, rows: 1, retry_ms: 100, queue_ms: 0, read_ms: 60 },
      ...{ rest_ms: 10, encode_ms: 30, put_ms: 30, state_ms: 0, longest_statement_ms: 50 },
    });
    deepEqual(timeTotals([times, times] as unknown as UnitTimes[]), {
      ...{ retry_ms: 200, queue_ms: 0, read_ms: 120, rest_ms: 20, encode_ms: 60, put_ms: 60 },
      ...{ state_ms: 0, longest_statement_ms: 50 },
    });
  }));

Deno.test("units: a put that passes is tried again, without reading again", () =>
  withRun({}, async (run) => {
    const { put } = run.destination;
    let failures = 2;
    run.destination.put = (file, key) =>
      failures-- > 0 ? Promise.reject(lost()) : put.call(run.destination, file, key);
    const reader = new MemoryReader();
    await (await runner(run, new MemoryQueue([memoryUnit(0)]), reader)).run();
    equal(reader.begun.length, 1);
    equal((await keys(run.destination)).length, 1);
    equal(run.ctx.tracker.retries, 2);
  }));

Deno.test("units, I3: a put that is refused fails its chunk and the run, and nothing more is claimed", () =>
  withRun({}, async (run) => {
    run.destination.put = () => Promise.reject(refused());
    const reader = new MemoryReader();
    const queue = await checkpoint(run, 20);
    await rejects((await runner(run, queue, reader)).run(), { code: "DESTINATION_AUTH" });
    deepEqual(await queue.outcome(), { rows: 0, parts: [] });
    deepEqual(await run.state.files({}), []);
    const open = (await statuses(run)).filter((status) => status === "pending");
    // Two lanes: each may have claimed one before the first failure, and one after it was under way.
    equal(open.length >= 16, true, `${open.length} chunks were left alone`);
  }));

Deno.test("units, I2: what a chunk left is logged with it, and also when it cannot be recorded", () =>
  withRun({}, async (run) => {
    const names = async () => (await run.state.files({})).map(({ fileName }) => fileName).sort();
    const { completeChunkTask } = run.ctx.state;
    const taken = new StateError("CHUNK_FAILED", "chunk 1 is pending, not running");
    const state = {
      ...run.ctx.state,
      completeChunkTask: async (...args: Parameters<typeof completeChunkTask>) => {
        const [, index] = args;
        // Of a chunk that goes well, nothing is logged before.
        equal((await names()).some((name) => name.includes(`_chunk${index}.`)), false);
        return index === 1 ? await Promise.reject(taken) : await completeChunkTask(...args);
      },
    };
    const ctx = { ...run.ctx, state };
    const queue = await checkpoint({ ...run, ctx }, 2);
    await rejects((await runner({ ...run, ctx }, queue, new MemoryReader())).run(), {
      code: "CHUNK_FAILED",
    });
    deepEqual(await keys(run.destination), await names());
    equal((await names()).length, 2);
    deepEqual((await statuses(run))[0], "completed");
  }));

Deno.test("units: a chunk whose read fails for a while is claimed again, up to its attempts", () =>
  withRun({ tuning: { profile: "fast", max_retries: 0 } }, async (run) => {
    const reader = new MemoryReader();
    let failures = 1;
    reader.onRead = (sql) => {
      if (sql !== "read 1" || failures-- <= 0) return;
      throw new SourceError("SOURCE_DISCONNECTED", "gone", { category: "disconnect" });
    };
    const queue = await checkpoint(run, 3);
    await (await runner(run, queue, reader)).run();
    await queue.close();
    equal(reader.begun.filter((sql) => sql === "read 1").length, 2);
    deepEqual(await statuses(run), ["completed", "completed", "completed"]);
    equal((await queue.outcome()).rows, 3);
  }));

Deno.test("units, I6: a chunk without attempts left keeps the run open", () =>
  withRun({ tuning: { profile: "fast", max_retries: 0 } }, async (run) => {
    const reader = new MemoryReader();
    reader.onRead = (sql) => {
      if (sql !== "read 1") return;
      throw new SourceError("SOURCE_DISCONNECTED", "gone", { category: "disconnect" });
    };
    const queue = await checkpoint(run, 3);
    await (await runner(run, queue, reader)).run();
    await rejects(queue.close(), /1/);
    deepEqual(await statuses(run), ["completed", "failed", "completed"]);
    equal((await queue.outcome()).rows, 2);
  }));

Deno.test("units: a stop between read and commit leaves the chunk for the next run", () =>
  withRun({}, async (run) => {
    const { put } = run.destination;
    run.destination.put = async (file, key, signal?: AbortSignal) => {
      run.stop();
      if (signal !== undefined) throwIfAborted(signal);
      return await put.call(run.destination, file, key);
    };
    const reader = new MemoryReader();
    const queue = await checkpoint(run, 3);
    await rejects((await runner(run, queue, reader)).run(), { code: "INTERRUPTED" });
    await queue.release();
    deepEqual(await keys(run.destination), []);
    deepEqual(await statuses(run), ["pending", "pending", "pending"]);
  }));

Deno.test("units: a lease that is lost between read and commit leaves a part that no state knows", () =>
  withRun({}, async (run) => {
    const reader = new MemoryReader();
    reader.onRead = () => run.loseLease();
    const queue = await checkpoint(run, 2);
    await rejects((await runner(run, queue, reader)).run(), { code: "LEASE_LOST" });
    deepEqual(await run.state.files({}), []);
    equal((await statuses(run)).includes("completed"), false);
  }));

Deno.test("units: the reader goes on while a finished unit is committed", () =>
  withRun({}, async (run) => {
    const { put } = run.destination;
    const reader = new MemoryReader();
    const begun: number[] = [];
    run.destination.put = async (file, key) => {
      await until("the second unit", () => reader.begun.length === 2, 1);
      begun.push(reader.begun.length);
      return await put.call(run.destination, file, key);
    };
    await (await runner(run, new MemoryQueue([0, 1].map(memoryUnit)), reader)).run();
    deepEqual(begun, [2, 2], "unit 1 was being read when unit 0 was put");
  }));

Deno.test("units: parts of reads without chunks share one count, those of a chunk have their own", () =>
  withRun({}, async (run) => {
    const whole = (n: number): Unit => ({ ...memoryUnit(n), chunkIndex: null });
    const read = new MemoryQueue([0, 1].map(whole));
    await (await runner(run, read, new MemoryReader(), true)).run();
    const chunks = new MemoryQueue([0, 1].map(memoryUnit));
    await (await runner(run, chunks, new MemoryReader(), true)).run();
    const ends = (await keys(run.destination)).map((key) => key.replace(/^orders_\d+_\d+/, ""));
    deepEqual(ends.sort(), [
      "_chunk0_part0.lines",
      "_chunk1_part0.lines",
      "_part0.lines",
      "_part1.lines",
    ]);
  }));
