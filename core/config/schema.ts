/**
 * The shape of `rivet.yaml`. Names are public API (contracts section 8). Relations between fields are
 * rules in `rules.ts`; this file says only what each field is.
 */
import { z } from "zod";

const name = z.string().min(1);
const positive = z.number().int().positive();
const nonNegative = z.number().int().min(0);

export const tuningSchema = z.strictObject({
  profile: z.enum(["safe", "balanced", "fast"]).optional(),
  batch_size: positive.optional(),
  batch_size_memory_mb: positive.optional(),
  throttle_ms: nonNegative.optional(),
  statement_timeout_s: nonNegative.optional(),
  lock_timeout_s: nonNegative.optional(),
  max_retries: nonNegative.optional(),
  retry_backoff_ms: nonNegative.optional(),
  memory_threshold_mb: nonNegative.optional(),
  max_batch_memory_mb: nonNegative.optional(),
  on_batch_memory_exceeded: z.enum(["warn", "fail", "auto_shrink"]).optional(),
  max_value_mb: positive.optional(),
});

export const tlsSchema = z.strictObject({
  mode: z.enum(["disable", "require", "verify-ca", "verify-full"]).default("verify-full"),
  ca_file: z.string().optional(),
  accept_invalid_certs: z.boolean().default(false),
  accept_invalid_hostnames: z.boolean().default(false),
});

export const sourceSchema = z.strictObject({
  type: z.enum(["postgres", "mysql", "mssql"]),
  url: z.string().optional(),
  url_env: z.string().optional(),
  url_file: z.string().optional(),
  host: z.string().optional(),
  port: z.number().int().min(1).max(65535).optional(),
  user: z.string().optional(),
  password: z.string().optional(),
  password_env: z.string().optional(),
  database: z.string().optional(),
  tls: tlsSchema.optional(),
  tuning: tuningSchema.optional(),
});

export const destinationSchema = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("local"), path: z.string().min(1) }),
  z.strictObject({
    type: z.literal("s3"),
    bucket: name,
    prefix: z.string().default(""),
    region: z.string().optional(),
    endpoint: z.string().optional(),
    access_key_env: z.string().optional(),
    secret_key_env: z.string().optional(),
    session_token_env: z.string().optional(),
  }),
  z.strictObject({
    type: z.literal("gcs"),
    bucket: name,
    prefix: z.string().default(""),
    endpoint: z.string().optional(),
    credentials_file: z.string().optional(),
  }),
  z.strictObject({
    type: z.literal("azure"),
    container: name,
    prefix: z.string().default(""),
    endpoint: z.string().optional(),
    account_name: z.string().optional(),
    account_key_env: z.string().optional(),
    sas_token_env: z.string().optional(),
    connection_string_env: z.string().optional(),
  }),
  z.strictObject({ type: z.literal("stdout") }),
]);

export const parquetSchema = z.strictObject({
  row_group_strategy: z.enum(["auto", "fixed_rows", "fixed_memory"]).default("auto"),
  row_group_rows: positive.optional(),
  target_row_group_mb: positive.default(128),
  max_row_group_mb: positive.optional(),
});

export const qualitySchema = z.strictObject({
  row_count_min: nonNegative.optional(),
  row_count_max: nonNegative.optional(),
  null_ratio_max: z.record(z.string(), z.number().min(0).max(1)).optional(),
  unique_columns: z.array(z.string()).optional(),
  unique_max_entries: positive.optional(),
});

export const metaColumnsSchema = z.strictObject({
  exported_at: z.boolean().default(false),
  row_hash: z.union([z.boolean(), z.array(z.string()).min(1)]).default(false),
});

export const exportSchema = z.strictObject({
  name,
  query: z.string().optional(),
  query_file: z.string().optional(),
  table: z.string().optional(),
  mode: z.enum(["full", "incremental", "chunked", "time_window"]).default("full"),

  cursor_column: z.string().optional(),
  cursor_fallback_column: z.string().optional(),
  incremental_cursor_mode: z.enum(["single_column", "coalesce"]).optional(),
  incremental_safety: z.enum(["off", "commit_safe"]).optional(),
  cursor_lag: z.string().optional(),

  chunk_column: z.string().optional(),
  chunk_size: positive.optional(),
  chunk_count: positive.optional(),
  chunk_by_days: positive.optional(),
  chunk_dense: z.boolean().optional(),
  chunk_by_key: z.union([z.boolean(), z.string()]).optional(),
  chunk_checkpoint: z.boolean().default(false),
  chunk_max_attempts: positive.optional(),
  parallel: positive.default(1),

  time_column: z.string().optional(),
  time_column_type: z.enum(["timestamp", "unix"]).optional(),
  days_window: positive.optional(),

  partition_by: z.string().optional(),
  partition_granularity: z.enum(["day", "month", "year"]).optional(),

  format: z.enum(["parquet", "csv"]).default("parquet"),
  compression: z.enum(["zstd", "snappy", "gzip", "lz4", "none"]).optional(),
  compression_level: z.number().int().optional(),
  compression_profile: z.enum(["none", "fast", "balanced", "compact"]).optional(),
  parquet: parquetSchema.optional(),
  columns: z.record(z.string(), z.string()).optional(),
  max_file_size: z.string().optional(),
  skip_empty: z.boolean().default(false),
  meta_columns: metaColumnsSchema.optional(),

  quality: qualitySchema.optional(),
  on_schema_drift: z.enum(["warn", "continue", "fail"]).default("warn"),
  shape_drift_warn_factor: z.number().min(1).default(2.0),
  verify: z.enum(["size", "content"]).default("size"),
  reconcile: z.enum(["off", "count", "checksum"]).optional(),

  consistency: z.enum(["statement", "snapshot", "run_snapshot"]).optional(),
  max_snapshot_s: positive.optional(),

  wave: positive.optional(),
  parallel_safe: z.boolean().optional(),
  source_group: z.string().optional(),
  reconcile_required: z.boolean().optional(),

  tuning: tuningSchema.optional(),
  destination: destinationSchema,
});

export const notificationsSchema = z.strictObject({
  slack: z.strictObject({
    webhook_url: z.string().optional(),
    webhook_url_env: z.string().optional(),
    on: z.array(z.enum(["failure", "schema_change", "degraded"])).default(["failure"]),
  }).optional(),
});

export const configSchema = z.strictObject({
  source: sourceSchema,
  exports: z.array(exportSchema).min(1),
  notifications: notificationsSchema.optional(),
  parallel_exports: z.boolean().default(false),
  parallel_export_processes: z.boolean().default(false),
});

export type SourceConfig = z.infer<typeof sourceSchema>;
export type TlsConfig = z.infer<typeof tlsSchema>;
export type TuningConfig = z.infer<typeof tuningSchema>;
export type DestinationConfig = z.infer<typeof destinationSchema>;
export type ExportConfig = z.infer<typeof exportSchema>;
export type ExportMode = ExportConfig["mode"];
export type RivetConfig = z.infer<typeof configSchema>;
