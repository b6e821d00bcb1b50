/** `rivet check`: every export examined before it runs. Reads the catalog, EXPLAIN and index ends only. */
import type { LoadedConfig, LoadedExport } from "../config/loaded.ts";
import { selectExports } from "../config/select.ts";
import { chooseProfile, type ProfileChoice } from "../config/tuning.ts";
import { RivetError, toRivetError } from "../base/errors.ts";
import { planWithoutWaiting } from "../plan/export_plan.ts";
import type { Adapters } from "../ports/adapters.ts";
import type { InspectedColumn, Source } from "../ports/source.ts";
import { baseQuery } from "../query/base.ts";
import { type Diagnostics, preflight } from "./preflight.ts";

/** What `rivet check` is asked. */
export interface CheckOptions {
  readonly config: LoadedConfig;
  /** Only this export; null for all. */
  readonly exportName: string | null;
  /** Look at every column, those that cannot be read included. */
  readonly types: boolean;
  readonly signal: AbortSignal;
}

/** What was found of one export; members are null where it did not come to that. */
export interface ExportCheck {
  readonly exported: LoadedExport;
  /** null when the export could not be planned. */
  readonly diagnostics: Diagnostics | null;
  /** null when they were not asked for, or the query does not work. */
  readonly columns: readonly InspectedColumn[] | null;
  /** Why a run of it would fail. */
  readonly error: RivetError | null;
  /** The profile of its tuning. */
  readonly profile: ProfileChoice;
}

/** An export that would fail is in the list. @throws SourceError when the source cannot be reached. */
export async function checkExports(
  adapters: Pick<Adapters, "source">,
  options: CheckOptions,
): Promise<readonly ExportCheck[]> {
  const { config, exportName } = options;
  const factory = await adapters.source(config.source.type);
  const checks: ExportCheck[] = [];
  for (const exported of selectExports(config, exportName)) {
    const source = await factory.connect({
      source: config.source,
      tuning: exported.tuning,
      applicationName: `rivet/check/${exported.name}`,
      signal: options.signal,
    });
    try {
      checks.push({
        ...await checkExport(source, exported, options),
        profile: profileOf(config, exported),
      });
    } finally {
      await source.close();
    }
  }
  return checks;
}

function profileOf({ source }: LoadedConfig, { config }: LoadedExport): ProfileChoice {
  return chooseProfile(source.tuning, config.tuning, source.environment);
}

async function checkExport(
  source: Source,
  exported: LoadedExport,
  { types, signal }: CheckOptions,
): Promise<Omit<ExportCheck, "profile">> {
  let columns: readonly InspectedColumn[] | null = null;
  try {
    if (types) columns = await inspectColumns(source, exported);
    const diagnostics = await diagnose(source, exported, signal);
    return { exported, diagnostics, columns, error: null };
  } catch (thrown) {
    const error = toRivetError(thrown);
    if (signal.aborted || error.category === "disconnect" || error.code === "INTERNAL") throw error;
    return { exported, diagnostics: null, columns, error };
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
  exported: LoadedExport,
  signal: AbortSignal,
): Promise<Diagnostics> {
  const plan = await planWithoutWaiting(source, exported, {
    now: new Date(),
    cursor: null,
    ties: null,
    // Known to be none, so that no chunk is looked for: without an index that would read the whole table.
    chunks: exported.mode.kind === "chunked" ? [] : null,
    signal,
  });
  return await preflight(source, exported, plan);
}
