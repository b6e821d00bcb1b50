/** A configuration after loading: substituted, validated, with every derived value computed once. */
import type { RivetType } from "../types/types.ts";
import type {
  CatalogConfig,
  DestinationConfig,
  ExportConfig,
  RivetConfig,
  SourceConfig,
} from "./schema.ts";
import type { TableType, TableWrite } from "./table_formats.ts";
import type { ResolvedMode } from "./modes.ts";
import type { QualityGates } from "./quality_gates.ts";
import type { Tuning } from "./tuning.ts";

/** When a row group of a Parquet file is complete. */
export type RowGroupOptions =
  /** At a size that keeps memory small and readers parallel, which the writer knows. */
  | { readonly strategy: "auto" }
  | { readonly strategy: "fixed_rows"; readonly rows: number }
  /** Uncompressed bytes. */
  | { readonly strategy: "fixed_memory"; readonly bytes: number };

/** `consistency:`, and how long a snapshot may be held; null: as long as it takes. */
export interface Consistency {
  readonly kind: "statement" | "snapshot" | "run_snapshot";
  readonly maxSeconds: number | null;
}

/** Hive folders by a date or timestamp column. */
export interface Partitioning {
  readonly column: string;
  readonly granularity: "day" | "month" | "year";
  /** What the folders are called before the `=`. */
  readonly name: string;
}

/** One partition column of a table. */
export interface TablePartition {
  readonly column: string;
  /** E.g. `day`, `bucket[16]`. */
  readonly transform: string;
}

/** Folders by what transforms make of columns, one in another. */
export interface TablePartitions {
  /** What can be a partition is a matter of the format. */
  readonly table: TableType;
  readonly fields: readonly TablePartition[];
}

/** `table_format:` with its defaults. */
export interface TableSettings {
  readonly type: TableType;
  readonly write: TableWrite;
  readonly partitionBy: readonly TablePartition[];
  /**
   * The partitions, by their place in `partitionBy`, of which `replace` takes those that a time window reads;
   * null: it takes the whole table.
   */
  readonly window: number | null;
  /** null: the table is where its files are. */
  readonly catalog: CatalogConfig | null;
  readonly identifier: string | null;
}

/** `csv:` with its defaults. */
export interface CsvOptions {
  readonly escapeFormulas: boolean;
  /** What stands for NULL; null: an empty field, in a shape that no reader skips. */
  readonly nullText: string | null;
  /** Fractions of a second: `always` all digits, or none where they are zero. */
  readonly fractions: "always" | "when_needed";
}

/** What a configuration is for commands that only look at the state: where it lies, and its exports' names. */
export interface NamedConfig {
  /** Absolute. */
  readonly path: string;
  readonly dir: string;
  readonly exports: readonly NamedExport[];
}

/** What of an export is known before it is judged. */
export interface NamedExport {
  readonly name: string;
  /** As written, `coalesce(a,b)` of two; absent where none is. */
  readonly cursorColumn?: string;
}

/** `auto`: the smallest of the forms that fit a column; `plain`: dictionaries and PLAIN, which all readers know. */
export type ParquetEncoding = "auto" | "smallest" | "plain";

/** One export, ready to be planned. */
export interface LoadedExport {
  readonly name: string;
  /** The export as written, `${ENV}` substituted. */
  readonly config: ExportConfig;
  /** `query` or the text of `query_file`, `--param`s substituted; null when `table` is set. */
  readonly query: string | null;
  readonly table: string | null;
  /** How it is read. */
  readonly mode: ResolvedMode;
  /** Profile, `source.tuning` and the export's own `tuning`, in that order. */
  readonly tuning: Tuning;
  readonly compression: {
    readonly codec: "zstd" | "snappy" | "gzip" | "lz4" | "none";
    readonly level: number;
  };
  /** `parquet:`. */
  readonly rowGroup: RowGroupOptions;
  /** `parquet.encoding`. */
  readonly encoding: ParquetEncoding;
  /** `parquet.bloom_filter_columns`. */
  readonly bloomFilterColumns: readonly string[];
  /** `csv:`. */
  readonly csv: CsvOptions;
  /** What readers see as one point in time. */
  readonly consistency: Consistency;
  readonly reconcile: "off" | "count" | "checksum";
  /** `quality:`; null: none. */
  readonly quality: QualityGates | null;
  /** `partition_by`; null: none. */
  readonly partition: Partitioning | TablePartitions | null;
  /** `table_format:`; null: files and a manifest are all. */
  readonly tableFormat: TableSettings | null;
  /** `max_file_size` in bytes. */
  readonly maxFileBytes: number | null;
  /** `columns:` parsed. */
  readonly overrides: ReadonlyMap<string, RivetType>;
  /** With relative paths resolved against the config's folder; placeholders still in place. */
  readonly destination: DestinationConfig;
}

/** A whole file, ready to be run. */
export interface LoadedConfig {
  /** Absolute path of the file. */
  readonly path: string;
  /** Its folder: where state, reports and relative paths live. */
  readonly dir: string;
  /** `url_env`, `url_file`, `password_env` are still references; `resolveSource` reads them. */
  readonly source: SourceConfig;
  readonly exports: readonly LoadedExport[];
  readonly config: RivetConfig;
  /** Names of the environment variables that stand in it as `${NAME}`. */
  readonly variables: readonly string[];
  /** Things worth a WARN, e.g. no `tls:` block. */
  readonly warnings: readonly string[];
}
