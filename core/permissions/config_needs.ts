/** Everything that running a configuration needs: its files, its state, and what its adapters declare. */
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { LoadedConfig, LoadedExport } from "../config/loaded.ts";
import type { AdapterNeeds } from "../ports/adapters.ts";
import { type EnvLookup, type Needs, together } from "../ports/needs.ts";

/** Who declares what core does not know. */
export interface NeedsDeps {
  readonly adapters: AdapterNeeds;
  /** @param dir the configuration's folder. */
  readonly state: (dir: string, env: EnvLookup) => Needs;
  readonly env: EnvLookup;
}

/** The program's own folders: reports of runs. */
const OWN_FOLDER = ".rivet";

/** Rivet's own variables, and those of its output. */
const OWN_VARIABLES = ["RIVET_*", "RUST_LOG", "NO_COLOR", "TERM", "OTEL_*", "TRACEPARENT"];

/** Of all exports of a configuration. @throws ConfigError as opening would */
export async function configNeeds(
  config: LoadedConfig,
  { adapters, state, env }: NeedsDeps,
): Promise<Required<Needs>> {
  const { notifications, lineage } = config.config;
  return together(
    ownNeeds(config),
    state(config.dir, env),
    await adapters.source(config.source, env),
    ...await Promise.all(
      config.exports.map((exported) => adapters.destination(exported.destination, env)),
    ),
    notifications === undefined ? {} : await adapters.notifiers(notifications, env),
    ...await Promise.all(
      config.exports.map(async ({ config: { table_format: table } }) =>
        table === undefined ? {} : await adapters.tables(table, env)
      ),
    ),
    lineage === undefined ? {} : await adapters.lineage(lineage, env),
  );
}

/**
 * Of one export that a process of its own runs. What is wrong with the configuration that process says: here
 * it only leaves out what cannot be known.
 */
export async function exportNeeds(
  config: LoadedConfig,
  exported: LoadedExport,
  { adapters, state, env }: NeedsDeps,
  program: Needs = {},
): Promise<Required<Needs>> {
  const { notifications = {}, lineage } = config.config;
  const { table_format: table } = exported.config;
  const known = (work: () => Needs | Promise<Needs>) => Promise.try(work).catch(() => ({}));
  return together(
    program,
    ownNeeds(config),
    { env: [...referenced([config.source, exported.config, notifications, lineage])] },
    ...await Promise.all([
      known(() => state(config.dir, env)),
      known(() => adapters.source(config.source, env)),
      known(() => adapters.destination(exported.destination, env)),
      known(() => adapters.notifiers(notifications, env)),
      known(() => table === undefined ? {} : adapters.tables(table, env)),
      known(() => lineage === undefined ? {} : adapters.lineage(lineage, env)),
    ]),
  );
}

/** The values of every `*_env` key. */
function* referenced(value: unknown): Generator<string> {
  if (typeof value !== "object" || value === null) return;
  for (const [key, item] of Object.entries(value)) {
    if (key.endsWith("_env") && typeof item === "string") yield item;
    else yield* referenced(item);
  }
}

function ownNeeds({ path, dir, variables, exports }: LoadedConfig): Needs {
  const queries = exports.map(({ config }) => config.query_file).filter((f) => f !== undefined);
  const files = queries.map((file) => resolve(dir, file));
  const reports = join(dir, OWN_FOLDER);
  return {
    // Whether a query's file lies in the folder is asked of the file system.
    read: [path, ...(files.length > 0 ? [dir] : []), ...files, reports],
    write: [reports],
    env: [...OWN_VARIABLES, ...variables],
  };
}

/** A folder or file that a command is given beside the configuration; of a file also its neighbours. */
export function pathNeeds(paths: readonly string[]): Needs {
  const folders = paths.map((path) => resolve(path));
  return { read: folders, write: folders };
}

/** Where the program's modules are, which Workers read; null: inside of the executable, or on a server. */
export function programNeeds(
  { entry, standalone }: { readonly entry: string; readonly standalone: boolean },
): Needs {
  return standalone || !entry.startsWith("file:") ? {} : { read: [dirname(fileURLToPath(entry))] };
}
