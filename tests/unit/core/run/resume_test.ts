/** M8: which exports `--resume` continues, and when it refuses. */
import { deepEqual, rejects } from "node:assert/strict";
import { loadedExport } from "../../../support/exports.ts";
import { MemoryDestination } from "../../../support/memory_destination.ts";
import type { LoadedExport } from "../../../../core/config/loaded.ts";
import type { ChunkRun, ChunkRunStatus, StateStore } from "../../../../core/ports/state.ts";
import type { RunDeps } from "../../../../core/run/context.ts";
import { exportsToResume } from "../../../../core/run/resume.ts";
import { publishSuccess } from "../../../../core/manifest/publish.ts";
import { manifestOf, withMemory } from "../manifest/support.ts";

const TIME = "20260329T125109.336";

/** Per export: the status of its last chunk run, and of that run's metric. */
type Runs = Readonly<Record<string, { chunks: ChunkRunStatus; metric?: "success" | "failed" }>>;

function depsOf(runs: Runs, destination: MemoryDestination): RunDeps {
  const runOf = (name: string): ChunkRun | null => {
    const found = runs[name];
    if (found === undefined) return null;
    const run = { runId: `${name}_${TIME}`, exportName: name, status: found.chunks };
    return run as Partial<ChunkRun> as ChunkRun;
  };
  const state: Partial<StateStore> = {
    chunkRunInProgress: (name) =>
      Promise.resolve(runs[name]?.chunks === "in_progress" ? runOf(name) : null),
    latestChunkRun: (name) => Promise.resolve(runOf(name)),
    metrics: ({ exportName = "" }) => {
      const status = runs[exportName]?.metric;
      const metrics = status === undefined ? [] : [{ runId: `${exportName}_${TIME}`, status }];
      return Promise.resolve(metrics as Awaited<ReturnType<StateStore["metrics"]>>);
    },
  };
  // Opened once per export; it lives as long as the test, and stages nothing.
  destination.close = () => Promise.resolve();
  return { state, destination: () => Promise.resolve(destination) } as Partial<RunDeps> as RunDeps;
}

function chunkedExport(name: string): LoadedExport {
  return loadedExport({ name, mode: "chunked", chunk_checkpoint: true });
}

async function resume(
  runs: Runs,
  names: readonly string[],
  force = false,
  attested: string[] = [],
) {
  let found: string[] = [];
  await withMemory(async (destination) => {
    for (const name of attested) {
      const runId = `${name}_${TIME}`;
      await publishSuccess(
        destination,
        await manifestOf(destination, [], { runId, exportName: name }),
      );
    }
    const exports = names.map(chunkedExport);
    const { signal } = new AbortController();
    const { open } = await exportsToResume(depsOf(runs, destination), { force, signal }, exports);
    found = open.map((e) => e.name);
  });
  return found;
}

Deno.test("what is in progress is continued, the rest left alone", async () => {
  const runs: Runs = { a: { chunks: "in_progress" }, b: { chunks: "completed" } };
  deepEqual(await resume(runs, ["a", "b", "c"], false, ["b"]), ["a"]);
});

Deno.test("M8: _SUCCESS of the run refuses, --force does not", async () => {
  for (const chunks of ["completed", "in_progress"] as const) {
    await rejects(resume({ a: { chunks } }, ["a"], false, ["a"]), { code: "ALREADY_COMPLETE" });
    deepEqual(await resume({ a: { chunks } }, ["a"], true, ["a"]), ["a"]);
  }
});

Deno.test("M8: another run's _SUCCESS in the same folder refuses nothing", async () => {
  deepEqual(await resume({ a: { chunks: "in_progress" } }, ["a"], false, ["b"]), ["a"]);
});

Deno.test("a run that was killed between its last chunk and its manifest is continued", async () => {
  deepEqual(await resume({ a: { chunks: "completed" } }, ["a"]), ["a"]);
  deepEqual(await resume({ a: { chunks: "completed", metric: "failed" } }, ["a"]), ["a"]);
});

Deno.test("a run that ended is complete even when its files were taken away", async () => {
  const runs: Runs = { a: { chunks: "completed", metric: "success" } };
  await rejects(resume(runs, ["a"]), { code: "ALREADY_COMPLETE" });
  deepEqual(await resume(runs, ["a"], true), ["a"]);
});

Deno.test("nothing to resume is an error that says so", async () => {
  await rejects(resume({}, ["a"]), { code: "CHECKPOINT_MISSING" });
});

Deno.test("what has nothing to resume is named; --resume-or-run is no error then", async () => {
  await withMemory(async (destination) => {
    const exports = ["a", "b"].map(chunkedExport);
    const { signal } = new AbortController();
    const deps = depsOf({ a: { chunks: "in_progress" } }, destination);
    const { open, idle } = await exportsToResume(deps, { force: false, signal }, exports);
    deepEqual(open.map((e) => e.name), ["a"]);
    deepEqual([...idle].map(([e, reason]) => [e.name, reason]), [["b", "nothing to resume"]]);
    const nothing = await exportsToResume(
      depsOf({}, destination),
      { force: false, signal, resumeOrRun: true },
      exports,
    );
    deepEqual([nothing.open.length, nothing.idle.size], [0, 2]);
  });
});
