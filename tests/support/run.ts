/** A run inside the test's own process: real adapters, no start-up cost. */
import { join } from "node:path";
import { adapters } from "../../adapters/registry.ts";
import { loadConfig } from "../../core/config/load.ts";
import type { RunDeps } from "../../core/run/context.ts";
import { runExports } from "../../core/run/run.ts";
import type { RunAggregate } from "../../core/report/summary.ts";
import type { RunOptions } from "../../core/run/run_options.ts";
import { startThread } from "../../core/workers/thread.ts";
import { WorkerClient } from "../../core/workers/worker_client.ts";
import { openState } from "../../state/open.ts";

const WORKER = new URL("../../adapters/worker.ts", import.meta.url);
const env = (name: string) => Deno.env.get(name);

/** Runs `rivet.yaml` of `dir` with the state beside it. */
export async function runConfig(
  dir: string,
  options: Partial<RunOptions> = {},
  wrap: (deps: RunDeps) => RunDeps = (deps) => deps,
): Promise<RunAggregate> {
  const config = await loadConfig(join(dir, "rivet.yaml"), { params: new Map(), env });
  const state = await openState({ dir, env, warn: () => {} });
  try {
    const deps: RunDeps = {
      ...adapters,
      state,
      // Readers that are Workers, wherever the tests run.
      cores: 4,
      startWorker: () => new WorkerClient(startThread(WORKER)),
    };
    return await runExports(wrap(deps), {
      config,
      exportName: null,
      validate: false,
      reconcile: false,
      parallelExports: false,
      resume: false,
      force: false,
      signal: new AbortController().signal,
      listener: { started: () => {}, progress: () => {}, finished: () => {} },
      ...options,
    });
  } finally {
    await state.close();
  }
}
