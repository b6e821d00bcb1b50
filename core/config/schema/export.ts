/** One entry of `exports:`. */
import * as v from "valibot";
import { number, positive, record, strictObject, text, whole } from "../../base/schema.ts";
import { TARGETS } from "../../types/targets.ts";
import { destinationSchema } from "./destination.ts";
import { defaulted, described, optional } from "./fields.ts";
import { csvSchema, metaColumnsSchema, parquetSchema, qualitySchema } from "./output.ts";
import { tuningSchema } from "./source.ts";
import { tableFormatSchema } from "./table_format.ts";

const what = {
  name: described(
    text,
    "Unique name: state, file names and reports use it. Letters, digits, '_', '-', '.'.",
  ),
  query: optional(
    v.string(),
    "SQL to export. ${key} is replaced as text from --param, else the environment: trust what you pass. One of query, query_file, table.",
  ),
  query_file: optional(
    text,
    "File that holds the SQL, relative to this file and in its folder; ${key} as in query.",
  ),
  allow_outside: optional(
    v.boolean(),
    "Whether query_file may be outside this file's folder, where others may write. Default: false.",
  ),
  table: optional(text, "Table to export whole, as name or schema.name."),
  mode: defaulted(
    v.picklist(["full", "incremental", "chunked", "time_window"]),
    "full",
    "full: everything, every run. incremental: rows beyond the stored cursor. chunked: in key ranges. time_window: the last days_window days. Default: full.",
  ),
};

const incremental = {
  cursor_column: optional(text, "mode incremental: column that only grows, e.g. updated_at or id."),
  cursor_fallback_column: optional(
    text,
    "mode incremental: NOT NULL column used where cursor_column is NULL. Exactly with incremental_cursor_mode: coalesce.",
  ),
  incremental_cursor_mode: optional(
    v.picklist(["single_column", "coalesce"]),
    "mode incremental: the cursor is cursor_column, or COALESCE(cursor_column, cursor_fallback_column). Default: single_column.",
  ),
  incremental_safety: optional(
    v.picklist(["off", "commit_safe"]),
    "mode incremental: commit_safe ends a run below what a running transaction may still commit, so that late commits are not lost. Default: off.",
  ),
  cursor_lag: optional(
    text,
    "mode incremental: re-reads this trailing window before the cursor, e.g. 15m, 2h, 1d. Default: none.",
  ),
  commit_wait_s: optional(
    positive,
    "mode incremental with commit_safe: how long a run waits for running transactions to end, in seconds; after that it leaves new rows to the next run. Default: 60.",
  ),
};

const chunked = {
  chunk_column: optional(
    text,
    "mode chunked: column whose values are cut into ranges. Default with table: its single-column integer primary key.",
  ),
  chunk_size: optional(
    positive,
    "mode chunked: key values per range, or rows per page with chunk_by_key or chunk_dense. Default: 100,000.",
  ),
  chunk_size_memory_mb: optional(
    positive,
    "mode chunked with table: size of a chunk in MiB as the source stores its rows, from which chunk_size follows when the run is planned (5,000,000 at most). Instead of chunk_size.",
  ),
  chunk_count: optional(positive, "mode chunked: number of equal ranges, instead of chunk_size."),
  chunk_by_days: optional(
    positive,
    "mode chunked: days per range of a date or timestamp chunk_column, instead of chunk_size.",
  ),
  chunk_dense: optional(
    v.boolean(),
    "mode chunked: ranges of chunk_column with about chunk_size rows each, for sparse keys; one ROW_NUMBER() over the column finds them. Default: false.",
  ),
  chunk_by_key: optional(
    v.union([v.boolean(), text]),
    "mode chunked: pages by a unique NOT NULL column of any type: its name, or true for chunk_column or the primary key. Default: false.",
  ),
  chunk_by: optional(
    v.picklist(["ctid", "partitions"]),
    "mode chunked with table: instead of a column, ctid: ranges of the table's blocks, for tables without a key (PostgreSQL 14 and later, with a snapshot); partitions: each partition is a chunk (PostgreSQL, MySQL, MariaDB). Default: none.",
  ),
  chunk_checkpoint: defaulted(
    v.boolean(),
    false,
    "mode chunked: remembers each finished chunk, for --resume, reconcile, repair and progression. Default: false.",
  ),
  chunk_max_attempts: optional(
    positive,
    "mode chunked: how often one chunk is tried before the run fails. Default: 3.",
  ),
  lease_s: optional(
    positive,
    "mode chunked, applied by tasks: seconds without a sign of life after which a task's chunks may be taken over by another one. Default: 120.",
  ),
  parallel: defaulted(
    positive,
    1,
    "Readers at the same time, one connection each (modes chunked and full). Default: 1.",
  ),
};

const timeWindow = {
  time_column: optional(text, "mode time_window: column that holds the row's time."),
  time_column_type: optional(
    v.picklist(["timestamp", "unix"]),
    "mode time_window: a date or timestamp, or seconds since 1970. Default: timestamp.",
  ),
  days_window: optional(positive, "mode time_window: days back from the start of the run, UTC."),
};

const files = {
  partition_by: optional(
    text,
    "Date or timestamp column by which rows go to Hive folders, column_day=2026-01-31/ (UTC), where the path says {partition}. The files keep the column. Default: none.",
  ),
  partition_granularity: optional(
    v.picklist(["day", "month", "year"]),
    "Width of a partition. Default: day.",
  ),
  partition_name: optional(
    v.pipe(text, v.regex(/^[^_.]/, "readers skip folders whose name begins with _ or .")),
    "What the folders are called before the =. Default: the column and the width, e.g. created_at_day.",
  ),
  format: defaulted(v.picklist(["parquet", "csv"]), "parquet", "File format. Default: parquet."),
  compression: optional(
    v.picklist(["zstd", "snappy", "gzip", "lz4", "none"]),
    "Codec of Parquet files, or gzip or zstd around a CSV file as a whole (.csv.gz, .csv.zst). Default: zstd, and none for CSV.",
  ),
  compression_level: optional(
    whole,
    "zstd 1..22 (default 3), gzip 0..10 (default 6); the other codecs have no level.",
  ),
  compression_profile: optional(
    v.picklist(["none", "fast", "balanced", "compact"]),
    "none, fast (snappy), balanced (zstd 3) or compact (zstd 9). Wins over compression and compression_level.",
  ),
  parquet: v.optional(parquetSchema),
  csv: v.optional(csvSchema),
  columns: optional(
    record(v.string()),
    "Type overrides by column: decimal(p,s), int16|int32|int64|uint64, float32|float64, bool, text, binary, json, uuid, date, time, timestamp[_tz][_ns], interval, list<type>.",
  ),
  max_file_size: optional(
    v.union([v.string(), whole]),
    'Starts a new part at about this size: "512MB" or "512MiB" (both powers of 1024) or a number of bytes; at least 1KB. Default: one part.',
  ),
  skip_empty: defaulted(
    v.boolean(),
    false,
    "0 rows: no file, the cursor stays, status skipped. Default: false.",
  ),
  meta_columns: v.optional(metaColumnsSchema),
  table_format: v.optional(tableFormatSchema),
};

const trust = {
  quality: v.optional(qualitySchema),
  on_schema_drift: defaulted(
    v.picklist(["warn", "continue", "fail"]),
    "warn",
    "When columns differ from the last successful run: warn, say nothing, or fail with exit code 4. Default: warn.",
  ),
  shape_drift_warn_factor: defaulted(
    v.pipe(number, v.minValue(1)),
    2.0,
    "Warn when a column's mean width grows or shrinks by more than this factor. Default: 2.0.",
  ),
  target: optional(
    v.picklist(TARGETS),
    "The warehouse that the type report of `rivet check` shows columns for, unless --target names one. Default: none.",
  ),
  verify: defaulted(
    v.picklist(["size", "content"]),
    "size",
    "size: a part is verified by its size, and by MD5 where the store lists one. content: a part without MD5 fails. Default: size.",
  ),
  reconcile: optional(
    v.picklist(["off", "count", "checksum"]),
    "Compare the source with what was exported, after the run and in reconcile: row counts, or each chunk's checksum of every value (mode chunked with chunk_checkpoint). Default: off.",
  ),
  consistency: optional(
    v.picklist(["statement", "snapshot", "run_snapshot"]),
    "What readers see as one point in time: each statement, the whole export, or all exports of the run. Default: statement.",
  ),
  max_snapshot_s: optional(
    positive,
    "Longest time the snapshot of consistency: snapshot or run_snapshot is held, in seconds. Default: no limit.",
  ),
};

const scheduling = {
  wave: optional(
    positive,
    "Order of `rivet apply <config>`, lowest first; `rivet plan` writes it. No wave runs last.",
  ),
  parallel_safe: optional(
    v.boolean(),
    "May run beside others of its wave with --parallel-export-processes; `rivet plan` writes it.",
  ),
  source_group: optional(
    text,
    "Exports of one group share a physical source; `rivet plan` warns about heavy ones in the same group.",
  ),
  reconcile_required: optional(
    v.boolean(),
    "Counts towards the export's priority in `rivet plan`. Default: false.",
  ),
};

/** All modes' keys at once: which of them belong to a mode is a rule's affair. */
export const exportSchema = described(
  strictObject({
    ...what,
    ...incremental,
    ...chunked,
    ...timeWindow,
    ...files,
    ...trust,
    ...scheduling,
    tuning: v.optional(tuningSchema),
    destination: destinationSchema,
  }),
  "One query or table, and the files it becomes.",
);

/** Which keys belong to which mode; the rules name those that another mode would ignore. */
export const MODE_KEYS = {
  incremental: Object.keys(incremental),
  chunked: Object.keys(chunked).filter((key) => key !== "parallel"),
  time_window: Object.keys(timeWindow),
} as const satisfies Record<string, readonly string[]>;

/** An entry after parsing, with its defaults; what a mode makes of it is `ResolvedMode`. */
export type ExportConfig = v.InferOutput<typeof exportSchema>;
/** What `mode:` can be. */
export type ExportMode = ExportConfig["mode"];
