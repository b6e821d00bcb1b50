/** Tuning as a run uses it: profile numbers with the config's overrides laid over them. */
import { MEMORY_BUDGET_MB, type MemoryShares, memoryShares } from "./memory_budget.ts";
import type { SourceConfig, TuningConfig } from "./schema.ts";

/** How hard a source may be worked, gentlest first. */
export type Profile = "safe" | "balanced" | "fast";

/** Limits of one export's reads; times are in the unit that ends their name. */
export interface Tuning {
  readonly profile: Profile;
  /** Rows per FETCH or page; 0 when batches are sized by `batchBytes`. */
  readonly batchRows: number;
  /** Bytes of decoded rows per FETCH or page. */
  readonly batchBytes: number;
  readonly throttleMs: number;
  /** 0: none. */
  readonly statementTimeoutS: number;
  /** 0: none. */
  readonly lockTimeoutS: number;
  /** Longest silence of a server that owes an answer. 0: none. */
  readonly networkTimeoutS: number;
  readonly maxRetries: number;
  readonly retryBackoffMs: number;
  readonly retryMaxBackoffMs: number;
  /** Reading pauses while RSS is above it; 0: never. */
  readonly memoryThresholdMb: number;
  /** 0: no limit. */
  readonly maxBatchMemoryMb: number;
  readonly onBatchMemoryExceeded: "warn" | "fail" | "auto_shrink";
  readonly maxValueMb: number;
  /** A reader's part of `memory_budget_mb`. */
  readonly memory: MemoryShares;
  /** Read less while the source is busy. */
  readonly adaptive: boolean;
  /** Readers that go on however busy it is. */
  readonly minParallel: number;
}

const MIB = 1024 * 1024;

const COMMON = {
  networkTimeoutS: 120,
  retryMaxBackoffMs: 60_000,
  maxBatchMemoryMb: 0,
  onBatchMemoryExceeded: "warn",
  maxValueMb: 256,
  memory: memoryShares(MEMORY_BUDGET_MB),
  adaptive: false,
  minParallel: 1,
} as const;

/** The profile table of the readme; contracts section 8 sizes balanced and fast by memory. */
export const PROFILES: Record<Profile, Tuning> = {
  fast: {
    ...COMMON,
    profile: "fast",
    batchRows: 0,
    batchBytes: 64 * MIB,
    throttleMs: 0,
    statementTimeoutS: 0,
    lockTimeoutS: 0,
    maxRetries: 1,
    retryBackoffMs: 1_000,
    memoryThresholdMb: 0,
  },
  balanced: {
    ...COMMON,
    profile: "balanced",
    batchRows: 0,
    batchBytes: 32 * MIB,
    throttleMs: 50,
    statementTimeoutS: 300,
    lockTimeoutS: 30,
    maxRetries: 3,
    retryBackoffMs: 2_000,
    memoryThresholdMb: 4_096,
  },
  safe: {
    ...COMMON,
    profile: "safe",
    batchRows: 2_000,
    // A ceiling beside the row count, for tables with very wide rows.
    batchBytes: 32 * MIB,
    throttleMs: 500,
    statementTimeoutS: 120,
    lockTimeoutS: 10,
    maxRetries: 5,
    retryBackoffMs: 5_000,
    memoryThresholdMb: 2_048,
  },
};

/** How a batch is sized is one setting with two spellings: the more specific block decides it whole. */
function batchSize(
  base: Tuning,
  source: TuningConfig,
  own: TuningConfig,
): Pick<Tuning, "batchRows" | "batchBytes"> {
  for (const block of [own, source]) {
    if (block.batch_size !== undefined) {
      return { batchRows: block.batch_size, batchBytes: base.batchBytes };
    }
    if (block.batch_size_memory_mb !== undefined) {
      return { batchRows: 0, batchBytes: block.batch_size_memory_mb * MIB };
    }
  }
  return { batchRows: base.batchRows, batchBytes: base.batchBytes };
}

/** `source.environment`: the profile where none is set. */
const ENVIRONMENT_PROFILES: Record<NonNullable<SourceConfig["environment"]>, Profile> = {
  production: "safe",
  replica: "balanced",
  local: "fast",
};

/** Which profile holds, and what said so. */
export interface ProfileChoice {
  readonly profile: Profile;
  readonly from: "export" | "source" | "environment" | "default";
  /** `source.environment`. */
  readonly environment: SourceConfig["environment"] | null;
}

/** The export's own profile, else the source's, else what its environment suggests. */
export function chooseProfile(
  source: TuningConfig = {},
  own: TuningConfig = {},
  environment?: SourceConfig["environment"],
): ProfileChoice {
  const choice = (profile: Profile, from: ProfileChoice["from"]) => ({
    profile,
    from,
    environment: environment ?? null,
  });
  if (own.profile !== undefined) return choice(own.profile, "export");
  if (source.profile !== undefined) return choice(source.profile, "source");
  if (environment === undefined) return choice("balanced", "default");
  return choice(ENVIRONMENT_PROFILES[environment], "environment");
}

/** Profile, then `source.tuning`, then the export's own block, field by field. */
export function resolveTuning(
  source: TuningConfig = {},
  own: TuningConfig = {},
  environment?: SourceConfig["environment"],
): Tuning {
  const base = PROFILES[chooseProfile(source, own, environment).profile];
  const pick = <K extends keyof TuningConfig>(key: K) => own[key] ?? source[key];
  return {
    profile: base.profile,
    ...batchSize(base, source, own),
    throttleMs: pick("throttle_ms") ?? base.throttleMs,
    statementTimeoutS: pick("statement_timeout_s") ?? base.statementTimeoutS,
    lockTimeoutS: pick("lock_timeout_s") ?? base.lockTimeoutS,
    networkTimeoutS: pick("network_timeout_s") ?? base.networkTimeoutS,
    maxRetries: pick("max_retries") ?? base.maxRetries,
    retryBackoffMs: pick("retry_backoff_ms") ?? base.retryBackoffMs,
    retryMaxBackoffMs: pick("retry_max_backoff_ms") ?? base.retryMaxBackoffMs,
    memoryThresholdMb: pick("memory_threshold_mb") ?? base.memoryThresholdMb,
    maxBatchMemoryMb: pick("max_batch_memory_mb") ?? base.maxBatchMemoryMb,
    onBatchMemoryExceeded: pick("on_batch_memory_exceeded") ?? base.onBatchMemoryExceeded,
    maxValueMb: pick("max_value_mb") ?? base.maxValueMb,
    memory: memoryShares(source.memory_budget_mb ?? MEMORY_BUDGET_MB),
    adaptive: pick("adaptive") ?? base.adaptive,
    minParallel: pick("min_parallel") ?? base.minParallel,
  };
}
