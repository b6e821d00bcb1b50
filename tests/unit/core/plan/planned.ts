/** Exports planned without a source. */
import { read } from "../../../../core/base/schema.ts";
import type { LoadedConfig } from "../../../../core/config/loaded.ts";
import { resolveExport, resolveSource } from "../../../../core/config/resolve.ts";
import { exportSchema, sourceSchema } from "../../../../core/config/schema.ts";
import { type PlanArtifact, sealPlan } from "../../../../core/artifact/artifact.ts";
import type { PlannedExport } from "../../../../core/artifact/planned.ts";
import type { ExportPlan, Strategy } from "../../../../core/plan/strategy.ts";
import { recommend } from "../../../../core/artifact/priority.ts";
import type { IndexUse, Verdict } from "../../../../core/preflight/verdict.ts";
import type { Column } from "../../../../core/types/types.ts";

export interface PlannedFacts {
  readonly name?: string;
  /** Keys of the export's configuration. */
  readonly config?: Record<string, unknown>;
  readonly rows?: number | null;
  readonly index?: IndexUse;
  readonly verdict?: Verdict;
  readonly sparse?: boolean;
  readonly strategy?: Strategy;
  readonly cursor?: string | null;
  readonly drift?: readonly string[] | null;
}

const BASE = 'SELECT * FROM "orders"';

export const columnOf = (name: string, kind: "int" | "timestamp" | "text"): Column => ({
  name,
  nativeType: kind,
  type: kind === "int"
    ? { kind, bits: 64, signed: true }
    : kind === "timestamp"
    ? { kind, unit: "us", utc: true }
    : { kind },
  nullable: false,
  fidelity: "exact",
} as Column);

export function chunkedStrategy(count: number): Strategy {
  return {
    kind: "chunked",
    shape: { kind: "range", base: BASE, column: "id" },
    fingerprint: "f",
    pageRows: null,
    chunks: Array.from({ length: count }, (_, index) => ({
      index,
      start: String(index * 100 + 1),
      end: String(index * 100 + 100),
    })),
  };
}

export function incrementalStrategy(
  column: Column,
  fallback: string | null = null,
): Strategy {
  return {
    kind: "incremental",
    shape: { base: BASE, column: column.name, columnType: column, fallback },
    after: null,
    window: { after: null },
    heldBy: [],
    ties: null,
    read: { kind: "cursor", sql: BASE },
    watch: column.name,
    coalesced: null,
  };
}

const WHOLE: Strategy = { kind: "whole", reads: [{ kind: "cursor", sql: BASE }] };

export function planned(facts: PlannedFacts = {}): PlannedExport {
  const config = read(exportSchema, {
    name: facts.name ?? "orders",
    table: "orders",
    destination: { type: "local", path: "./out" },
    ...facts.config,
  });
  const exported = resolveExport(config, config.query ?? null, SOURCE, "/etc");
  const rows = facts.rows === undefined ? 1_000 : facts.rows;
  const plan: ExportPlan = {
    base: BASE,
    description: { columns: [], selectList: [] },
    estimatedRows: rows,
    strategy: facts.strategy ?? WHOLE,
    stages: {} as ExportPlan["stages"],
  };
  return {
    exported,
    plan,
    cursorSnapshot: facts.cursor ?? null,
    snapshot: null,
    drift: facts.drift ?? null,
    diagnostics: {
      strategy: "full-scan",
      reads: null,
      rowEstimate: rows,
      keyRange: null,
      scanType: null,
      index: facts.index ?? "full",
      indexed: null,
      verdict: facts.verdict ?? "ACCEPTABLE",
      recommendedProfile: "balanced",
      recommendedParallel: 1,
      warnings: [],
      suggestion: null,
      sparse: facts.sparse ?? false,
    },
  };
}

const SOURCE = read(sourceSchema, { type: "postgres", url_env: "DATABASE_URL" });

export function configOf(
  one: PlannedExport,
  options: { path?: string; source?: Record<string, unknown>; notifications?: unknown } = {},
): LoadedConfig {
  const source = read(sourceSchema, {
    type: "postgres",
    ...options.source ?? { url_env: "DATABASE_URL" },
  });
  return {
    path: options.path ?? "/etc/rivet.yaml",
    dir: "/etc",
    source: resolveSource(source, "/etc"),
    exports: [one.exported],
    config: {
      source,
      exports: [one.exported.config],
      notifications: options.notifications as LoadedConfig["config"]["notifications"],
      parallel_exports: false,
      parallel_export_processes: false,
    },
    variables: [],
    warnings: [],
  };
}

/** A sealed plan as its file holds it. */
export async function artifactOf(
  one: PlannedExport,
  options: Parameters<typeof configOf>[1] & { now?: Date; signKey?: string } = {},
): Promise<PlanArtifact> {
  const now = options.now ?? new Date();
  const recommendation = recommend(one, []);
  const config = configOf(one, options);
  const artifact = await sealPlan(config, one, recommendation, null, now, options.signKey ?? null);
  return JSON.parse(JSON.stringify(artifact));
}
