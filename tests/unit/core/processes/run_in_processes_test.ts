import { deepEqual, equal, match } from "node:assert/strict";
import type { Child } from "../../../../core/processes/child.ts";
import { EventEmitter } from "../../../../core/processes/events.ts";
import { type ProcessRun, runInProcesses } from "../../../../core/processes/run_in_processes.ts";
import type { ExportSummary } from "../../../../core/report/summary.ts";
import { fakeSummary } from "../../cli/fakes.ts";
import { planned } from "../plan/planned.ts";
import { until } from "../../../support/until.ts";

interface FakeChild extends Child {
  readonly name: string;
  stopped: number;
  /** Its events; `finished` ends it well. */
  readonly emit: EventEmitter;
  log(line: string): void;
  print(line: string): void;
  /** Ends it, as the system reports it. */
  end(how?: string): void;
}

function fakeChild(name: string): FakeChild {
  const pipe = () => {
    const { readable, writable } = new TransformStream<string, string>(
      undefined,
      undefined,
      new CountQueuingStrategy({ highWaterMark: 100 }),
    );
    return { readable, writer: writable.getWriter() };
  };
  const [out, err] = [pipe(), pipe()];
  const { promise, resolve } = Promise.withResolvers<string>();
  const print = (line: string) => void out.writer.write(line);
  const child: FakeChild = {
    name,
    stopped: 0,
    stdout: out.readable,
    stderr: err.readable,
    ended: promise,
    stop: () => void child.stopped++,
    emit: new EventEmitter(print),
    print,
    log: (line) => void err.writer.write(line),
    end(how = "exit code 0") {
      void out.writer.close();
      void err.writer.close();
      resolve(how);
    },
  };
  return child;
}

interface Bench {
  readonly children: FakeChild[];
  readonly seen: string[];
  readonly finished: ExportSummary[];
  /** The exports whose process died. */
  readonly crashes: string[];
  readonly abort: AbortController;
  readonly result: Promise<ExportSummary[]>;
}

function start(
  groups: readonly (readonly string[])[],
  { limit = 9, maxReaders = null, parallel = 1 }: {
    limit?: number;
    maxReaders?: number | null;
    parallel?: number;
  } = {},
): Bench {
  const children: FakeChild[] = [];
  const seen: string[] = [];
  const finished: ExportSummary[] = [];
  const crashes: string[] = [];
  const abort = new AbortController();
  const run: ProcessRun = {
    groups: groups.map((names) =>
      names.map((name) => ({
        exported: planned({ name, config: { parallel } }).exported,
        resume: false,
      }))
    ),
    args: ({ exported }) => [exported.name],
    launch([name]) {
      const child = fakeChild(name);
      children.push(child);
      return child;
    },
    limit,
    maxReaders,
    onLog: (line) => seen.push(`log ${line}`),
    listener: {
      started: (e) => seen.push(`started ${e.exportName}`),
      progress: (e) => seen.push(`progress ${e.exportName} ${e.rows} ${e.chunks?.total}`),
      finished: (s) => {
        seen.push(`finished ${s.exportName} ${s.status}`);
        finished.push(s);
      },
    },
    onCrash: (summary) => {
      crashes.push(`${summary.exportName} ${summary.status}`);
      return Promise.resolve({ ...summary, rows: 7 });
    },
    signal: abort.signal,
  };
  return { children, seen, finished, crashes, abort, result: runInProcesses(run) };
}

const settle = () => new Promise((resolve) => setTimeout(resolve, 5));

function succeed(child: FakeChild): void {
  child.emit.finished(fakeSummary({ exportName: child.name }));
  child.end();
}

for (
  const [parallel, maxReaders, atATime] of [[1, 2, 2], [2, 4, 2], [2, 3, 1], [9, 3, 1]] as const
) {
  Deno.test(`children of ${parallel} readers under ${maxReaders}: ${atATime} at a time`, async () => {
    const { children, result } = start([["a", "b", "c"]], { parallel, maxReaders });
    for (let ended = 0; ended < 3; ended++) {
      await settle();
      equal(children.length, Math.min(3, ended + atATime));
      succeed(children[ended]);
    }
    equal((await result).length, 3);
  });
}

Deno.test("an interrupt starts none of the children that wait for readers", async () => {
  const { children, abort, result } = start([["a", "b"]], { parallel: 2, maxReaders: 2 });
  await settle();
  abort.abort();
  children[0].end("SIGTERM");
  equal((await result).length, 1);
  equal(children.length, 1);
});

Deno.test("a child's events and logs are those of the run", async () => {
  const { children: [child], seen, result } = start([["a"]]);
  child.emit.started({
    exportName: "a",
    runId: "r",
    mode: "full",
    profile: "fast",
    batchSize: null,
    startedAt: "2026-03-29T12:51:09.336Z",
  });
  const progress = { exportName: "a", bytes: 1, estimatedRows: 10, chunks: { done: 1, total: 3 } };
  child.emit.progress({ ...progress, rows: 4 });
  await settle();
  child.log("WARN careful");
  await settle();
  child.print("something else");
  await settle();
  succeed(child);
  deepEqual((await result).map((s) => [s.exportName, s.status]), [["a", "success"]]);
  deepEqual(seen, [
    "started a",
    "progress a 4 3",
    "log WARN careful",
    "log something else",
    "finished a success",
  ]);
});

Deno.test("groups wait for each other; within one the limit holds", async () => {
  const { children, result } = start([["a", "b", "c"], ["d"]], { limit: 2 });
  const names = () => children.map((c) => c.name);
  deepEqual(names(), ["a", "b"]);
  succeed(children[1]);
  await settle();
  deepEqual(names(), ["a", "b", "c"]);
  succeed(children[2]);
  await settle();
  deepEqual(names(), ["a", "b", "c"], "the barrier: a still runs");
  succeed(children[0]);
  await settle();
  deepEqual(names(), ["a", "b", "c", "d"]);
  succeed(children[3]);
  equal((await result).length, 4);
});

Deno.test("a child that ends without Finished has failed, the others go on", async () => {
  const { children: [a, b], finished, result } = start([["a", "b"]]);
  a.emit.started({
    exportName: "a",
    runId: "run-of-a",
    mode: "full",
    profile: "fast",
    batchSize: null,
    startedAt: "2026-03-29T12:51:09.336Z",
  });
  a.log("error: out of luck");
  a.end("SIGKILL");
  await settle();
  equal(finished.length, 1);
  succeed(b);
  const [crashed, done] = await result;
  equal(done.status, "success");
  deepEqual([crashed.status, crashed.runId, crashed.startedAt, crashed.error?.code], [
    "failed",
    "run-of-a",
    "2026-03-29T12:51:09.336Z",
    "EXPORT_FAILED",
  ]);
  equal(crashed.rows, 7, "as whoever recorded the crash found it");
  match(
    crashed.error?.message ?? "",
    /export 'a' ended without a result \(SIGKILL\): error: out of luck/,
  );
  equal(finished[0], crashed);
});

Deno.test("an exit code of 0 without Finished is no success either", async () => {
  const { children: [child], result } = start([["a"]]);
  child.print('{"event":"Finished","summ');
  child.end("exit code 0");
  equal((await result)[0].status, "failed");
});

Deno.test("an interrupt asks every child to stop and starts no further one", async () => {
  const { children, abort, result } = start([["a", "b"], ["c"]]);
  abort.abort();
  deepEqual(children.map((c) => c.stopped), [1, 1]);
  for (const child of children) {
    child.emit.finished(fakeSummary({ exportName: child.name, status: "interrupted" }));
    child.end("exit code 130");
  }
  deepEqual((await result).map((s) => s.status), ["interrupted", "interrupted"]);
  equal(children.length, 2);
});

Deno.test("only a child that dies is told of by its parent", async () => {
  const { children: [dead, failed, well], crashes, result } = start([["a", "b", "c"]]);
  dead.end("SIGKILL");
  failed.emit.finished(fakeSummary({ exportName: "b", status: "failed" }));
  failed.end("exit code 1");
  succeed(well);
  await result;
  deepEqual(crashes, ["a failed"]);
});

Deno.test("what several children warn of is said once; what one says twice, twice", async () => {
  const { children, seen, result } = start([["a", "b"], ["c"]]);
  await Promise.resolve();
  const end = (child: FakeChild) => {
    child.emit.finished(fakeSummary({ exportName: child.name }));
    child.end();
  };
  for (const child of children) {
    child.log("WARN a pooler in between");
    child.log(`WARN ${child.name} again`);
    child.log(`WARN ${child.name} again`);
    child.log("INFO connected");
    end(child);
  }
  await until("the second group", () => children.length === 3, 1);
  children[2].log("WARN a pooler in between");
  end(children[2]);
  await result;
  const logged = seen.filter((line) => line.startsWith("log ")).sort();
  deepEqual(logged, [
    "log INFO connected",
    "log INFO connected",
    "log WARN a again",
    "log WARN a again",
    "log WARN a pooler in between",
    "log WARN b again",
    "log WARN b again",
  ]);
});
