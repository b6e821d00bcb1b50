/** How an export is read, by its mode, with every default filled in: nothing is asked twice. */
import { ConfigError } from "../base/errors.ts";
import { parseDuration } from "./duration.ts";
import type { ExportConfig } from "./schema.ts";

/** `chunk_size` when nothing is set: one chunk is read well within half a second. */
export const DEFAULT_CHUNK_SIZE = 100_000;
const DEFAULT_MAX_ATTEMPTS = 3;
const DEFAULT_COMMIT_WAIT_S = 60;
const DEFAULT_TASK_LEASE_S = 120;

/** `mode: full`. */
export interface FullMode {
  readonly kind: "full";
  /** Readers at the same time. */
  readonly parallel: number;
}

/** `mode: incremental`. */
export interface IncrementalMode {
  readonly kind: "incremental";
  readonly column: string;
  /** `incremental_cursor_mode: coalesce`; null: the column alone. */
  readonly fallback: string | null;
  /** `incremental_safety: commit_safe`. */
  readonly commitSafe: boolean;
  /** `commit_wait_s`. */
  readonly commitWaitMs: number;
  /** `cursor_lag`; null: none. */
  readonly lagMs: number | null;
}

/** `mode: chunked`. Which cut it is, `cutOf` tells. */
export interface ChunkedMode {
  readonly kind: "chunked";
  /** `chunk_column`, or what `chunk_by_key` names; null: found in the catalog. */
  readonly column: string | null;
  /** The setting that names it. */
  readonly setting: "chunk_column" | "chunk_by_key";
  /** `chunk_size`; the default with any other setting. */
  readonly size: number;
  /** `chunk_size_memory_mb`; null: none. */
  readonly memoryMb: number | null;
  /** `chunk_count`. */
  readonly count: number | null;
  /** `chunk_by_days`. */
  readonly days: number | null;
  readonly dense: boolean;
  readonly byKey: boolean;
  /** `chunk_by`; null: by a column. */
  readonly by: "ctid" | "partitions" | null;
  readonly checkpoint: boolean;
  readonly maxAttempts: number;
  /** `lease_s`: how long a task that several processes share may be silent. */
  readonly taskLeaseMs: number;
  readonly parallel: number;
}

/** `mode: time_window`. */
export interface WindowMode {
  readonly kind: "time_window";
  readonly column: string;
  readonly columnType: "timestamp" | "unix";
  readonly days: number;
}

/** How an export is read: exactly what its mode needs. */
export type ResolvedMode = FullMode | IncrementalMode | ChunkedMode | WindowMode;

/** What the rules of the configuration have made sure of. */
function required<T>(value: T | undefined, key: string, mode: string): T {
  if (value !== undefined) return value;
  throw new ConfigError(`mode: ${mode} needs ${key}`);
}

function incrementalMode(config: ExportConfig): IncrementalMode {
  const { cursor_column, cursor_fallback_column, cursor_lag, commit_wait_s } = config;
  return {
    kind: "incremental",
    column: required(cursor_column, "cursor_column", "incremental"),
    fallback: cursor_fallback_column ?? null,
    commitSafe: config.incremental_safety === "commit_safe",
    commitWaitMs: (commit_wait_s ?? DEFAULT_COMMIT_WAIT_S) * 1000,
    lagMs: cursor_lag === undefined
      ? null
      : required(parseDuration(cursor_lag), "a valid cursor_lag", "incremental"),
  };
}

function chunkedMode(config: ExportConfig): ChunkedMode {
  const { chunk_by_key: key } = config;
  const named = typeof key === "string";
  return {
    kind: "chunked",
    column: (named ? key : config.chunk_column) ?? null,
    setting: named ? "chunk_by_key" : "chunk_column",
    size: config.chunk_size ?? DEFAULT_CHUNK_SIZE,
    memoryMb: config.chunk_size_memory_mb ?? null,
    count: config.chunk_count ?? null,
    days: config.chunk_by_days ?? null,
    dense: config.chunk_dense === true,
    byKey: key !== undefined && key !== false,
    by: config.chunk_by ?? null,
    checkpoint: config.chunk_checkpoint,
    maxAttempts: config.chunk_max_attempts ?? DEFAULT_MAX_ATTEMPTS,
    taskLeaseMs: (config.lease_s ?? DEFAULT_TASK_LEASE_S) * 1000,
    parallel: config.parallel,
  };
}

function windowMode(config: ExportConfig): WindowMode {
  return {
    kind: "time_window",
    column: required(config.time_column, "time_column", "time_window"),
    columnType: config.time_column_type ?? "timestamp",
    days: required(config.days_window, "days_window", "time_window"),
  };
}

/** @param config a valid one: what its mode needs is there. */
export function resolveMode(config: ExportConfig): ResolvedMode {
  switch (config.mode) {
    case "full":
      return { kind: "full", parallel: config.parallel };
    case "incremental":
      return incrementalMode(config);
    case "chunked":
      return chunkedMode(config);
    case "time_window":
      return windowMode(config);
  }
}

/** Readers that the mode asks for at the same time. */
export function readersOf(mode: ResolvedMode): number {
  return mode.kind === "full" || mode.kind === "chunked" ? mode.parallel : 1;
}
