/** Rules about an export's files: compression, sizes, types, added columns, quality. */
import { parseOverride } from "../../types/overrides.ts";
import { DEFAULT_CODEC, LEVELS, resolveCompression } from "../compression.ts";
import { DEFAULT_ROW_GROUP_MB } from "../schema/output.ts";
import { MIN_FILE_BYTES, parseSize } from "../size.ts";
import { type ExportRule, type Finding, present } from "./rule.ts";
import { tuningFindings } from "./source.ts";

const COMPRESSION_KEYS = ["compression", "compression_level", "compression_profile"];

const levelInRange: ExportRule = {
  name: "compression_level_in_range",
  reads: COMPRESSION_KEYS,
  check({ config }) {
    const level = config.compression_level;
    if (level === undefined || config.compression_profile !== undefined) return [];
    const codec = config.compression ?? DEFAULT_CODEC[config.format];
    const range = LEVELS[codec];
    if (range === null) {
      return [{
        path: ["compression_level"],
        message: `ignored: ${codec} has no levels`,
        severity: "warning",
      }];
    }
    return level >= range.min && level <= range.max ? [] : [{
      path: ["compression_level"],
      message: `${codec} has levels ${range.min} to ${range.max}, got ${level}`,
    }];
  },
};

const profileWins: ExportRule = {
  name: "compression_profile_wins",
  reads: COMPRESSION_KEYS,
  check({ config }) {
    if (config.compression_profile === undefined) return [];
    return present(config, ["compression", "compression_level"]).map((key) => ({
      path: [key],
      message: `ignored: compression_profile: ${config.compression_profile} decides`,
      severity: "warning",
    }));
  },
};

const csvIgnores: ExportRule = {
  name: "csv_has_no_parquet_settings",
  reads: ["format", "parquet"],
  check({ config }) {
    if (config.format !== "csv" || config.parquet === undefined) return [];
    return [{
      path: ["parquet"],
      message: "ignored: CSV files have no row groups",
      severity: "warning",
    }];
  },
};

/** What programs that read CSV open by the name of the file. */
const csvCodecs: ExportRule = {
  name: "csv_is_compressed_as_a_file",
  reads: ["format", ...COMPRESSION_KEYS],
  check({ config }) {
    if (config.format !== "csv") return [];
    const { codec } = resolveCompression(config);
    if (codec !== "snappy" && codec !== "lz4") return [];
    const key = config.compression_profile === undefined ? "compression" : "compression_profile";
    return [{
      path: [key],
      message: `CSV files are compressed with gzip or zstd, or not at all, got ${codec}`,
    }];
  },
};

const parquetIgnores: ExportRule = {
  name: "parquet_has_no_csv_settings",
  reads: ["format", "csv"],
  check({ config }) {
    if (config.format === "csv" || config.csv === undefined) return [];
    return [{ path: ["csv"], message: "ignored: the files are Parquet", severity: "warning" }];
  },
};

const rowGroups: ExportRule = {
  name: "row_group_fields_fit_strategy",
  reads: ["parquet"],
  check({ config: { parquet } }) {
    if (parquet === undefined) return [];
    const findings: Finding[] = [];
    const fixedRows = parquet.row_group_strategy === "fixed_rows";
    if (fixedRows && parquet.row_group_rows === undefined) {
      findings.push({
        path: ["parquet", "row_group_strategy"],
        message: "row_group_strategy: fixed_rows needs row_group_rows",
      });
    }
    if (!fixedRows && parquet.row_group_rows !== undefined) {
      findings.push({
        path: ["parquet", "row_group_rows"],
        message: "row_group_rows needs row_group_strategy: fixed_rows",
      });
    }
    const { max_row_group_mb: max, target_row_group_mb: target } = parquet;
    // Only a target that was chosen can contradict: the default gives way to a smaller maximum.
    if (max !== undefined && max < target && target !== DEFAULT_ROW_GROUP_MB) {
      findings.push({
        path: ["parquet", "max_row_group_mb"],
        message: `max_row_group_mb (${max}) is below target_row_group_mb (${target})`,
      });
    }
    return findings;
  },
};

const fileSize: ExportRule = {
  name: "max_file_size_is_a_size",
  reads: ["max_file_size"],
  check({ config: { max_file_size } }) {
    if (max_file_size === undefined) return [];
    const bytes = parseSize(max_file_size);
    if (bytes === undefined) {
      return [{
        path: ["max_file_size"],
        message:
          `${JSON.stringify(max_file_size)} is no size: write e.g. 512MB, 1GiB or a number ` +
          "of bytes",
      }];
    }
    return bytes >= MIN_FILE_BYTES ? [] : [{
      path: ["max_file_size"],
      message: `${bytes} bytes is below the minimum of ${MIN_FILE_BYTES / 1024}KB`,
    }];
  },
};

const columnTypes: ExportRule = {
  name: "columns_name_types",
  reads: ["columns"],
  check({ config: { columns } }) {
    return Object.entries(columns ?? {}).flatMap(([column, type]) => {
      const result = parseOverride(type);
      return "error" in result ? [{ path: ["columns", column], message: result.error }] : [];
    });
  },
};

function repeated(list: readonly string[], path: string[]): Finding[] {
  const seen = new Set<string>();
  return list.flatMap((column, i) => {
    if (!seen.has(column)) return seen.add(column) && [];
    return [{ path: [...path, i], message: `column ${JSON.stringify(column)} is listed twice` }];
  });
}

const columnLists: ExportRule = {
  name: "column_lists_without_repeats",
  reads: ["meta_columns", "quality", "parquet"],
  check({ config: { meta_columns, quality, parquet } }) {
    const hash = meta_columns?.row_hash;
    return [
      ...(Array.isArray(hash) ? repeated(hash, ["meta_columns", "row_hash"]) : []),
      ...repeated(quality?.unique_columns ?? [], ["quality", "unique_columns"]),
      ...repeated(parquet?.bloom_filter_columns ?? [], ["parquet", "bloom_filter_columns"]),
    ];
  },
};

const qualityBounds: ExportRule = {
  name: "quality_bounds_fit",
  reads: ["quality"],
  check({ config: { quality } }) {
    if (quality === undefined) return [];
    const { row_count_min: min, row_count_max: max } = quality;
    const findings: Finding[] = [];
    if (min !== undefined && max !== undefined && min > max) {
      findings.push({
        path: ["quality", "row_count_min"],
        message: `row_count_min (${min}) is above row_count_max (${max})`,
      });
    }
    if (quality.unique_max_entries !== undefined && quality.unique_columns === undefined) {
      findings.push({
        path: ["quality", "unique_max_entries"],
        message: "unique_max_entries needs unique_columns",
      });
    }
    return findings;
  },
};

const oneBatchSize: ExportRule = {
  name: "one_batch_size",
  reads: ["tuning"],
  check: ({ config }) => tuningFindings(config.tuning),
};

const partitionKeys: ExportRule = {
  name: "partition_keys_need_partition_by",
  reads: ["partition_by", "partition_granularity", "partition_name"],
  check: ({ config }) =>
    config.partition_by !== undefined
      ? []
      : present(config, ["partition_granularity", "partition_name"]).map((key) => ({
        path: [key],
        message: `${key} needs partition_by`,
      })),
};

const partitionName: ExportRule = {
  name: "partition_name_is_no_column_of_the_files",
  reads: ["partition_by", "partition_name"],
  check({ config: { partition_by: column, partition_name: name } }) {
    if (column === undefined || name?.toLowerCase() !== column.toLowerCase()) return [];
    return [{
      path: ["partition_name"],
      message: `the files hold a column ${JSON.stringify(column)} too: DuckDB, Spark and polars ` +
        "show the folder's value in its place, and pyarrow reads neither",
      severity: "warning",
    }];
  },
};

const oneMemoryBudget: ExportRule = {
  name: "one_memory_budget",
  reads: ["tuning"],
  check: ({ config: { tuning } }) =>
    present(tuning ?? {}, ["memory_budget_mb"]).map((key) => ({
      path: ["tuning", key],
      message: "memory_budget_mb is one for all exports; set it under source.tuning",
    })),
};

/** In the order in which they are asked. */
export const OUTPUT_RULES: readonly ExportRule[] = [
  levelInRange,
  profileWins,
  csvIgnores,
  csvCodecs,
  parquetIgnores,
  rowGroups,
  fileSize,
  columnTypes,
  columnLists,
  qualityBounds,
  oneBatchSize,
  partitionKeys,
  partitionName,
  oneMemoryBudget,
];
