/** Whole runs over adapters in memory: what a run writes, in which order, and what it does when parts fail. */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { SourceError, StateError } from "../../../../core/base/errors.ts";
import type { RunDeps } from "../../../../core/run/context.ts";
import { FAILURES_IN_A_ROW } from "../../../../core/access/breaker.ts";
import { withLeases } from "../../../support/lease.ts";
import { MemoryRun } from "../../../support/memory_run.ts";

const ids = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);
const rowsOf = (numbers: readonly number[]) =>
  numbers.map((id) => JSON.stringify([String(id), `note ${id}`]));

const CHUNKED = { mode: "chunked", chunk_size: 10, chunk_checkpoint: true };

Deno.test("run: a full export leaves its rows, a manifest, _SUCCESS and its record in the state", () =>
  MemoryRun.with(25, async (run) => {
    const { exports: [summary] } = await run.run();
    deepEqual([summary.status, summary.rows, summary.files], ["success", 25, 1]);
    deepEqual(await run.rows(), rowsOf(ids(1, 25)));
    ok(await run.text("_SUCCESS"));
    const [metric] = await run.state.metrics({});
    deepEqual([metric.status, metric.rows, metric.retries], ["success", 25, 0]);
    const [file] = await run.state.files({});
    deepEqual([file.rows, file.runId], [25, summary.runId]);
    const [journal] = await run.state.journal({});
    deepEqual(journal.events.map(({ event }) => event), [
      "started",
      "planned",
      "part_committed",
      "timed",
      "finished",
    ]);
  }));

Deno.test("run: chunks are parts each, and their tasks are completed", () =>
  MemoryRun.with(35, async (run) => {
    const { exports: [summary] } = await run.run({ ...CHUNKED, parallel: 2 });
    deepEqual([summary.status, summary.rows, summary.files], ["success", 35, 4]);
    deepEqual((await run.rows()).sort(), rowsOf(ids(1, 35)).sort());
    const tasks = await run.state.chunkTasks(summary.runId);
    deepEqual(tasks.map(({ status, rowsWritten }) => [status, rowsWritten]), [
      ["completed", 10],
      ["completed", 10],
      ["completed", 10],
      ["completed", 5],
    ]);
  }));

Deno.test("run: an incremental run reads behind the cursor of the one before", () =>
  MemoryRun.with(12, async (run) => {
    const incremental = { mode: "incremental", cursor_column: "id" };
    await run.run(incremental);
    equal((await run.state.cursor("orders"))?.cursor, "12");
    run.server.ids.push(13, 14);
    const { exports: [second] } = await run.run(incremental);
    deepEqual([second.status, second.rows], ["success", 2]);
    deepEqual(await run.rows(), rowsOf([13, 14]));
    equal((await run.state.cursor("orders"))?.cursor, "14");
  }));

Deno.test("run: no rows and skip_empty leave nothing", () =>
  MemoryRun.with(0, async (run) => {
    const { exports: [summary] } = await run.run({ skip_empty: true });
    deepEqual([summary.status, summary.files], ["skipped", 0]);
    equal(await run.text("manifest.json"), null);
    const { exports: [kept] } = await run.run();
    deepEqual([kept.status, kept.files], ["success", 0]);
    ok(await run.text("_SUCCESS"));
  }));

Deno.test("run: a reader that loses its connection reads again, and nobody sees a row twice", () =>
  MemoryRun.with(30, async (run) => {
    let lost = 0;
    run.server.onBatch = () => {
      if (lost++ !== 1) return;
      throw new SourceError("SOURCE_DISCONNECTED", "gone", { category: "disconnect" });
    };
    const { exports: [summary] } = await run.run();
    deepEqual([summary.status, summary.rows, summary.retries], ["success", 30, 1]);
    deepEqual(await run.rows(), rowsOf(ids(1, 30)));
    match(run.warnings.join("\n"), /orders: retry 1 of 2 in \d+ ms: gone/);
    const [journal] = await run.state.journal({});
    const retry = journal.events.find(({ event }) => event === "retry");
    deepEqual(JSON.parse(retry?.data ?? ""), {
      step: "read",
      unit: "orders",
      retry: 1,
      code: "SOURCE_DISCONNECTED",
    });
  }));

Deno.test("run: what fails for good ends the run, and the destination keeps no part of it", () =>
  MemoryRun.with(30, async (run) => {
    run.server.onBatch = () => {
      throw new SourceError("SOURCE_QUERY", "no such column");
    };
    const { exports: [summary] } = await run.run();
    deepEqual([summary.status, summary.error?.code, summary.retries], [
      "failed",
      "SOURCE_QUERY",
      0,
    ]);
    equal(await run.text("manifest.json"), null);
    equal(await run.text("_SUCCESS"), null);
    equal((await run.state.metrics({}))[0].errorCode, "SOURCE_QUERY");
  }));

Deno.test("run: 100 chunks at a source that is gone make few attempts, and the run can be resumed", () =>
  MemoryRun.with(1000, async (run) => {
    const chunked = { ...CHUNKED, parallel: 4 };
    let attempts = 0;
    run.server.onBatch = () => {
      attempts++;
      if (attempts <= 3) return;
      run.server.up = false;
      throw new SourceError("SOURCE_DISCONNECTED", "gone", { category: "disconnect" });
    };
    const { exports: [summary] } = await run.run(chunked);
    deepEqual([summary.status, summary.error?.code], ["failed", "SOURCE_DOWN"]);
    // Five lanes of at most a few attempts each before it opens, and the probes.
    const most = 3 + 5 + FAILURES_IN_A_ROW + 2;
    ok(attempts + run.server.connects <= 2 * most, `${attempts} reads, ${run.server.connects}`);
    const tasks = await run.state.chunkTasks(summary.runId);
    const left = tasks.filter(({ status }) => status === "pending").length;
    ok(left >= 90, `${left} chunks are left to --resume`);
    const blamed = tasks.filter(({ error }) => error?.includes("asked no more"));
    deepEqual(blamed, [], "a chunk is not what failed");

    run.server.up = true;
    run.server.onBatch = () => {};
    const { exports: [resumed] } = await run.run(chunked, { resume: true });
    deepEqual([resumed.status, resumed.rows], ["success", 1000]);
    deepEqual((await run.rows()).sort(), rowsOf(ids(1, 1000)).sort());
  }));

Deno.test("run: the next export of the run asks a source that is down once", () =>
  MemoryRun.with(10, async (run) => {
    run.server.up = false;
    const { exports: [first] } = await run.run();
    equal(first.error?.code, "SOURCE_UNREACHABLE");
    const before = run.server.connects;
    equal(before, 3, "as often as max_retries says");
    await run.run();
    equal(run.server.connects, 2 * before, "another invocation begins anew");
  }));

Deno.test("run: one stop ends the run; what is read then is not committed", () =>
  MemoryRun.with(1000, async (run) => {
    const stop = new AbortController();
    let batches = 0;
    run.server.onBatch = () => {
      if (++batches === 7) stop.abort();
    };
    const chunked = { ...CHUNKED, parallel: 1 };
    const { exports: [summary] } = await run.run(chunked, { signal: stop.signal });
    deepEqual([summary.status, summary.error?.code], ["interrupted", "INTERRUPTED"]);
    ok(batches <= 9, `${batches} batches were read`);
    const tasks = await run.state.chunkTasks(summary.runId);
    deepEqual([...new Set(tasks.map(({ status }) => status))].sort(), ["completed", "pending"]);
    const { exports: [resumed] } = await run.run(chunked, { resume: true });
    deepEqual([resumed.status, resumed.rows], ["success", 1000]);
  }));

Deno.test("run: a count that is cut off is asked again, a count that differs is not", () =>
  MemoryRun.with(10, async (run) => {
    let asked = 0;
    run.server.onRows = (sql) => {
      if (!sql.includes("COUNT(") || asked++ > 0) return;
      throw new SourceError("SOURCE_DISCONNECTED", "gone", { category: "disconnect" });
    };
    const { exports: [summary] } = await run.run({ reconcile: "count" });
    deepEqual([summary.status, summary.reconciled, asked], ["success", true, 2]);
    run.server.onRows = (sql) => {
      if (sql.includes("COUNT(")) asked++;
      run.server.ids.push(100 + asked);
    };
    const { exports: [differs] } = await run.run({ reconcile: "count" });
    deepEqual([differs.status, differs.error?.code, asked], ["failed", "RECONCILE_MISMATCH", 3]);
  }));

Deno.test("run: a quality gate fails the run after its parts and before its cursor", () =>
  MemoryRun.with(10, async (run) => {
    const fields = { mode: "incremental", cursor_column: "id", quality: { row_count_min: 11 } };
    const { exports: [summary] } = await run.run(fields);
    deepEqual([summary.status, summary.error?.code], ["failed", "QUALITY_FAILED"]);
    equal(await run.state.cursor("orders"), null);
    equal((await run.state.files({})).length, 1);
    equal(await run.text("_SUCCESS"), null);
  }));

/** The writes of a run in their order, those to its destination by their key; those named fail. */
function recording(calls: string[], failing: readonly string[] = []): (deps: RunDeps) => RunDeps {
  return (deps) => {
    const noted = <T extends object>(target: T, isWrite: RegExp): T =>
      new Proxy(target, {
        get(inner, name) {
          const value = Reflect.get(inner, name);
          if (typeof value !== "function") return value;
          return (...args: unknown[]) => {
            if (isWrite.test(String(name))) {
              const key = typeof args[1] === "string"
                ? ` ${args[1].replace(/\d{8}.*\./, "*.")}`
                : "";
              calls.push(`${String(name)}${key}`);
            }
            if (failing.includes(String(name))) {
              return Promise.reject(new StateError("STATE_UNAVAILABLE", "the disk is full"));
            }
            return value.apply(inner, args);
          };
        },
      });
    const stateWrites = /^(save|log|record|append|commit|complete|begin)/;
    return {
      ...deps,
      state: noted(
        withLeases(deps.state, (leased) => noted(leased, stateWrites)),
        stateWrites,
      ),
      destination: async (config) => noted(await deps.destination(config), /^(put|replace|move)$/),
    };
  };
}

Deno.test("I1 to I4, M1, M2: every write of a run, in this order", () =>
  MemoryRun.with(10, async (run) => {
    const calls: string[] = [];
    await run.run({ mode: "incremental", cursor_column: "id" }, {}, recording(calls));
    deepEqual(calls, [
      "beginRun",
      "put orders_*.lines",
      "logFile",
      "replace manifest-orders_*.json",
      "saveCursor",
      "commitProgress",
      "saveSchema",
      "replace manifest-orders_*.json",
      "replace manifest.json",
      "replace _SUCCESS",
      "recordMetric",
      "appendJournal",
      "saveAggregate",
    ]);
  }));

Deno.test("I7: bookkeeping that fails is a WARN each, and the export is a success", () =>
  MemoryRun.with(10, async (run) => {
    const failing = ["logFile", "saveSchema", "recordMetric", "appendJournal", "saveAggregate"];
    const { exports: [summary] } = await run.run({}, {}, recording([], failing));
    deepEqual([summary.status, summary.rows], ["success", 10]);
    deepEqual(run.warnings.filter((text) => text.includes("the disk is full")).length, 5);
    ok(await run.text("_SUCCESS"));
  }));

Deno.test("I3: a cursor that cannot be written fails the run, and the next run exports its rows", () =>
  MemoryRun.with(10, async (run) => {
    const fields = { mode: "incremental", cursor_column: "id" };
    const { exports: [summary] } = await run.run(fields, {}, recording([], ["saveCursor"]));
    deepEqual([summary.status, summary.error?.code], ["failed", "STATE_UNAVAILABLE"]);
    const { exports: [again] } = await run.run(fields);
    equal(again.status, "success");
    equal((await run.state.cursor("orders"))?.cursor, "10");
  }));

Deno.test("I8: who is told of a failure is told last, and once", () =>
  MemoryRun.with(10, async (run) => {
    run.server.onBatch = () => {
      throw new SourceError("SOURCE_QUERY", "no such column");
    };
    await run.run();
    equal(run.notifier.messages.length, 1);
    match(run.notifier.messages[0], /SOURCE_QUERY/);
  }, ["failure"]));
