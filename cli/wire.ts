/**
 * The services of commands over what `program.ts` wires. What a command needs is imported when it runs:
 * `rivet --help` loads no driver, codec or schema.
 */
import type { LoadedConfig, NamedConfig } from "../core/config/loaded.ts";
import type { SourceConfig } from "../core/config/schema.ts";
import type { Adapters } from "../core/ports/adapters.ts";
import { ConfigError } from "../core/base/errors.ts";
import type { NeedsDeps } from "../core/permissions/config_needs.ts";
import type { Program } from "../core/permissions/permissions.ts";
import type { ForeignState } from "../core/ports/foreign_state.ts";
import type { OpenedReader, StateStore } from "../core/ports/state.ts";
import type { Launcher } from "../core/processes/run_in_processes.ts";
import type { RunDeps } from "../core/run/context.ts";
import type { ForeignPlace, Services } from "./services.ts";

/** What is not core's and not the command line's. */
export interface Wiring {
  readonly env: (name: string) => string | undefined;
  readonly adapters: () => Promise<Adapters>;
  /** A source's URL, from wherever its configuration says. @throws ConfigError */
  readonly readUrl: () => Promise<(source: SourceConfig) => string | null>;
  readonly openState: (config: Pick<NamedConfig, "dir">) => Promise<StateStore>;
  /** @param mayBeMade asks whether the first run could make one. */
  readonly readState: (
    config: Pick<NamedConfig, "dir">,
    mayBeMade?: boolean,
  ) => Promise<OpenedReader>;
  /** Another tool's state, from a folder, a file or a URL. */
  readonly readForeignState: (from: string) => Promise<ForeignState>;
  /** What parts of a configuration need, and the program that needs it. */
  readonly needs: () => Promise<NeedsDeps>;
  readonly program: () => Program;
  readonly startWorker: () => Promise<RunDeps["startWorker"]>;
  /** How the children of `--parallel-export-processes` are started. */
  readonly launcher: (config: LoadedConfig) => Promise<Launcher>;
}

/** Runs `work` with the state of a configuration, which is closed afterwards. */
async function withState<T>(
  wiring: Wiring,
  config: LoadedConfig,
  work: (state: StateStore) => Promise<T>,
): Promise<T> {
  const state = await wiring.openState(config);
  try {
    return await work(state);
  } finally {
    await state.close();
  }
}

/** As `withState`, with all that a run needs. */
async function withRunDeps<T>(
  wiring: Wiring,
  config: LoadedConfig,
  work: (deps: RunDeps) => Promise<T>,
): Promise<T> {
  const { leaseLength }: typeof import("../core/lease/lease.ts") = await import(
    "../core/lease/lease.ts" as string
  );
  const leaseMs = leaseLength(wiring.env);
  const [adapters, startWorker] = await Promise.all([wiring.adapters(), wiring.startWorker()]);
  const deps = { ...adapters, startWorker, leaseMs };
  return await withState(wiring, config, (state) => work({ ...deps, state }));
}

/** The services that look, and write no file. */
function examining(
  wiring: Wiring,
): Pick<
  Services,
  | "discover"
  | "permissions"
  | "runDoctor"
  | "checkExports"
  | "planExports"
  | "holdPlans"
  | "validateExports"
> {
  return {
    async permissions(request) {
      const { permissionsOf }: typeof import("../core/permissions/permissions.ts") = await import(
        "../core/permissions/permissions.ts" as string
      );
      return await permissionsOf(request, await wiring.needs(), wiring.program());
    },
    async discover(request) {
      const { discoverSource }: typeof import("../core/discover/connect.ts") = await import(
        "../core/discover/connect.ts" as string
      );
      const [{ source }, readUrl] = await Promise.all([wiring.adapters(), wiring.readUrl()]);
      // The engine does not matter for finding the URL.
      const urlOf = (url: typeof request.url) => readUrl({ type: "postgres", ...url }) ?? "";
      return await discoverSource({ source, readUrl: urlOf }, request);
    },
    async runDoctor(options) {
      const { runDoctor }: typeof import("../core/preflight/doctor.ts") = await import(
        "../core/preflight/doctor.ts" as string
      );
      const state = () => wiring.readState(options.config, true);
      return await runDoctor({ ...await wiring.adapters(), state }, options);
    },
    async checkExports(options) {
      const { checkExports }: typeof import("../core/preflight/check_exports.ts") = await import(
        "../core/preflight/check_exports.ts" as string
      );
      const state = () => wiring.readState(options.config, true);
      return await checkExports({ ...await wiring.adapters(), state, env: wiring.env }, options);
    },
    async planExports(options) {
      const { planExports }: typeof import("../core/artifact/plan_exports.ts") = await import(
        "../core/artifact/plan_exports.ts" as string
      );
      const adapters = await wiring.adapters();
      const state = await wiring.readState(options.config);
      try {
        return await planExports({ ...adapters, state }, options);
      } finally {
        await state.close();
      }
    },
    async holdPlans(options) {
      const { holdPlans }: typeof import("../core/artifact/hold_plans.ts") = await import(
        "../core/artifact/hold_plans.ts" as string
      );
      const adapters = await wiring.adapters();
      // Whoever applies the plan makes a state anyway, and this one is asked when they have.
      const state = await wiring.openState(options.config);
      try {
        const held = await holdPlans({ ...adapters, state }, options);
        return {
          ...held,
          release: () => held.release().finally(() => state.close()),
        };
      } catch (error) {
        await state.close();
        throw error;
      }
    },
    async validateExports(config, options) {
      const { validateExports }: typeof import("../core/validate/validate.ts") = await import(
        "../core/validate/validate.ts" as string
      );
      const opened: OpenedReader[] = [];
      const state = async () => {
        if (opened.length === 0) opened.push(await wiring.readState(config));
        return opened[0];
      };
      try {
        return await validateExports({ ...await wiring.adapters(), state }, options);
      } finally {
        for (const store of opened) await store.close();
      }
    },
  };
}

/** The services that run exports, or compare and mend what they left. */
function running(
  wiring: Wiring,
): Pick<
  Services,
  "runExports" | "runTasks" | "runProcesses" | "applyConfig" | "reconcileExport" | "repairExport"
> {
  return {
    async runExports(options) {
      const { runExports }: typeof import("../core/run/run.ts") = await import(
        "../core/run/run.ts" as string
      );
      return await withRunDeps(wiring, options.config, (deps) => runExports(deps, options));
    },
    async runTasks(options, mode) {
      const { requireSharedState }: typeof import("../core/tasks/task_mode.ts") = await import(
        "../core/tasks/task_mode.ts" as string
      );
      requireSharedState(wiring.env);
      const [{ askedLeaseLength }, { runTasks }] = await Promise.all([
        import("../core/lease/lease.ts" as string) as Promise<
          typeof import("../core/lease/lease.ts")
        >,
        import("../core/tasks/run_tasks.ts" as string) as Promise<
          typeof import("../core/tasks/run_tasks.ts")
        >,
      ]);
      const leaseMs = askedLeaseLength(wiring.env);
      return await withRunDeps(
        wiring,
        options.config,
        (deps) => runTasks({ ...deps, leaseMs }, options, mode),
      );
    },
    async runProcesses(options, processes) {
      const { runExportsInProcesses }: typeof import("../core/processes/run_exports.ts") =
        await import("../core/processes/run_exports.ts" as string);
      const children = { ...processes, ...await wiring.launcher(options.config) };
      return await withRunDeps(
        wiring,
        options.config,
        (deps) => runExportsInProcesses(deps, options, children),
      );
    },
    async applyConfig(options, processes) {
      const { applyConfig }: typeof import("../core/apply/apply_config.ts") = await import(
        "../core/apply/apply_config.ts" as string
      );
      const children = processes === null
        ? null
        : { ...processes, ...await wiring.launcher(options.config) };
      return await withRunDeps(
        wiring,
        options.config,
        (deps) => applyConfig(deps, options, children),
      );
    },
    async reconcileExport(options) {
      const { reconcileExport }: typeof import("../core/reconcile/reconcile.ts") = await import(
        "../core/reconcile/reconcile.ts" as string
      );
      return await withRunDeps(wiring, options.config, (deps) => reconcileExport(deps, options));
    },
    async repairExport(options) {
      const { repairExport }: typeof import("../core/repair/repair.ts") = await import(
        "../core/repair/repair.ts" as string
      );
      return await withRunDeps(wiring, options.config, (deps) => repairExport(deps, options));
    },
  };
}

function foreignPlace({ env }: Wiring, place: ForeignPlace): string {
  if ("from" in place) return place.from;
  const value = env(place.variable);
  if (value !== undefined && value !== "") return value;
  throw new ConfigError(`--from-env: ${place.variable} is not set`, [], { code: "USAGE" });
}

/** What commands call. */
export function servicesOver(wiring: Wiring): Services {
  return {
    async loadConfig(path, params) {
      const { loadConfig }: typeof import("../core/config/load.ts") = await import(
        "../core/config/load.ts" as string
      );
      return await loadConfig(path, { params, env: wiring.env });
    },
    async loadNames(path) {
      const { loadNames }: typeof import("../core/config/load.ts") = await import(
        "../core/config/load.ts" as string
      );
      return await loadNames(path, wiring.env);
    },
    openState: wiring.openState,
    readState: (config) => wiring.readState(config),
    readForeignState: (place) => wiring.readForeignState(foreignPlace(wiring, place)),
    async signingKey(flag, variable) {
      const { signingKey }: typeof import("../core/artifact/seal.ts") = await import(
        "../core/artifact/seal.ts" as string
      );
      return signingKey(wiring.env, flag, variable);
    },
    async taskMode(flags) {
      const { taskMode }: typeof import("../core/tasks/task_mode.ts") = await import(
        "../core/tasks/task_mode.ts" as string
      );
      return taskMode(flags, wiring.env);
    },
    async loadPlans(path, options) {
      const { loadPlans }: typeof import("../core/apply/load_plans.ts") = await import(
        "../core/apply/load_plans.ts" as string
      );
      return await loadPlans(path, options);
    },
    ...examining(wiring),
    ...running(wiring),
  };
}
