import assert from "node:assert/strict";
import { EXPORT_RULES, ROOT_RULES, SOURCE_RULES } from "../../../../core/config/rules.ts";
import { formatPath } from "../../../../core/config/problem.ts";
import { validateConfig } from "../../../../core/config/validate.ts";

const TLS = { mode: "disable" };
const SOURCE = { type: "postgres", url_env: "U", tls: TLS };
const LOCAL = { type: "local", path: "out" };
const EXPORT = { name: "a", table: "t", destination: LOCAL };

type Block = Record<string, unknown>;

/** `path` of every finding, `!path` of an error and `~path` of a warning. */
function findings(root: Block): string[] {
  return validateConfig({ source: SOURCE, exports: [EXPORT], ...root }, new Set()).findings
    .map((f) => (f.severity === "warning" ? "~" : "!") + formatPath(f.path));
}

const ofSource = (fields: Block) => findings({ source: { type: "postgres", tls: TLS, ...fields } });
const ofExport = (fields: Block) => findings({ exports: [{ ...EXPORT, ...fields }] });
const ofQuery = (fields: Block) =>
  findings({ exports: [{ name: "a", query: "SELECT 1", destination: LOCAL, ...fields }] });
const ofDestination = (destination: Block) => ofExport({ destination });
const URL = { url_env: "U" };
const INC = { mode: "incremental", cursor_column: "c" };
const CHUNK = { mode: "chunked" };
const CTID = { chunk_by: "ctid", consistency: "snapshot" };

const DELTA = { type: "delta" };
const ICEBERG = { type: "iceberg" };
const WINDOW = { mode: "time_window", time_column: "at", days_window: 3 };
const REST = { type: "rest", uri_env: "U" };
const ofTable = (table: Block, fields: Block = {}) => ofExport({ table_format: table, ...fields });

/** Per rule: blocks that break it with what is found, and blocks that keep it. */
const CASES: Record<string, { breaks: [string[], string[]][]; keeps: string[][] }> = {
  url_or_structured_fields: {
    breaks: [
      [ofSource({ url: "postgres://h/d", host: "h" }), ["!source.host"]],
      [ofSource({ url_file: "f", database: "d" }), ["!source.database"]],
      [ofSource({}), ["!source"]],
      [ofSource({ url_env: "U", url_file: "f" }), ["!source.url_file"]],
    ],
    keeps: [ofSource(URL), ofSource({ host: "h", user: "u", database: "d", port: 1 })],
  },
  structured_fields_complete: {
    breaks: [
      [ofSource({ host: "h" }), ["!source"]],
      [ofSource({ port: 5432, user: "u", database: "d" }), ["!source"]],
    ],
    keeps: [ofSource({ host: "h", user: "u", database: "d", password_env: "P" })],
  },
  one_password: {
    breaks: [[
      ofSource({ host: "h", user: "u", database: "d", password: "p", password_env: "P" }),
      ["!source.password_env"],
    ]],
    keeps: [ofSource({ host: "h", user: "u", database: "d", password: "p" })],
  },
  url_scheme_matches_type: {
    breaks: [
      [ofSource({ url: "mysql://h/d" }), ["!source.url"]],
      [ofSource({ url: "http://h/d" }), ["!source.url"]],
      [ofSource({ type: "mssql", url: "postgres://h/d" }), ["!source.url"]],
    ],
    keeps: [
      ofSource({ url: "postgresql://h/d" }),
      ofSource({ type: "mysql", url: "mariadb://h/d" }),
      ofSource({ type: "mssql", url: "sqlserver://h" }),
      ofSource({ url: "host=h" }),
    ],
  },
  fields_hold_no_url: {
    breaks: [
      ...["postgres://u:p@h/db", "u:p@h"].map((host): [string[], string[]] => [
        ofSource({ host, user: "u", database: "d" }),
        ["!source.host"],
      ]),
      [
        ofSource({ host: "h", user: "mysql://a", database: "mysql://b" }),
        ["!source.user", "!source.database"],
      ],
      [ofSource({ url_file: "postgres://u:p@h/db" }), ["!source.url_file"]],
      [ofSource({ url_env: "postgres://u:p@h/db" }), ["!source.url_env"]],
      [ofSource({ ...URL, tls: { ca_file: "https://h/ca.pem" } }), ["!source.tls.ca_file"]],
    ],
    keeps: [
      ofSource({ host: "/var/run/postgresql", user: "a@b", database: "d" }),
      ofSource({ url_file: "/run/secrets/url" }),
    ],
  },
  tls_fields_fit_mode: {
    breaks: [
      [
        ofSource({ ...URL, tls: { mode: "disable", ca_file: "f", accept_invalid_certs: true } }),
        ["!source.tls.ca_file", "!source.tls.accept_invalid_certs"],
      ],
      [ofSource({ ...URL, tls: { mode: "require", ca_file: "f" } }), ["!source.tls.ca_file"]],
      [
        ofSource({ ...URL, tls: { accept_invalid_hostnames: true } }),
        ["~source.tls.accept_invalid_hostnames"],
      ],
    ],
    keeps: [
      ofSource({ ...URL, tls: {} }),
      ofSource({ ...URL, tls: { mode: "verify-ca", ca_file: "f" } }),
      ofSource({ ...URL, tls: { mode: "require", accept_invalid_certs: true } }),
    ],
  },
  client_certificate: {
    breaks: [
      [ofSource({ ...URL, tls: { cert_file: "c" } }), ["!source.tls.cert_file"]],
      [ofSource({ ...URL, tls: { key_file: "k" } }), ["!source.tls.key_file"]],
      [
        ofSource({ ...URL, tls: { mode: "disable", cert_file: "c", key_file: "k" } }),
        ["!source.tls.cert_file"],
      ],
      [
        ofSource({ type: "mssql", ...URL, tls: { cert_file: "c", key_file: "k" } }),
        ["!source.tls.cert_file"],
      ],
    ],
    keeps: [
      ofSource({ ...URL, tls: { cert_file: "c", key_file: "k" } }),
      ofSource({ type: "mysql", ...URL, tls: { cert_file: "c", key_file: "k" } }),
    ],
  },
  public_key: {
    breaks: [
      [
        ofSource({ ...URL, allow_public_key_retrieval: true, server_public_key_file: "k" }),
        ["!source.allow_public_key_retrieval", "!source.server_public_key_file"],
      ],
    ],
    keeps: [
      ofSource({ type: "mysql", ...URL, allow_public_key_retrieval: true }),
      ofSource({ type: "mysql", ...URL, server_public_key_file: "k" }),
    ],
  },
  cleartext_password: {
    breaks: [
      [
        ofSource({ type: "mssql", ...URL, allow_cleartext_password: true }),
        ["!source.allow_cleartext_password"],
      ],
    ],
    keeps: [ofSource({ ...URL, allow_cleartext_password: true })],
  },
  name_is_a_file_name: {
    breaks: ["a/b", "..", "a b", ".hidden", "-x", "a.", "x".repeat(101), "a\nb"].map((
      name,
    ) => [ofExport({ name }), ["!exports[0].name"]]),
    keeps: ["orders", "Orders-2026.v1", "größe", "_x", "1"].map((name) => ofExport({ name })),
  },
  one_of_query_query_file_table: {
    breaks: [
      [ofExport({ table: undefined }), ["!exports[0]"]],
      [ofExport({ query: "SELECT 1" }), ["!exports[0].table"]],
      [ofExport({ table: undefined, query: "x", query_file: "f" }), ["!exports[0].query_file"]],
    ],
    keeps: [ofQuery({}), ofExport({}), ofExport({ table: undefined, query_file: "f" })],
  },
  allow_outside_needs_query_file: {
    breaks: [[ofExport({ allow_outside: true }), ["!exports[0].allow_outside"]]],
    keeps: [
      ofExport({ allow_outside: false }),
      ofExport({ table: undefined, query_file: "../x.sql", allow_outside: true }),
    ],
  },
  table_is_a_name: {
    breaks: [
      [ofExport({ table: "select * from t" }), ["!exports[0].table"]],
      [ofExport({ table: "t; DROP" }), ["!exports[0].table"]],
    ],
    keeps: [ofExport({ table: "sales.Orders" }), ofExport({ table: "selected rows" })],
  },
  keys_fit_mode: {
    breaks: [
      [ofExport({ cursor_column: "c" }), ["!exports[0].cursor_column"]],
      [ofExport({ mode: "full", cursor_column: "c" }), ["~exports[0].cursor_column"]],
      [ofExport({ ...INC, chunk_size: 5 }), ["~exports[0].chunk_size"]],
      [ofExport({ mode: "full", chunk_checkpoint: true }), ["~exports[0].chunk_checkpoint"]],
      [ofExport({ ...CHUNK, days_window: 5 }), ["~exports[0].days_window"]],
    ],
    keeps: [
      ofExport({ chunk_checkpoint: false, chunk_dense: false, incremental_safety: "off" }),
      ofExport({ ...CHUNK, chunk_checkpoint: true, chunk_max_attempts: 2 }),
    ],
  },
  incremental_needs_cursor_column: {
    breaks: [[ofExport({ mode: "incremental" }), ["!exports[0].mode"]]],
    keeps: [ofExport(INC)],
  },
  cc1_fallback_iff_coalesce: {
    breaks: [
      [ofExport({ ...INC, incremental_cursor_mode: "coalesce" }), [
        "!exports[0].incremental_cursor_mode",
      ]],
      [ofExport({ ...INC, cursor_fallback_column: "d" }), ["!exports[0].cursor_fallback_column"]],
      [
        ofExport({ ...INC, incremental_cursor_mode: "single_column", cursor_fallback_column: "d" }),
        ["!exports[0].cursor_fallback_column"],
      ],
      [
        ofExport({ ...INC, incremental_cursor_mode: "coalesce", cursor_fallback_column: "c" }),
        ["!exports[0].cursor_fallback_column"],
      ],
    ],
    keeps: [
      ofExport({ ...INC, incremental_cursor_mode: "coalesce", cursor_fallback_column: "d" }),
      ofExport({ ...INC, incremental_cursor_mode: "single_column" }),
    ],
  },
  cursor_lag_is_a_duration: {
    breaks: [[ofExport({ ...INC, cursor_lag: "soon" }), ["!exports[0].cursor_lag"]]],
    keeps: [ofExport({ ...INC, cursor_lag: "15m" })],
  },
  time_window_needs_column_and_days: {
    breaks: [
      [ofExport({ mode: "time_window" }), ["!exports[0].mode", "!exports[0].mode"]],
      [ofExport({ mode: "time_window", time_column: "t" }), ["!exports[0].mode"]],
    ],
    keeps: [ofExport({ mode: "time_window", time_column: "t", days_window: 7 })],
  },
  chunked_needs_a_key: {
    breaks: [
      [ofQuery(CHUNK), ["!exports[0].mode"]],
      [ofQuery({ ...CHUNK, chunk_by_key: true }), ["!exports[0].mode"]],
      [ofExport({ ...CHUNK, chunk_by_days: 7 }), ["!exports[0].chunk_by_days"]],
    ],
    keeps: [
      ofExport(CHUNK),
      ofQuery({ ...CHUNK, chunk_column: "id" }),
      ofQuery({ ...CHUNK, chunk_by_key: "id" }),
      ofQuery({ ...CHUNK, chunk_by_key: true, chunk_column: "id" }),
    ],
  },
  one_way_to_chunk: {
    breaks: [
      [ofExport({ ...CHUNK, chunk_size: 1, chunk_count: 1 }), ["!exports[0].chunk_count"]],
      [ofExport({ ...CHUNK, chunk_size: 1, chunk_size_memory_mb: 64 }), [
        "!exports[0].chunk_size_memory_mb",
      ]],
      [ofExport({ ...CHUNK, chunk_size_memory_mb: 64, chunk_count: 1 }), [
        "!exports[0].chunk_count",
      ]],
      [
        ofExport({ ...CHUNK, chunk_column: "c", chunk_size_memory_mb: 64, chunk_by_days: 1 }),
        ["!exports[0].chunk_by_days"],
      ],
      [
        ofExport({ ...CHUNK, chunk_column: "c", chunk_by_days: 1, chunk_dense: true }),
        ["!exports[0].chunk_dense"],
      ],
      [ofExport({ ...CHUNK, chunk_dense: true, chunk_by_key: true }), ["!exports[0].chunk_by_key"]],
      [ofExport({ ...CHUNK, ...CTID, chunk_column: "c" }), ["!exports[0].chunk_by"]],
      [ofExport({ ...CHUNK, ...CTID, chunk_by_key: "c" }), ["!exports[0].chunk_by"]],
      [ofExport({ ...CHUNK, ...CTID, chunk_dense: true }), ["!exports[0].chunk_by"]],
    ],
    keeps: [
      ofExport({ ...CHUNK, chunk_size: 1, chunk_dense: true }),
      ofExport({ ...CHUNK, chunk_size: 1, chunk_by_key: "id", chunk_dense: false }),
      ofExport({ ...CHUNK, chunk_column: "c", chunk_by_days: 1, chunk_by_key: false }),
    ],
  },
  chunk_by_needs_table: {
    breaks: [
      [ofQuery({ ...CHUNK, chunk_by: "partitions" }), ["!exports[0].chunk_by"]],
    ],
    keeps: [ofExport({ ...CHUNK, chunk_by: "partitions", chunk_checkpoint: true, parallel: 2 })],
  },
  chunk_by_ctid_needs_snapshot: {
    breaks: [
      [ofExport({ ...CHUNK, chunk_by: "ctid" }), ["!exports[0].chunk_by"]],
      [ofExport({ ...CHUNK, ...CTID, consistency: "statement" }), ["~exports[0].consistency"]],
    ],
    keeps: [
      ofExport({ ...CHUNK, ...CTID, chunk_size: 5 }),
      ofExport({ ...CHUNK, ...CTID, consistency: "run_snapshot", chunk_count: 5 }),
      ofExport({ ...CHUNK, ...CTID, chunk_size_memory_mb: 5 }),
    ],
  },
  chunk_by_ctid_keeps_no_checkpoint: {
    breaks: [[
      ofExport({ ...CHUNK, ...CTID, chunk_checkpoint: true }),
      ["!exports[0].chunk_checkpoint"],
    ]],
    keeps: [ofExport({ ...CHUNK, ...CTID, chunk_checkpoint: false })],
  },
  chunk_by_partitions_has_no_size: {
    breaks: [
      [
        ofExport({ ...CHUNK, chunk_by: "partitions", chunk_size: 5 }),
        ["!exports[0].chunk_size"],
      ],
      [
        ofExport({ ...CHUNK, chunk_by: "partitions", chunk_count: 5 }),
        ["!exports[0].chunk_count"],
      ],
    ],
    keeps: [ofExport({ ...CHUNK, chunk_by: "partitions", chunk_max_attempts: 5 })],
  },
  chunk_size_memory_mb_needs_table: {
    breaks: [[
      ofQuery({ ...CHUNK, chunk_column: "id", chunk_size_memory_mb: 64 }),
      ["!exports[0].chunk_size_memory_mb"],
    ]],
    keeps: [
      ofExport({ ...CHUNK, chunk_size_memory_mb: 64 }),
      ofExport({ ...CHUNK, chunk_size_memory_mb: 64, chunk_by_key: "id" }),
      ofExport({ ...CHUNK, chunk_size_memory_mb: 64, chunk_dense: true }),
    ],
  },
  chunk_by_key_names_one_column: {
    breaks: [[
      ofExport({ ...CHUNK, chunk_column: "a", chunk_by_key: "b" }),
      ["!exports[0].chunk_by_key"],
    ]],
    keeps: [ofExport({ ...CHUNK, chunk_column: "a", chunk_by_key: "a" })],
  },
  parallel_fits_mode: {
    breaks: [[ofExport({ ...INC, parallel: 2 }), ["~exports[0].parallel"]]],
    keeps: [
      ofExport({ ...INC, parallel: 1 }),
      ofExport({ parallel: 4 }),
      ofExport({ ...CHUNK, parallel: 4 }),
    ],
  },
  reconcile_checksum_needs_checkpoint: {
    breaks: [
      [ofExport({ reconcile: "checksum" }), ["!exports[0].reconcile"]],
      [ofExport({ ...INC, reconcile: "checksum" }), ["!exports[0].reconcile"]],
      [ofExport({ ...CHUNK, reconcile: "checksum" }), ["!exports[0].reconcile"]],
    ],
    keeps: [
      ofExport({ ...CHUNK, chunk_checkpoint: true, reconcile: "checksum" }),
      ofExport({ reconcile: "count" }),
    ],
  },
  commit_wait_s_needs_commit_safe: {
    breaks: [[ofExport({ ...INC, commit_wait_s: 5 }), ["!exports[0].commit_wait_s"]]],
    keeps: [ofExport({ ...INC, commit_wait_s: 5, incremental_safety: "commit_safe" })],
  },
  commit_safe_excludes_snapshot: {
    breaks: ["snapshot", "run_snapshot"].map((consistency) => [
      ofExport({ ...INC, incremental_safety: "commit_safe", consistency }),
      ["!exports[0].consistency"],
    ]),
    keeps: [
      ofExport({ ...INC, incremental_safety: "commit_safe", consistency: "statement" }),
      ofExport({ ...INC, incremental_safety: "off", consistency: "snapshot" }),
    ],
  },
  max_snapshot_s_needs_snapshot: {
    breaks: [
      [ofExport({ max_snapshot_s: 5 }), ["!exports[0].max_snapshot_s"]],
      [ofExport({ max_snapshot_s: 5, consistency: "statement" }), ["!exports[0].max_snapshot_s"]],
    ],
    keeps: [ofExport({ max_snapshot_s: 5, consistency: "snapshot" })],
  },
  compression_level_in_range: {
    breaks: [
      [ofExport({ compression_level: 0 }), ["!exports[0].compression_level"]],
      [ofExport({ compression_level: 23 }), ["!exports[0].compression_level"]],
      [ofExport({ compression: "gzip", compression_level: 11 }), ["!exports[0].compression_level"]],
      [ofExport({ compression: "lz4", compression_level: 1 }), ["~exports[0].compression_level"]],
    ],
    keeps: [
      ofExport({ compression_level: 1 }),
      ofExport({ compression: "zstd", compression_level: 22 }),
      ofExport({ compression: "gzip", compression_level: 0 }),
      ofExport({ compression: "gzip", compression_level: 10 }),
    ],
  },
  compression_profile_wins: {
    breaks: [[
      ofExport({ compression_profile: "fast", compression: "zstd", compression_level: 99 }),
      ["~exports[0].compression", "~exports[0].compression_level"],
    ]],
    keeps: [ofExport({ compression_profile: "none" })],
  },
  csv_has_no_parquet_settings: {
    breaks: [[
      ofExport({ format: "csv", compression: "zstd", parquet: {} }),
      ["~exports[0].parquet"],
    ]],
    keeps: [ofExport({ format: "csv", compression: "none" })],
  },
  csv_is_compressed_as_a_file: {
    breaks: [
      [ofExport({ format: "csv", compression: "snappy" }), ["!exports[0].compression"]],
      [ofExport({ format: "csv", compression: "lz4" }), ["!exports[0].compression"]],
      [ofExport({ format: "csv", compression_profile: "fast" }), [
        "!exports[0].compression_profile",
      ]],
      [ofExport({ format: "csv", compression: "none", compression_level: 3 }), [
        "~exports[0].compression_level",
      ]],
    ],
    keeps: [
      ofExport({ format: "csv" }),
      ofExport({ format: "csv", compression: "gzip", compression_level: 9 }),
      ofExport({ format: "csv", compression: "zstd" }),
      ofExport({ format: "csv", compression_profile: "compact" }),
    ],
  },
  parquet_has_no_csv_settings: {
    breaks: [[ofExport({ csv: { escape_formulas: true } }), ["~exports[0].csv"]]],
    keeps: [ofExport({ format: "csv", csv: { escape_formulas: true } })],
  },
  row_group_fields_fit_strategy: {
    breaks: [
      [ofExport({ parquet: { row_group_strategy: "fixed_rows" } }), [
        "!exports[0].parquet.row_group_strategy",
      ]],
      [ofExport({ parquet: { row_group_rows: 5 } }), ["!exports[0].parquet.row_group_rows"]],
      [ofExport({ parquet: { target_row_group_mb: 64, max_row_group_mb: 32 } }), [
        "!exports[0].parquet.max_row_group_mb",
      ]],
    ],
    keeps: [
      ofExport({ parquet: { row_group_strategy: "fixed_rows", row_group_rows: 5 } }),
      ofExport({ parquet: { max_row_group_mb: 32 } }),
    ],
  },
  max_file_size_is_a_size: {
    breaks: ["big", "0.9KB", 1023, 0].map((size) => [
      ofExport({ max_file_size: size }),
      ["!exports[0].max_file_size"],
    ]),
    keeps: ["512MB", "1KB", 1024, 100_000_000].map((size) => ofExport({ max_file_size: size })),
  },
  columns_name_types: {
    breaks: [[ofExport({ columns: { a: "decimal", b: "text" } }), ["!exports[0].columns.a"]]],
    keeps: [ofExport({ columns: { a: "decimal(10,2)" } })],
  },
  column_lists_without_repeats: {
    breaks: [
      [ofExport({ meta_columns: { row_hash: ["a", "b", "a"] } }), [
        "!exports[0].meta_columns.row_hash[2]",
      ]],
      [ofExport({ quality: { unique_columns: ["a", "a"] } }), [
        "!exports[0].quality.unique_columns[1]",
      ]],
      [ofExport({ parquet: { bloom_filter_columns: ["a", "a"] } }), [
        "!exports[0].parquet.bloom_filter_columns[1]",
      ]],
    ],
    keeps: [ofExport({ meta_columns: { row_hash: ["a", "b"] } })],
  },
  quality_bounds_fit: {
    breaks: [
      [ofExport({ quality: { row_count_min: 2, row_count_max: 1 } }), [
        "!exports[0].quality.row_count_min",
      ]],
      [ofExport({ quality: { unique_max_entries: 1 } }), [
        "!exports[0].quality.unique_max_entries",
      ]],
    ],
    keeps: [ofExport({ quality: { row_count_min: 1, row_count_max: 1 } })],
  },
  one_batch_size: {
    breaks: [
      [ofExport({ tuning: { batch_size: 1, batch_size_memory_mb: 1 } }), [
        "!exports[0].tuning.batch_size_memory_mb",
      ]],
      [ofSource({ ...URL, tuning: { batch_size: 1, batch_size_memory_mb: 1 } }), [
        "!source.tuning.batch_size_memory_mb",
      ]],
    ],
    keeps: [ofExport({ tuning: { batch_size: 1 } })],
  },
  one_memory_budget: {
    breaks: [
      [ofExport({ tuning: { memory_budget_mb: 512 } }), ["!exports[0].tuning.memory_budget_mb"]],
    ],
    keeps: [ofSource({ ...URL, tuning: { memory_budget_mb: 512 } })],
  },
  partition_name_is_no_column_of_the_files: {
    breaks: [[
      ofExport({
        partition_by: "At",
        partition_name: "at",
        destination: { type: "local", path: "x/{partition}" },
      }),
      ["~exports[0].partition_name"],
    ]],
    keeps: [ofExport({
      partition_by: "at",
      partition_name: "at_day",
      destination: { type: "local", path: "x/{partition}" },
    })],
  },
  partition_keys_need_partition_by: {
    breaks: [
      [ofExport({ partition_granularity: "day" }), ["!exports[0].partition_granularity"]],
      [ofExport({ partition_name: "day" }), ["!exports[0].partition_name"]],
    ],
    keeps: [],
  },
  table_format_needs_parquet: {
    breaks: [[ofTable(DELTA, { format: "csv" }), ["!exports[0].format"]]],
    keeps: [ofTable(DELTA), ofTable({ type: "iceberg" }, { format: "parquet" })],
  },
  table_format_needs_one_place: {
    breaks: [
      [ofTable(DELTA, { destination: { type: "stdout" } }), ["!exports[0].table_format"]],
      [ofTable(DELTA, { destination: { type: "local", path: "x/{date}" } }), [
        "!exports[0].destination.path",
      ]],
      [ofTable(DELTA, { destination: { type: "gcs", bucket: "b", prefix: "{run_id}/" } }), [
        "!exports[0].destination.prefix",
      ]],
    ],
    keeps: [ofTable(DELTA, { destination: { type: "local", path: "lake/{export}" } })],
  },
  table_format_has_its_own_partitions: {
    breaks: [
      [
        ofTable({ ...DELTA, partition_by: [{ column: "id", transform: "bucket[4]" }] }),
        ["!exports[0].table_format.partition_by[0].transform"],
      ],
      [
        ofTable({
          ...DELTA,
          partition_by: [{ column: "at", transform: "day" }, { column: "at_day" }],
        }),
        ["!exports[0].table_format.partition_by[1]"],
      ],
      [
        ofTable(DELTA, {
          partition_by: "at",
          destination: { type: "gcs", bucket: "b", prefix: "x" },
        }).filter((path) => path === "!exports[0].partition_by").slice(0, 1),
        ["!exports[0].partition_by"],
      ],
    ],
    keeps: [
      ofTable({
        ...DELTA,
        partition_by: [{ column: "country" }, { column: "at", transform: "day" }, { column: "at" }],
      }),
    ],
  },
  table_catalog_fits: {
    breaks: [
      [ofTable({ ...DELTA, catalog: REST, identifier: "a.b" }), [
        "!exports[0].table_format.catalog",
        "!exports[0].table_format.identifier",
      ]],
      [ofTable({ type: "iceberg", identifier: "a.b" }), ["!exports[0].table_format.identifier"]],
      [ofTable({ type: "iceberg", catalog: REST }), ["!exports[0].table_format.catalog"]],
      [ofTable({ type: "iceberg", catalog: { type: "rest" }, identifier: "a.b" }), [
        "!exports[0].table_format.catalog",
      ]],
      [ofTable({ type: "iceberg", catalog: { ...REST, uri: "u" }, identifier: "a.b" }), [
        "!exports[0].table_format.catalog.uri_env",
      ]],
    ],
    keeps: [ofTable({ type: "iceberg", catalog: REST, identifier: "a.b" })],
  },
  table_write_fits_mode: {
    breaks: [
      [ofTable({ ...DELTA, write: "replace" }, INC), ["!exports[0].table_format.write"]],
      [ofTable({ ...DELTA, write: "append" }), ["~exports[0].table_format.write"]],
      [ofTable(DELTA, { ...INC, cursor_lag: "1h" }), ["~exports[0].cursor_lag"]],
    ],
    keeps: [ofTable(DELTA, INC), ofTable({ ...DELTA, write: "replace" })],
  },
  table_window_has_partitions: {
    breaks: [
      [ofTable(DELTA, WINDOW), ["!exports[0].table_format"]],
      [ofTable({ ...DELTA, write: "replace" }, WINDOW), ["!exports[0].table_format"]],
      [ofTable({ ...DELTA, partition_by: [{ column: "b", transform: "day" }] }, WINDOW), [
        "!exports[0].table_format",
      ]],
      [
        ofTable({ ...ICEBERG, partition_by: [{ column: "at", transform: "bucket[4]" }] }, WINDOW),
        ["!exports[0].table_format.partition_by[0].transform"],
      ],
      [
        ofTable({ ...ICEBERG, partition_by: [{ column: "at", transform: "day" }] }, {
          ...WINDOW,
          time_column_type: "unix",
        }),
        ["!exports[0].table_format.partition_by[0].transform"],
      ],
      [ofTable(DELTA, { ...WINDOW, time_column_type: "unix" }), ["!exports[0].table_format"]],
    ],
    keeps: [
      ofTable({ ...DELTA, partition_by: [{ column: "at", transform: "month" }] }, WINDOW),
      ofTable(
        { ...ICEBERG, partition_by: [{ column: "b" }, { column: "at", transform: "hour" }] },
        WINDOW,
      ),
      ofTable({ ...ICEBERG, partition_by: [{ column: "at", transform: "truncate[86400]" }] }, {
        ...WINDOW,
        time_column_type: "unix",
      }),
    ],
  },
  stdout_takes_one_plain_file: {
    breaks: [
      [
        ofExport({ ...CHUNK, max_file_size: "1GB", destination: { type: "stdout" } }),
        ["!exports[0].mode", "!exports[0].max_file_size"],
      ],
      [ofExport({ partition_by: "d", destination: { type: "stdout" } }), [
        "!exports[0].partition_by",
      ]],
    ],
    keeps: [
      ofDestination({ type: "stdout" }),
      findings({
        exports: [{ ...EXPORT, destination: { type: "stdout" } }, { ...EXPORT, name: "b" }],
      }),
    ],
  },
  placeholders_are_known: {
    breaks: [
      [ofDestination({ type: "local", path: "{day}" }), ["!exports[0].destination.path"]],
      [ofDestination({ type: "gcs", bucket: "b", prefix: "{}" }), [
        "!exports[0].destination.prefix",
      ]],
    ],
    keeps: [ofDestination({ type: "local", path: "{date}/{export}/{table}/{run_id}" })],
  },
  partition_by_iff_placeholder: {
    breaks: [
      [ofExport({ partition_by: "d" }), ["!exports[0].partition_by"]],
      [ofDestination({ type: "local", path: "{partition}" }), ["!exports[0].destination.path"]],
      [ofDestination({ type: "local", path: "x", prefix: "{partition}" }), [
        "!exports[0].destination.prefix",
      ]],
    ],
    keeps: [
      ofExport({
        partition_by: "d",
        partition_granularity: "month",
        destination: { type: "local", path: "x/{partition}" },
      }),
    ],
  },
  endpoint_is_a_url: {
    breaks: [[ofDestination({ type: "s3", bucket: "b", endpoint: "localhost:9000" }), [
      "!exports[0].destination.endpoint",
    ]]],
    keeps: [ofDestination({ type: "gcs", bucket: "b", endpoint: "http://127.0.0.1:1" })],
  },
  s3_key_pair: {
    breaks: [
      [ofDestination({ type: "s3", bucket: "b", access_key_env: "A" }), [
        "!exports[0].destination.access_key_env",
      ]],
      [ofDestination({ type: "s3", bucket: "b", secret_key_env: "S" }), [
        "!exports[0].destination.secret_key_env",
      ]],
      [ofDestination({ type: "s3", bucket: "b", session_token_env: "T" }), [
        "!exports[0].destination.session_token_env",
      ]],
    ],
    keeps: [
      ofDestination({ type: "s3", bucket: "b" }),
      ofDestination({ type: "s3", bucket: "b", access_key_env: "A", secret_key_env: "S" }),
    ],
  },
  s3_profile_or_keys: {
    breaks: [
      [
        ofDestination({
          type: "s3",
          bucket: "b",
          access_key_env: "A",
          secret_key_env: "S",
          aws_profile: "p",
        }),
        ["!exports[0].destination.aws_profile"],
      ],
    ],
    keeps: [ofDestination({ type: "s3", bucket: "b", aws_profile: "p" })],
  },
  anonymous_without_credentials: {
    breaks: [
      [ofDestination({ type: "gcs", bucket: "b", allow_anonymous: true }), [
        "~exports[0].destination.allow_anonymous",
      ]],
      [
        ofDestination({
          type: "s3",
          bucket: "b",
          access_key_env: "A",
          secret_key_env: "S",
          allow_anonymous: true,
        }),
        ["!exports[0].destination.allow_anonymous"],
      ],
    ],
    keeps: [ofDestination({ type: "gcs", bucket: "b", allow_anonymous: false })],
  },
  azure_bucket_once: {
    breaks: [
      [ofDestination({ type: "azure", account_name: "a" }), ["!exports[0].destination"]],
      [ofDestination({ type: "azure", bucket: "b", container: "c", account_name: "a" }), [
        "!exports[0].destination.container",
      ]],
    ],
    keeps: [
      ofDestination({ type: "azure", bucket: "c", account_name: "a" }),
      ofDestination({ type: "azure", container: "c", account_name: "a" }),
    ],
  },
  azure_credentials_fit: {
    breaks: [
      [ofDestination({ type: "azure", container: "c" }), ["!exports[0].destination"]],
      [ofDestination({ type: "azure", container: "c", account_key_env: "K" }), [
        "!exports[0].destination.account_key_env",
      ]],
      [
        ofDestination({
          type: "azure",
          container: "c",
          account_name: "a",
          account_key_env: "K",
          sas_token_env: "S",
        }),
        ["!exports[0].destination.sas_token_env"],
      ],
      [
        ofDestination({
          type: "azure",
          container: "c",
          account_name: "a",
          connection_string_env: "C",
        }),
        ["!exports[0].destination.account_name"],
      ],
    ],
    keeps: [
      ofDestination({ type: "azure", container: "c", account_name: "a" }),
      ofDestination({ type: "azure", container: "c", account_name: "a", account_key_env: "K" }),
      ofDestination({ type: "azure", container: "c", connection_string_env: "C" }),
    ],
  },
  tilde_is_not_expanded: {
    breaks: [[ofDestination({ type: "local", path: "~/out" }), ["!exports[0].destination.path"]]],
    keeps: [ofDestination({ type: "local", path: "~out" })],
  },
  manifest_dir_is_free: {
    breaks: [
      [ofDestination({ type: "local", path: "x", manifest_dir: "_Quarantine" }), [
        "!exports[0].destination.manifest_dir",
      ]],
      [ofDestination({ type: "local", path: "x", manifest_dir: "manifests" }), [
        "!exports[0].destination.manifest_dir",
      ]],
      [ofDestination({ type: "local", path: "x", manifest_dir: "_a/b" }), [
        "!exports[0].destination.manifest_dir",
      ]],
    ],
    keeps: [
      ofDestination({ type: "local", path: "x", manifest_dir: "_rivet" }),
      ofDestination({ type: "s3", bucket: "b", manifest_dir: "_manifests/" }),
    ],
  },
  export_names_are_unique: {
    breaks: [[findings({ exports: [EXPORT, EXPORT] }), ["!exports[1].name"]]],
    keeps: [findings({ exports: [EXPORT, { ...EXPORT, name: "b" }] })],
  },
  threads_or_processes: {
    breaks: [[findings({ parallel_exports: true, parallel_export_processes: true }), [
      "!parallel_export_processes",
    ]]],
    keeps: [findings({ parallel_exports: true })],
  },
  one_slack_webhook: {
    breaks: [
      [findings({ notifications: { slack: {} } }), ["!notifications.slack"]],
      [findings({ notifications: { slack: { webhook_url: "u", webhook_url_env: "U" } } }), [
        "!notifications.slack.webhook_url_env",
      ]],
    ],
    keeps: [findings({ notifications: { slack: { webhook_url_env: "U" } } })],
  },
  one_lineage_receiver: {
    breaks: [[findings({ lineage: { url: "u", url_env: "U" } }), ["!lineage.url_env"]]],
    keeps: [findings({ lineage: {} }), findings({ lineage: { url_env: "U" } })],
  },
};

const RULE_NAMES = [...SOURCE_RULES, ...EXPORT_RULES, ...ROOT_RULES].map((rule) => rule.name);

Deno.test("every rule has cases", () => {
  assert.deepEqual([...new Set(RULE_NAMES)].sort(), Object.keys(CASES).sort());
});

for (const [name, { breaks, keeps }] of Object.entries(CASES)) {
  Deno.test(`rule ${name}`, () => {
    for (const [found, expected] of breaks) assert.deepEqual(found, expected);
    for (const found of keeps) assert.deepEqual(found, []);
  });
}

Deno.test("a rule is silent about a field that did not parse, others still speak", () => {
  assert.deepEqual(
    ofExport({ query: "SELECT 1", ...CHUNK, chunk_colum: "id", chunk_size: "x" }),
    ["!exports[0].chunk_size", "!exports[0].chunk_colum", "!exports[0].table"],
  );
  // The mode is probably incremental, so that the cursor is no foreign key.
  assert.deepEqual(ofExport({ mode: "incremntal", cursor_column: "c" }), ["!exports[0].mode"]);
  assert.deepEqual(
    findings({ exports: [{ table: "t", cursor_column: "c" }, "text"] }).sort(),
    ["!exports[0].cursor_column", "!exports[0].destination", "!exports[0].name", "!exports[1]"],
  );
});
