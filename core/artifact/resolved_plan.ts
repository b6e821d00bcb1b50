/**
 * `resolved_plan` of an artifact: the configuration of one export with everything derived written out, so
 * that apply needs no other file (PA1), and without a secret (PA9). Paths stay as they are in the
 * configuration: apply resolves them against the folder that it finds the state in (PA7).
 */
import type { LoadedConfig, LoadedExport } from "../config/loaded.ts";
import type {
  ExportConfig,
  LineageConfig,
  NotificationsConfig,
  SourceConfig,
  TuningConfig,
} from "../config/schema.ts";
import type { Tuning } from "../config/tuning.ts";
import { redactConfig } from "../base/redact.ts";
import type { ExportPlan } from "../plan/strategy.ts";
import { CUTS } from "../query/cuts/mod.ts";

const MIB = 1024 * 1024;

export interface ResolvedPlan {
  readonly source: SourceConfig;
  readonly export: ExportConfig;
  readonly notifications: NotificationsConfig | null;
  /** Absent: nobody is told. */
  readonly lineage?: LineageConfig;
  /** The SQL that every statement of the run wraps. */
  readonly base_query: string;
  /** Paths of values that are not in the artifact because they are secret, e.g. `source.password`. */
  readonly redacted: readonly string[];
}

function tuningConfig(tuning: Tuning): TuningConfig {
  return {
    profile: tuning.profile,
    ...(tuning.batchRows > 0
      ? { batch_size: tuning.batchRows }
      : { batch_size_memory_mb: tuning.batchBytes / MIB }),
    throttle_ms: tuning.throttleMs,
    statement_timeout_s: tuning.statementTimeoutS,
    lock_timeout_s: tuning.lockTimeoutS,
    network_timeout_s: tuning.networkTimeoutS,
    max_retries: tuning.maxRetries,
    retry_backoff_ms: tuning.retryBackoffMs,
    retry_max_backoff_ms: tuning.retryMaxBackoffMs,
    memory_threshold_mb: tuning.memoryThresholdMb,
    max_batch_memory_mb: tuning.maxBatchMemoryMb,
    on_batch_memory_exceeded: tuning.onBatchMemoryExceeded,
    max_value_mb: tuning.maxValueMb,
    ...(tuning.adaptive ? { adaptive: true, min_parallel: tuning.minParallel } : {}),
  };
}

/** The cut as it was decided: a column that was found in the catalog is named, so is the default size. */
function chunkSettings({ mode }: LoadedExport, plan: ExportPlan): Partial<ExportConfig> {
  if (plan.strategy.kind !== "chunked" || mode.kind !== "chunked") return {};
  const { shape } = plan.strategy;
  const { columnSetting } = CUTS[shape.kind];
  return {
    ...(columnSetting === null ? {} : { [columnSetting]: shape.column }),
    ...(mode.count === null && mode.days === null && mode.by !== "partitions"
      ? { chunk_size: plan.strategy.size ?? mode.size }
      : {}),
  };
}

function resolvedExport(exported: LoadedExport, plan: ExportPlan): ExportConfig {
  const { query_file: _, allow_outside: __, ...config } = exported.config;
  return {
    ...config,
    ...(exported.query === null ? {} : { query: exported.query }),
    ...chunkSettings(exported, plan),
    tuning: tuningConfig(exported.tuning),
  };
}

/** Paths at which `kept` lacks or changed what `original` has. */
function differences(original: unknown, kept: unknown, path: string): string[] {
  if (typeof original !== "object" || original === null) return original === kept ? [] : [path];
  return Object.entries(original).flatMap(([key, value]) =>
    value === undefined
      ? []
      : differences(value, (kept as Record<string, unknown>)[key], path ? `${path}.${key}` : key)
  );
}

export function resolvePlan(
  config: LoadedConfig,
  exported: LoadedExport,
  plan: ExportPlan,
): ResolvedPlan {
  const { tuning: _, ...source } = config.config.source;
  const original = {
    source,
    export: resolvedExport(exported, plan),
    notifications: config.config.notifications ?? null,
    ...(config.config.lineage === undefined ? {} : { lineage: config.config.lineage }),
  };
  const kept = redactConfig(original);
  return { ...kept, base_query: plan.base, redacted: differences(original, kept, "") };
}
