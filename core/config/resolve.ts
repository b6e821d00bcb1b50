/** Derived values: absolute paths, tuning, compression, sizes, types. Only for a valid configuration. */
import { join, resolve } from "node:path";
import { parseOverride } from "../types/overrides.ts";
import type { RivetType } from "../types/types.ts";
import { resolveCompression } from "./compression.ts";
import type {
  LoadedExport,
  Partitioning,
  RowGroupOptions,
  TablePartitions,
  TableSettings,
} from "./loaded.ts";
import { resolveMode } from "./modes.ts";
import { resolveQuality } from "./quality_gates.ts";
import type {
  DestinationConfig,
  ExportConfig,
  ParquetConfig,
  SourceConfig,
  TableFormatConfig,
  TlsConfig,
} from "./schema.ts";
import { parseSize } from "./size.ts";
import { partitionName } from "../types/partition_transform.ts";
import { resolveTuning } from "./tuning.ts";

/** Paths are relative to the configuration's folder. `~` is not expanded. */
export function resolveSource(source: SourceConfig, dir: string): SourceConfig {
  const { url_file, server_public_key_file: keyFile, tls } = source;
  return {
    ...source,
    ...(url_file === undefined ? {} : { url_file: resolve(dir, url_file) }),
    ...(keyFile === undefined ? {} : { server_public_key_file: resolve(dir, keyFile) }),
    ...(tls === undefined ? {} : { tls: resolveTls(tls, dir) }),
  };
}

function resolveTls(tls: TlsConfig, dir: string): TlsConfig {
  const { ca_file, cert_file, key_file } = tls;
  return {
    ...tls,
    ...(ca_file === undefined ? {} : { ca_file: resolve(dir, ca_file) }),
    ...(cert_file === undefined ? {} : { cert_file: resolve(dir, cert_file) }),
    ...(key_file === undefined ? {} : { key_file: resolve(dir, key_file) }),
  };
}

export function resolveDestination(
  destination: DestinationConfig,
  dir: string,
): DestinationConfig {
  switch (destination.type) {
    case "local":
      return {
        type: "local",
        path: join(resolve(dir, destination.path), destination.prefix ?? ""),
        ...(destination.manifest_dir === undefined
          ? {}
          : { manifest_dir: destination.manifest_dir }),
      };
    case "gcs":
      return { ...destination, ...absolute(destination, ["credentials_file", "ca_file"], dir) };
    case "s3":
    case "azure":
      return { ...destination, ...absolute(destination, ["ca_file"], dir) };
    case "stdout":
      return destination;
  }
}

/** Those of the fields that are set. */
function absolute<Field extends string>(
  block: { readonly [F in Field]?: string },
  fields: readonly Field[],
  dir: string,
): { [F in Field]?: string } {
  const set = fields.filter((field) => block[field] !== undefined);
  return Object.fromEntries(
    set.map((field) => [field, resolve(dir, block[field] as string)]),
  ) as { [F in Field]?: string };
}

/** @param query the SQL after substitution, or null with `table`. */
export function resolveExport(
  config: ExportConfig,
  query: string | null,
  source: SourceConfig,
  dir: string,
): LoadedExport {
  return {
    name: config.name,
    config,
    query,
    table: config.table ?? null,
    mode: resolveMode(config),
    tuning: resolveTuning(source.tuning, config.tuning, source.environment),
    compression: resolveCompression(config),
    rowGroup: resolveRowGroup(config.parquet),
    encoding: config.parquet?.encoding ?? "auto",
    bloomFilterColumns: config.parquet?.bloom_filter_columns ?? [],
    csv: {
      escapeFormulas: config.csv?.escape_formulas ?? false,
      nullText: config.csv?.null ?? null,
      fractions: config.csv?.fractions ?? "always",
    },
    consistency: {
      kind: config.consistency ?? "statement",
      maxSeconds: config.max_snapshot_s ?? null,
    },
    reconcile: config.reconcile ?? "off",
    quality: resolveQuality(config.quality),
    partition: resolvePartition(config),
    tableFormat: resolveTableFormat(config),
    maxFileBytes: config.max_file_size === undefined
      ? null
      : parseSize(config.max_file_size) ?? null,
    overrides: resolveOverrides(config),
    destination: withPartitions(config, resolveDestination(config.destination, dir)),
  };
}

/**
 * A folder has a name of its own: one that is a column's, in whose files that column stands, has readers
 * show the folder's day for the stored time, or none at all. Names that begin with `_` or `.` are skipped.
 */
function resolvePartition(config: ExportConfig): Partitioning | TablePartitions | null {
  const { table_format: table } = config;
  if (table !== undefined) return tablePartition(table);
  const { partition_by: column, partition_granularity: granularity = "day" } = config;
  if (column === undefined) return null;
  const plain = column.replace(/^[_.]+/, "");
  const name = config.partition_name ?? `${plain === "" ? "partition" : plain}_${granularity}`;
  return { column, granularity, name };
}

/** The files of a table lie in folders like others, one partition in each. */
function tablePartition(
  { type: table, partition_by: fields }: TableFormatConfig,
): Partitioning | TablePartitions | null {
  const [first, ...others] = fields ?? [];
  if (fields === undefined || first === undefined) return null;
  const granularity = GRANULARITIES.find((known) => known === first.transform);
  if (granularity === undefined || others.length > 0) return { table, fields };
  return { column: first.column, granularity, name: partitionName(first) };
}

const GRANULARITIES = ["day", "month", "year"] as const;

function below(prefix: string): string {
  return prefix === "" ? "{partition}" : `${prefix.replace(/\/+$/, "")}/{partition}`;
}

/** Where a table is partitioned, its files are. */
function withPartitions(config: ExportConfig, destination: DestinationConfig): DestinationConfig {
  if (config.table_format?.partition_by === undefined) return destination;
  switch (destination.type) {
    case "local":
      return { ...destination, path: join(destination.path, "{partition}") };
    case "s3":
    case "gcs":
    case "azure":
      return { ...destination, prefix: below(destination.prefix) };
    case "stdout":
      return destination;
  }
}

function resolveTableFormat(
  { table_format, mode, time_column: time }: ExportConfig,
): TableSettings | null {
  if (table_format === undefined) return null;
  const { type, write, partition_by, catalog, identifier } = table_format;
  return {
    type,
    write: write ?? (mode === "incremental" ? "append" : "replace"),
    partitionBy: partition_by ?? [],
    window: mode === "time_window" && write !== "append"
      ? (partition_by ?? []).findIndex(({ column }) => column === time)
      : null,
    catalog: catalog ?? null,
    identifier: identifier ?? null,
  };
}

const MIB = 1024 * 1024;

/** A target that nobody chose gives way to a smaller maximum. */
function resolveRowGroup(config: ParquetConfig | undefined): RowGroupOptions {
  if (config === undefined || config.row_group_strategy === "auto") return { strategy: "auto" };
  const { row_group_strategy: strategy, row_group_rows: rows } = config;
  if (strategy === "fixed_rows" && rows !== undefined) return { strategy, rows };
  const { target_row_group_mb: target, max_row_group_mb: max = target } = config;
  return { strategy: "fixed_memory", bytes: Math.min(target, max) * MIB };
}

function resolveOverrides(config: ExportConfig): Map<string, RivetType> {
  const overrides = new Map<string, RivetType>();
  for (const [column, text] of Object.entries(config.columns ?? {})) {
    const result = parseOverride(text);
    if ("type" in result) overrides.set(column, result.type);
  }
  return overrides;
}
