/**
 * `rivet check`: every export examined before it runs. Reads the catalog, EXPLAIN and index ends only, and
 * the state, of which none is made.
 */
import type { LoadedConfig, LoadedExport } from "../config/loaded.ts";
import { refuseSharedStdout, selectExports } from "../config/select.ts";
import type { Lookup } from "../config/substitute.ts";
import { chooseProfile, type ProfileChoice } from "../config/tuning.ts";
import { RivetError, toRivetError } from "../base/errors.ts";
import { tellWarnings } from "../access/source_warnings.ts";
import { planWithoutWaiting } from "../plan/export_plan.ts";
import type { ExportPlan } from "../plan/strategy.ts";
import type { Adapters } from "../ports/adapters.ts";
import type { InspectedColumn, Source } from "../ports/source.ts";
import type { OpenedReader, StateReader } from "../ports/state.ts";
import { baseQuery } from "../query/base.ts";
import { cutOf, CUTS } from "../query/cuts/mod.ts";
import { DestinationChecks } from "./check_destination.ts";
import { type Diagnostics, preflight } from "./preflight.ts";
import { hasIndex } from "./probe.ts";
import { driftError, driftOf } from "./schema_drift.ts";

export interface CheckDeps extends Pick<Adapters, "source" | "destination" | "table"> {
  readonly state: () => Promise<OpenedReader>;
  readonly env: Lookup;
}

/** What `rivet check` is asked. */
export interface CheckOptions {
  readonly config: LoadedConfig;
  /** Only this export; null for all. */
  readonly exportName: string | null;
  /** Look at every column, those that cannot be read included. */
  readonly types: boolean;
  /** Ask every destination over the network, as a run does. */
  readonly destinations: boolean;
  readonly signal: AbortSignal;
}

/** What was found of one export; members are null where it did not come to that. */
export interface ExportCheck {
  readonly exported: LoadedExport;
  /** null when the export could not be planned. */
  readonly diagnostics: Diagnostics | null;
  /** null when they were not asked for, or the query does not work. */
  readonly columns: readonly InspectedColumn[] | null;
  /** Why a run of it would fail: at the source, at the destination. */
  readonly errors: readonly RivetError[];
  /** The profile of its tuning. */
  readonly profile: ProfileChoice;
}

/**
 * An export that would fail is in the list.
 * @throws SourceError when the source cannot be reached, RivetError when the state cannot.
 */
export async function checkExports(
  deps: CheckDeps,
  options: CheckOptions,
): Promise<readonly ExportCheck[]> {
  const { config, exportName, destinations: network, signal } = options;
  const selected = selectExports(config, exportName);
  const places = new DestinationChecks(deps, { network, env: deps.env, signal });
  const factory = await deps.source(config.source.type);
  const checks: ExportCheck[] = [];
  const state = await deps.state();
  try {
    for (const exported of selected) {
      const source = await factory.connect({
        source: config.source,
        tuning: exported.tuning,
        applicationName: `rivet/check/${exported.name}`,
        signal,
      });
      try {
        tellWarnings(config.source, source.info);
        const found = await checkSource(source, state, exported, options);
        const problem = await places.problemOf(exported);
        const problems = [sharedStdout(selected, exported), problem];
        const errors = [...found.errors, ...problems.filter((error) => error !== null)];
        const warning = problem === null ? await places.warningOf(exported) : null;
        const diagnostics = withWarning(found.diagnostics, warning);
        checks.push({ ...found, diagnostics, errors, profile: profileOf(config, exported) });
      } finally {
        await source.close();
      }
    }
  } finally {
    await state.close();
  }
  return checks;
}

function withWarning(found: Diagnostics | null, warning: string | null): Diagnostics | null {
  if (found === null || warning === null) return found;
  return { ...found, warnings: [...found.warnings, warning] };
}

function profileOf({ source }: LoadedConfig, { config }: LoadedExport): ProfileChoice {
  return chooseProfile(source.tuning, config.tuning, source.environment);
}

/** What a run of all of them would be refused for. */
function sharedStdout(
  selected: readonly LoadedExport[],
  { destination }: LoadedExport,
): RivetError | null {
  if (destination.type !== "stdout") return null;
  try {
    refuseSharedStdout(selected);
    return null;
  } catch (error) {
    return toRivetError(error);
  }
}

async function checkSource(
  source: Source,
  state: StateReader,
  exported: LoadedExport,
  { types, signal }: CheckOptions,
): Promise<Omit<ExportCheck, "profile">> {
  let columns: readonly InspectedColumn[] | null = null;
  try {
    if (types) columns = await inspectColumns(source, exported);
    const { diagnostics, errors } = await diagnose(source, state, exported, signal);
    return { exported, diagnostics, columns, errors };
  } catch (thrown) {
    const error = toRivetError(thrown);
    if (signal.aborted || error.category === "disconnect" || error.code === "INTERNAL") throw error;
    return { exported, diagnostics: null, columns, errors: [error] };
  }
}

async function inspectColumns(
  source: Source,
  exported: LoadedExport,
): Promise<readonly InspectedColumn[]> {
  if (source.inspect === undefined) {
    throw new RivetError(
      "NOT_AVAILABLE",
      `a type report of ${source.info.engine} is not available`,
      { hint: "`rivet check` without --type-report names the columns that cannot be exported." },
    );
  }
  return await source.inspect(await baseQuery(source, exported), exported.overrides);
}

async function diagnose(
  source: Source,
  state: StateReader,
  exported: LoadedExport,
  signal: AbortSignal,
): Promise<{ readonly diagnostics: Diagnostics; readonly errors: readonly RivetError[] }> {
  const { name, mode, config } = exported;
  const stored = mode.kind === "incremental" ? await state.cursor(name) : null;
  const inputs = { now: new Date(), cursor: stored?.cursor ?? null, ties: null, signal };
  // Known to be none at first: without an index, looking for chunks would read the whole table.
  const chunks = mode.kind === "chunked" && cutOf(mode).storage === undefined ? [] : null;
  const uncut = await planWithoutWaiting(source, exported, { ...inputs, chunks });
  const subject = sized(exported, uncut);
  const plan = await cutsByLookUps(source, exported, uncut)
    ? await planWithoutWaiting(source, subject, { ...inputs, chunks: null })
    : uncut;
  const found = await preflight(source, subject, plan);
  const diagnostics = await withCheckpoint(state, exported, found);
  const drift = await driftOf(state, exported, plan, source.dialect) ?? [];
  if (drift.length === 0 || config.on_schema_drift === "continue") {
    return { diagnostics, errors: [] };
  }
  if (config.on_schema_drift === "fail") return { diagnostics, errors: [driftError(name, drift)] };
  const warning = `the schema changed since the last run: ${drift.join("; ")}`;
  return {
    diagnostics: { ...diagnostics, warnings: [...diagnostics.warnings, warning] },
    errors: [],
  };
}

/** A run that was not finished refuses the next one, unless that continues it. */
async function withCheckpoint(
  state: StateReader,
  { name, mode }: LoadedExport,
  found: Diagnostics,
): Promise<Diagnostics> {
  if (mode.kind !== "chunked" || !mode.checkpoint) return found;
  const open = await state.chunkRunInProgress(name);
  if (open === null) return found;
  const warning =
    `chunk run '${open.runId}' is unfinished: run with --resume, or discard it with ` +
    `'rivet state reset-chunks --export ${name}'`;
  return { ...found, warnings: [...found.warnings, warning] };
}

/** Whether its chunks can be found without reading the table. */
async function cutsByLookUps(
  source: Source,
  exported: LoadedExport,
  plan: ExportPlan,
): Promise<boolean> {
  const { strategy } = plan;
  if (strategy.kind !== "chunked") return false;
  const { lookUps, storage } = CUTS[strategy.shape.kind];
  // Of a table's storage they are known by now.
  if (!lookUps || storage !== undefined) return false;
  return await hasIndex(source, exported, plan) === true;
}

/** With the size of its chunks that was found already. */
function sized(exported: LoadedExport, { strategy }: ExportPlan): LoadedExport {
  const { mode, config } = exported;
  if (strategy.kind !== "chunked" || mode.kind !== "chunked") return exported;
  const { size } = strategy;
  if (size === undefined) return exported;
  return { ...exported, mode: { ...mode, size }, config: { ...config, chunk_size: size } };
}
