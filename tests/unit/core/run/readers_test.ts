/** How many readers and exports a process has at a time, and what of them is left at the end. */
import { deepEqual, equal, match, rejects } from "node:assert/strict";
import type { LoadedConfig } from "../../../../core/config/loaded.ts";
import type { SourceConfig } from "../../../../core/config/schema.ts";
import type { RunDeps } from "../../../../core/run/context.ts";
import { readerLimit, ReaderSlots } from "../../../../core/run/reader_slots.ts";
import { WorkerClient } from "../../../../core/workers/worker_client.ts";
import { LocalThread } from "../../../support/local_thread.ts";
import { loadedExport } from "../../../support/exports.ts";
import { MemoryRun } from "../../../support/memory_run.ts";

const CHUNKED = { mode: "chunked", chunk_size: 10 };
const GO = new AbortController().signal;

function bounds(fields: Partial<Parameters<typeof readerLimit>[0]>): string {
  const limit = readerLimit({
    memoryBudgetMb: 100_000,
    cores: 1000,
    maxConnections: null,
    ...fields,
  });
  return `${limit.readers}: ${limit.reason}`;
}

Deno.test("readers: memory, cores and connections bound them, the tightest of all", () => {
  equal(bounds({ memoryBudgetMb: 256 }), "4: memory_budget_mb: 256");
  equal(bounds({ memoryBudgetMb: 64 }), "1: memory_budget_mb: 64");
  equal(bounds({ cores: 16 }), "32: 16 cores");
  equal(bounds({ cores: 1 }), "4: 1 cores");
  equal(bounds({ cores: 16, maxConnections: 3 }), "3: max_connections: 3");
  equal(bounds({ cores: 16, maxConnections: 300 }), "32: 16 cores");
});

Deno.test("readers: an export waits for its first reader, and takes of the others what is free", async () => {
  const slots = new ReaderSlots({ readers: 3, reason: "a test" });
  await slots.begin(GO);
  equal(slots.more(5), 2);
  let begun = false;
  const second = slots.begin(GO).then(() => begun = true);
  const stop = new AbortController();
  const third = slots.begin(stop.signal);
  stop.abort();
  await rejects(third, { code: "INTERRUPTED" });
  equal(begun, false);
  slots.give(2);
  await second;
  equal(slots.more(5), 1, "one went to who waited");
});

Deno.test("readers: the server is asked once, and half of what it has free is left to others", async () => {
  const slots = new ReaderSlots({ readers: 8, reason: "a test" });
  await slots.begin(GO);
  await slots.begin(GO);
  let asked = 0;
  const ask = () => Promise.resolve(++asked === 1 ? 0 : 100);
  await slots.askServer(ask);
  await slots.askServer(ask);
  deepEqual(slots.limit, { readers: 1, reason: "0 free connections of the server" });
  equal(slots.more(5), 0);
  let begun = false;
  const third = slots.begin(GO).then(() => begun = true);
  // The first that comes back was one too many; the second is the third's.
  slots.give(1);
  await Promise.resolve();
  equal(begun, false);
  slots.give(1);
  await third;
  equal(slots.more(1), 0);
});

/** A run of these exports, and what is counted of it. */
async function counted(
  run: MemoryRun,
  source: Partial<SourceConfig>,
  exports: readonly Record<string, unknown>[],
  { parallelExports = false, ...deps }: Partial<RunDeps> & { parallelExports?: boolean } = {},
) {
  const loaded = exports.map((fields, i) =>
    loadedExport({ name: `e${i}`, format: "csv", tuning: { profile: "fast" }, ...fields })
  );
  const config = {
    path: `${run.dir}/rivet.yaml`,
    dir: run.dir,
    source: { type: "postgres", url_env: "U", ...source },
    exports: loaded,
    config: { notifications: { slack: { on: [] } }, exports: loaded.map((e) => e.config) },
    warnings: [],
  } as unknown as LoadedConfig;
  let workers = 0;
  const { succeeded } = await run.run({}, { config, parallelExports }, (given) => ({
    ...given,
    ...deps,
    startWorker: () => {
      workers++;
      return given.startWorker();
    },
  }));
  equal(succeeded, exports.length);
  return { workers, connections: run.server.mostOpen, left: run.server.open };
}

Deno.test("readers: parallel: 400 gets what there is room for, and says so", () =>
  MemoryRun.with(500, async (run) => {
    const seen = await counted(run, {}, [{ ...CHUNKED, parallel: 400 }]);
    deepEqual(seen, { workers: 4, connections: 4, left: 0 });
    match(
      run.warnings.join("\n"),
      /'e0': 4 readers instead of 50, .* room for: memory_budget_mb: 256 /,
    );
  }));

Deno.test("readers: a hundred exports at a time are as many as there is room for", () =>
  MemoryRun.with(5, async (run) => {
    const exports = Array.from({ length: 100 }, () => ({ mode: "full" }));
    const seen = await counted(run, { max_connections: 3 }, exports, { parallelExports: true });
    deepEqual(seen, { workers: 3, connections: 3, left: 0 });
    match(run.warnings.join("\n"), /3 of 100 exports at a time, .* room for: max_connections: 3 /);
  }));

Deno.test("readers: with two cores they share this thread and one Worker", () =>
  MemoryRun.with(100, async (run) => {
    const seen = await counted(run, {}, [{ ...CHUNKED, parallel: 3 }], { cores: 2 });
    deepEqual(seen, { workers: 1, connections: 3, left: 0 });
    equal(run.server.reads.length, 10);
    deepEqual(run.warnings, []);
  }));

Deno.test("readers: exports one after another use the same Workers, and leave none", () =>
  MemoryRun.with(40, async (run) => {
    const exports = Array.from({ length: 20 }, () => ({ ...CHUNKED, parallel: 2 }));
    deepEqual(await counted(run, {}, exports), { workers: 2, connections: 2, left: 0 });
    equal(run.server.reads.length, 80);
  }));

for (
  const [what, fields, bytes] of [
    // A row has two columns.
    ["all rows", { mode: "full" }, 300 * 2 * 8],
    ["those of all chunks", CHUNKED, 300 * 2 * 8],
    ["nobody knows how many new ones", { mode: "incremental", cursor_column: "id" }, 0],
  ] as const
) {
  Deno.test(`readers: a Worker is told what is planned before it is asked for anything: ${what}`, () =>
    MemoryRun.with(300, async (run) => {
      const threads: LocalThread[] = [];
      const { succeeded } = await run.run(fields, {}, (deps) => ({
        ...deps,
        startWorker: () => {
          const thread = new LocalThread(deps);
          threads.push(thread);
          return new WorkerClient(thread);
        },
      }));
      equal(succeeded, 1);
      // After the message that is always the first.
      deepEqual(threads.map(({ expected }) => expected), [[{ bytes, after: 1 }]]);
    }));
}

Deno.test("readers: a server that has few connections left gives up half of them", () =>
  MemoryRun.with(500, async (run) => {
    run.server.room = 3;
    const exports = Array.from({ length: 2 }, () => ({ ...CHUNKED, parallel: 4 }));
    const seen = await counted(run, {}, exports);
    deepEqual(seen, { workers: 2, connections: 2, left: 0 });
    equal(run.server.askedForRoom, 1);
    match(
      run.warnings.join("\n"),
      /2 readers instead of 4, .* room for: 3 free connections of the server /,
    );
  }));
