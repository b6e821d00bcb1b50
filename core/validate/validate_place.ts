/** Which folder of an export `rivet validate` looks into, and for which run. */
import { resolve } from "node:path";
import type { LoadedExport } from "../config/loaded.ts";
import type { DestinationConfig } from "../config/schema.ts";
import { ConfigError } from "../base/errors.ts";
import type { StateStore } from "../ports/state.ts";
import { resolvePlaceholders, runTime } from "../manifest/names.ts";

export interface ValidatePlace {
  /** `YYYY-MM-DD` for `{date}`; null for today (UTC). */
  readonly date: string | null;
  /** A prior run, with or without its milliseconds. */
  readonly runId: string | null;
  /** Instead of the configured `path` or `prefix`; a local one is relative to the working folder. */
  readonly prefix: string | null;
}

interface StateSource {
  readonly state: () => Promise<Pick<StateStore, "metrics">>;
}

/** When the run began; a run id without milliseconds means the start of its second. */
export function timeOfRun(runId: string, exportName: string): Date | null {
  return runTime(runId, exportName) ?? runTime(`${runId}.000`, exportName);
}

/** @throws ConfigError USAGE when the path needs a run id and none is known. */
export async function placeOfExport(
  deps: StateSource,
  place: ValidatePlace,
  exported: LoadedExport,
): Promise<{ config: DestinationConfig; runId: string | null }> {
  const { destination } = exported;
  const runId = await knownRun(deps, place, exported);
  if (place.prefix !== null) return { config: withPrefix(destination, place.prefix), runId };
  const began = runId === null ? null : timeOfRun(runId, exported.name);
  const at = place.date === null ? began ?? new Date() : new Date(`${place.date}T00:00:00Z`);
  const values = { exportName: exported.name, runId: runId ?? "", at };
  return { config: resolvePlaceholders(destination, values), runId };
}

/** The run that was asked for; for a path with `{run_id}` and no such wish, the last one. */
async function knownRun(
  deps: StateSource,
  place: ValidatePlace,
  exported: LoadedExport,
): Promise<string | null> {
  const needed = place.prefix === null && pathOf(exported.destination).includes("{run_id}");
  if (!needed) return place.runId;
  const isExact = place.runId !== null && runTime(place.runId, exported.name) !== null;
  if (isExact) return place.runId;
  const state = await deps.state();
  const runs = (await state.metrics({ exportName: exported.name }))
    .filter((run) => place.runId === null || run.runId.startsWith(`${place.runId}.`));
  const last = runs.find((run) => run.status === "success") ?? runs[0];
  if (last !== undefined) return last.runId;
  throw new ConfigError(
    `export '${exported.name}' writes into a folder of its own for each run ({run_id}), and ` +
      (place.runId === null ? "no run is recorded" : `no run '${place.runId}' is recorded`),
    [],
    { code: "USAGE", hint: "Name the run with --run-id, or the folder with --prefix." },
  );
}

function pathOf(destination: DestinationConfig): string {
  switch (destination.type) {
    case "local":
      return destination.path;
    case "s3":
    case "gcs":
    case "azure":
      return destination.prefix;
    case "stdout":
      return "";
  }
}

function withPrefix(destination: DestinationConfig, prefix: string): DestinationConfig {
  switch (destination.type) {
    case "local":
      return { ...destination, path: resolve(prefix) };
    case "s3":
    case "gcs":
    case "azure":
      return { ...destination, prefix };
    case "stdout":
      return destination;
  }
}
