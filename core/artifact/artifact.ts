/**
 * The sealed plan of one export (contracts section 4). The names are public API. What apply executes is in
 * `resolved_plan` and `computed`; `integrity` covers these and all the rest (PA2).
 */
import type { TaskShare } from "../plan/task_shares.ts";
import type { LoadedConfig } from "../config/loaded.ts";
import type { ExportMode } from "../config/schema.ts";
import { verdictName } from "../preflight/verdict.ts";
import { redactValue } from "../base/redact.ts";
import { RIVET_VERSION } from "../base/version.ts";
import { ARTIFACT_VERSION, sealOf, signatureOf } from "./seal.ts";
import type { Campaign } from "./campaign.ts";
import { type ChunkRange, rangeKind, rangesOf } from "../plan/chunk_ranges.ts";
import type { SharedSnapshot } from "../ports/source.ts";
import { planFingerprint } from "../plan/plan_fingerprint.ts";
import type { PlannedExport } from "./planned.ts";
import type { Recommendation } from "./priority.ts";
import { type ResolvedPlan, resolvePlan } from "./resolved_plan.ts";

export interface ComputedPlan {
  readonly chunk_ranges: readonly ChunkRange[];
  readonly chunk_count: number;
  /** The incremental cursor when the plan was made (PA4); null: none was stored. */
  readonly cursor_snapshot: string | null;
  readonly row_estimate: number | null;
  /** With `--hold`: what every reader of the plan joins, while the process that planned lives. */
  readonly snapshot?: SharedSnapshot;
}

/** A sealed plan, as its file holds it. */
export interface PlanArtifact {
  readonly rivet_version: string;
  readonly plan_id: string;
  /** ISO 8601 UTC. */
  readonly created_at: string;
  readonly expires_at: string;
  readonly export_name: string;
  readonly strategy: ExportMode;
  /** PA6. */
  readonly plan_fingerprint: string;
  readonly resolved_plan: ResolvedPlan;
  readonly computed: ComputedPlan;
  readonly diagnostics: {
    readonly verdict: string;
    readonly warnings: readonly string[];
    readonly recommended_profile: string;
    /** With `--tasks`: how much more than the mean the largest task reads; null where nobody knows. */
    readonly largest_to_mean?: number | null;
  };
  /** With `--tasks`: what each of them reads. */
  readonly tasks?: readonly TaskShare[];
  readonly prioritization: Prioritization;
  /** Absolute; state and relative paths are found beside it (PA7). */
  readonly config_path: string;
  readonly artifact_version: typeof ARTIFACT_VERSION;
  /** `sha256:<hex>` over every other field but the signature. */
  readonly integrity: string;
  /** `hmac-sha256:<hex>` over every other field, with `--sign-key-env`. */
  readonly signature?: string;
}

/** The recommendation's own keys beside it are deprecated: read them in `export_recommendation`. */
type Prioritization = Recommendation & {
  readonly export_recommendation: Recommendation & { readonly export_name: string };
  readonly campaign: Campaign | null;
};

/** PA3. */
export const EXPIRES_AFTER_MS = 24 * 60 * 60 * 1000;

/** PA6: of the plan's inputs as `resolved_plan` holds them. */
export function fingerprintOf({ base_query, export: config }: ResolvedPlan): Promise<string> {
  const kind = rangeKind(config);
  const chunked = config.mode === "chunked";
  const column = typeof config.chunk_by_key === "string"
    ? config.chunk_by_key
    : config.chunk_column;
  return planFingerprint({
    base: base_query,
    column: column ?? "",
    size: config.chunk_size ?? null,
    count: config.chunk_count ?? null,
    dense: config.chunk_dense ?? false,
    byDays: config.chunk_by_days ?? null,
    memoryMb: config.chunk_size_memory_mb ?? null,
    kind: chunked ? kind : config.mode,
  });
}

/** @param signKey of `--sign-key-env`; null leaves the plan unsigned. */
export async function sealPlan(
  config: LoadedConfig,
  planned: PlannedExport,
  recommendation: Recommendation,
  campaign: Campaign | null,
  now: Date,
  signKey: string | null = null,
): Promise<PlanArtifact> {
  const fields = await fieldsOf(config, planned, recommendation, campaign, now);
  // As a reader of the file gets it: what is printed passes the redaction, which must find nothing then.
  const shown: typeof fields = JSON.parse(JSON.stringify(redactValue(fields)));
  const sealed = { ...shown, integrity: await sealOf(shown) };
  if (signKey === null) return sealed;
  return { ...sealed, signature: await signatureOf(sealed, signKey) };
}

async function fieldsOf(
  config: LoadedConfig,
  planned: PlannedExport,
  recommendation: Recommendation,
  campaign: Campaign | null,
  now: Date,
): Promise<Omit<PlanArtifact, "integrity" | "signature">> {
  const { exported, plan, diagnostics, cursorSnapshot } = planned;
  const ranges = rangesOf(plan.strategy, rangeKind(exported.config));
  const resolved_plan = resolvePlan(config, exported, plan);
  const { warnings, suggestion } = diagnostics;
  return {
    rivet_version: RIVET_VERSION,
    artifact_version: ARTIFACT_VERSION,
    plan_id: crypto.randomUUID().replaceAll("-", ""),
    created_at: now.toISOString(),
    expires_at: new Date(now.getTime() + EXPIRES_AFTER_MS).toISOString(),
    export_name: exported.name,
    strategy: exported.config.mode,
    plan_fingerprint: await fingerprintOf(resolved_plan),
    resolved_plan,
    computed: {
      chunk_ranges: ranges,
      chunk_count: ranges.length,
      cursor_snapshot: cursorSnapshot,
      row_estimate: plan.estimatedRows,
      ...(planned.snapshot === null ? {} : { snapshot: planned.snapshot }),
    },
    diagnostics: {
      verdict: verdictName(diagnostics.verdict),
      warnings: suggestion === null ? warnings : [...warnings, suggestion],
      recommended_profile: diagnostics.recommendedProfile,
      ...(planned.tasks === undefined ? {} : { largest_to_mean: planned.tasks.largest_to_mean }),
    },
    ...(planned.tasks === undefined ? {} : { tasks: planned.tasks.tasks }),
    prioritization: {
      export_recommendation: { export_name: exported.name, ...recommendation },
      campaign,
      ...recommendation,
    },
    config_path: config.path,
  };
}
