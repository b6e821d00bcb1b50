/** From the plans of a file to what a run needs, without reading any other file (PA1). */
import { read } from "../base/schema.ts";
import { dirname, resolve } from "node:path";
import type { LoadedConfig } from "../config/loaded.ts";
import { formatPath } from "../config/problem.ts";
import { type ExportConfig, exportSchema } from "../config/schema.ts";
import { validateConfig } from "../config/validate.ts";
import { resolveExport, resolveSource } from "../config/resolve.ts";
import { ConfigError, RivetError } from "../base/errors.ts";
import { registerNames } from "../base/redact.ts";
import { shownNames } from "../config/names.ts";
import { logger } from "../base/log.ts";
import { canonicalJson } from "../artifact/canonical.ts";
import { plannedChunks } from "../plan/chunk_ranges.ts";
import type { SealedInputs } from "../run/sealed.ts";
import { didYouMean } from "../base/suggest.ts";
import type { ArtifactData } from "./artifact_schema.ts";
import {
  checkArtifact,
  type CheckedPlan,
  readArtifacts,
  type ReadOptions,
} from "./read_artifact.ts";

/** What `runExports` takes, made from a file of sealed plans. */
export interface LoadedPlans {
  /** As if it came from the configuration file. */
  readonly config: LoadedConfig;
  readonly sealed: ReadonlyMap<string, SealedInputs>;
}

/** Which plans to take, and what may pass with `--force`. */
export interface LoadPlansOptions extends ReadOptions {
  /** Only this export's plan; null for all in the file. */
  readonly exportName: string | null;
}

/** Every plan is checked before the first one is executed. */
export async function loadPlans(path: string, options: LoadPlansOptions): Promise<LoadedPlans> {
  const artifacts = select(path, await readArtifacts(path), options.exportName);
  const plans: CheckedPlan[] = [];
  for (const artifact of artifacts) plans.push(await checkArtifact(artifact, options));
  plans.sort((a, b) => waveOf(a) - waveOf(b));
  const [{ data: first }] = plans;
  for (const { data } of plans) refuseMixture(path, first, data);
  checkRules(plans.map(({ data }) => data));
  const dir = await stateFolder(path, first.config_path);
  for (const { data } of plans) registerNames(shownNames(data, ["query", "base_query"]));
  return {
    config: toConfig(plans.map((plan) => plan.data), dir),
    sealed: new Map(plans.map((plan) => [plan.data.export_name, toSealed(plan)])),
  };
}

const waveOf = ({ data }: CheckedPlan) => data.prioritization.recommended_wave;

function exportNameOf(artifact: unknown): string {
  return String((artifact as { export_name?: unknown } | null)?.export_name);
}

function select(path: string, artifacts: unknown[], name: string | null): unknown[] {
  const names = artifacts.map(exportNameOf);
  if (new Set(names).size < names.length) {
    throw new RivetError("PLAN_INVALID", `${path} holds several plans of the same export`, {
      hint: "Plan the configuration as a whole, into one file.",
    });
  }
  if (name === null) return artifacts;
  const found = artifacts.filter((_, i) => names[i] === name);
  if (found.length > 0) return found;
  const message = `there is no plan of export '${name}' in ${path}${didYouMean(name, names)}`;
  throw new ConfigError(message, [], {
    code: "USAGE",
    hint: `It holds plans of: ${names.join(", ")}.`,
  });
}

/** One state and one connection serve all plans of a file. */
function refuseMixture(path: string, first: ArtifactData, other: ArtifactData): void {
  const source = (data: ArtifactData) => canonicalJson(data.resolved_plan.source);
  if (first.config_path === other.config_path && source(first) === source(other)) return;
  throw new RivetError("PLAN_INVALID", `${path} holds plans of different configurations`, {
    hint: "Apply them one by one with --export, or plan one configuration as a whole.",
  });
}

/** A plan may say no more than a configuration may: a name, for one, becomes part of paths. */
function checkRules(plans: readonly ArtifactData[]): void {
  const [{ resolved_plan }] = plans;
  const { source } = resolved_plan;
  const { findings } = validateConfig({
    source,
    exports: plans.map((plan) => withoutDefaults(plan.resolved_plan.export)),
    ...listeners(resolved_plan),
  }, new Set());
  const problems = findings.filter(({ severity }) => severity !== "warning");
  if (problems.length === 0) return;
  const lines = problems.map(({ path, message }) => `${formatPath(path)}: ${message}`);
  throw new RivetError(
    "PLAN_INVALID",
    `what the plan asks for is not allowed: ${lines.join("; ")}`,
    { hint: "A configuration is refused for the same. Plan again from one that is accepted." },
  );
}

/** Whom runs tell of themselves; not those whose address was too secret for the plan. */
function listeners(
  { notifications, lineage, redacted }: ArtifactData["resolved_plan"],
): Pick<LoadedConfig["config"], "notifications" | "lineage"> {
  const muted = (block: string) => redacted.some((at) => at.startsWith(`${block}.`));
  return {
    ...(notifications === null || muted("notifications") ? {} : { notifications }),
    ...(lineage === undefined || muted("lineage") ? {} : { lineage }),
  };
}

/** As the export may have been written: rules look at what is written, and defaults are not. */
function withoutDefaults(config: ExportConfig): Record<string, unknown> {
  const { name, destination } = config;
  const defaults: Record<string, unknown> = read(exportSchema, {
    name,
    destination,
    table: "t",
  });
  const needed = ["name", "destination", "query", "table"];
  // Found from the other one, and sealed with it.
  const { chunk_size_memory_mb: memory } = config;
  const found = (key: string) => key === "chunk_size" && memory !== undefined;
  return Object.fromEntries(
    Object.entries(config).filter(([key, value]) =>
      value !== undefined && !found(key) &&
      (needed.includes(key) || canonicalJson(value) !== canonicalJson(defaults[key] ?? null))
    ),
  );
}

/** PA7: where state, reports and relative paths are. */
async function stateFolder(path: string, configPath: string): Promise<string> {
  try {
    if ((await Deno.stat(configPath)).isFile) return dirname(resolve(configPath));
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  const folder = dirname(resolve(path));
  logger().warn(
    `the plan was made for ${configPath}, which is not there: state and relative paths are taken from ` +
      `the plan's own folder, ${folder}`,
  );
  return folder;
}

function toConfig(plans: readonly ArtifactData[], dir: string): LoadedConfig {
  const [{ resolved_plan, config_path }] = plans;
  const { source } = resolved_plan;
  const exports = plans.map((plan) => plan.resolved_plan.export);
  return {
    path: config_path,
    dir,
    source: resolveSource(source, dir),
    exports: exports.map((config) => resolveExport(config, config.query ?? null, source, dir)),
    config: {
      source,
      exports,
      ...listeners(resolved_plan),
      parallel_exports: false,
      parallel_export_processes: false,
    },
    variables: [],
    warnings: [],
  };
}

function toSealed({ data, forced }: CheckedPlan): SealedInputs {
  const { computed, resolved_plan, plan_id, created_at } = data;
  return {
    planId: plan_id,
    createdAt: created_at,
    incremental: resolved_plan.export.mode === "incremental",
    cursor: computed.cursor_snapshot,
    chunks: plannedChunks(computed.chunk_ranges),
    rowEstimate: computed.row_estimate,
    snapshot: computed.snapshot ?? null,
    forced,
  };
}
