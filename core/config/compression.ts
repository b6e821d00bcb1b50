/** Codec and level from `compression`, `compression_level` and `compression_profile`. */
import type { LoadedExport } from "./loaded.ts";
import type { ExportConfig } from "./schema.ts";

type Compression = LoadedExport["compression"];
type Codec = Compression["codec"];
type Profile = NonNullable<ExportConfig["compression_profile"]>;

export interface LevelRange {
  readonly min: number;
  readonly max: number;
  readonly default: number;
}

/** Null: the codec has no levels. */
export const LEVELS: Record<Codec, LevelRange | null> = {
  zstd: { min: 1, max: 22, default: 3 },
  gzip: { min: 0, max: 10, default: 6 },
  snappy: null,
  lz4: null,
  none: null,
};

const PROFILES: Record<Profile, Compression> = {
  none: { codec: "none", level: 0 },
  fast: { codec: "snappy", level: 0 },
  balanced: { codec: "zstd", level: 3 },
  compact: { codec: "zstd", level: 9 },
};

/** The codec of a file that none is chosen for. */
export const DEFAULT_CODEC: Record<ExportConfig["format"], Codec> = {
  parquet: "zstd",
  csv: "none",
};

/** `level` is 0 for codecs without levels. */
export function resolveCompression(config: ExportConfig): Compression {
  if (config.compression_profile !== undefined) return PROFILES[config.compression_profile];
  const codec = config.compression ?? DEFAULT_CODEC[config.format];
  const range = LEVELS[codec];
  return { codec, level: range === null ? 0 : config.compression_level ?? range.default };
}
