/** A configuration after loading: substituted, validated, with every derived value computed once. */
import type { RivetType } from "../types/types.ts";
import type { DestinationConfig, ExportConfig, RivetConfig, SourceConfig } from "./schema.ts";
import type { Tuning } from "./tuning.ts";

export interface LoadedExport {
  readonly name: string;
  /** The export as written, `${ENV}` substituted. */
  readonly config: ExportConfig;
  /** `query` or the text of `query_file`, `--param`s substituted; null when `table` is set. */
  readonly query: string | null;
  readonly table: string | null;
  /** Profile, `source.tuning` and the export's own `tuning`, in that order. */
  readonly tuning: Tuning;
  readonly compression: {
    readonly codec: "zstd" | "snappy" | "gzip" | "lz4" | "none";
    readonly level: number;
  };
  /** `max_file_size` in bytes. */
  readonly maxFileBytes: number | null;
  /** `columns:` parsed. */
  readonly overrides: ReadonlyMap<string, RivetType>;
  /** With relative paths resolved against the config's folder; placeholders still in place. */
  readonly destination: DestinationConfig;
}

export interface LoadedConfig {
  /** Absolute path of the file. */
  readonly path: string;
  /** Its folder: where state, reports and relative paths live. */
  readonly dir: string;
  /** `url_env`, `url_file`, `password_env` are still references; `resolveSource` reads them. */
  readonly source: SourceConfig;
  readonly exports: readonly LoadedExport[];
  readonly config: RivetConfig;
  /** Things worth a WARN, e.g. no `tls:` block. */
  readonly warnings: readonly string[];
}
