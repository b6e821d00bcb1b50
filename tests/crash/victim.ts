/**
 * A `rivet run`, or a `rivet repair --execute`, that kills itself with SIGKILL at one point. The product has no hooks for this: the
 * ports are wrapped, so the kill happens right before or right after a real call.
 *
 * Usage: victim.ts CONFIG POINT OCCURRENCE before|after [--resume | --repair]; POINT is `<port>.<method>`.
 */
import { adapters } from "../../adapters/registry.ts";
import { loadConfig } from "../../core/config/load.ts";
import type { Source } from "../../core/ports/source.ts";
import { runExports } from "../../core/run/run.ts";
import type { RunDeps } from "../../core/run/context.ts";
import { repairExport } from "../../core/repair/repair.ts";
import { startThread } from "../../core/workers/thread.ts";
import { WorkerClient } from "../../core/workers/worker_client.ts";
import { openState } from "../../state/open.ts";
import { withLeases } from "../support/lease.ts";

const [config, point, occurrence, moment, mode] = Deno.args;
let calls = 0;

function die(): Promise<never> {
  Deno.kill(Deno.pid, "SIGKILL");
  return new Promise(() => {});
}

/** Counts a call of the point; true when it is the one to die at. */
function hit(name: string): boolean {
  return name === point && ++calls === Number(occurrence);
}

/** The port with a kill before or after the chosen call. */
function lethal<T extends object>(port: string, target: T): T {
  return new Proxy(target, {
    get(object, key) {
      const value = Reflect.get(object, key, object);
      if (typeof value !== "function") return value;
      return (...args: unknown[]) => {
        if (!hit(`${port}.${String(key)}`)) return value.apply(object, args);
        if (moment === "before") return die();
        return Promise.resolve(value.apply(object, args)).then(die);
      };
    },
  });
}

/** `source.batch`: dies while rows are being read. */
function lethalSource(source: Source): Source {
  return new Proxy(source, {
    get(object, key) {
      const value = Reflect.get(object, key, object);
      if (typeof value !== "function") return value;
      if (key !== "read") return value.bind(object);
      return async function* (...args: Parameters<Source["read"]>) {
        for await (const batch of object.read(...args)) {
          if (hit("source.batch")) await die();
          yield batch;
        }
      };
    },
  });
}

const env = (name: string) => Deno.env.get(name);
const loaded = await loadConfig(config, { params: new Map(), env });
const state = await openState({ dir: loaded.dir, env, warn: () => {} });
const deps: RunDeps = {
  ...adapters,
  // What a lease writes is a call of the state too.
  state: lethal("state", withLeases(state, (own) => lethal("state", own))),
  source: async (type) => {
    const factory = await adapters.source(type);
    return {
      ...factory,
      connect: async (options) => lethalSource(await factory.connect(options)),
    };
  },
  destination: async (config, grants) =>
    lethal("destination", await adapters.destination(config, grants)),
  startWorker: () =>
    new WorkerClient(startThread(new URL("../../adapters/worker.ts", import.meta.url))),
};
const signal = new AbortController().signal;
if (mode === "--repair") {
  const [exported] = loaded.exports;
  const options = { config: loaded, exported, report: null, execute: true, signal };
  const { execution } = await repairExport(deps, options);
  await state.close();
  Deno.exit(execution === undefined || execution.error === null ? 0 : 1);
}
const aggregate = await runExports(deps, {
  config: loaded,
  exportName: null,
  validate: true,
  reconcile: false,
  parallelExports: false,
  resume: mode === "--resume",
  force: false,
  signal,
  listener: { started: () => {}, progress: () => {}, finished: () => {} },
});
await state.close();
// Reached only when the point was never hit: the test must notice.
console.error(JSON.stringify({ calls, aggregate }));
Deno.exit(aggregate.failed > 0 ? 1 : 0);
