/** Derived values: absolute paths, tuning, compression, sizes, types. Only for a valid configuration. */
import { resolve } from "node:path";
import { parseOverride } from "../types/overrides.ts";
import type { RivetType } from "../types/types.ts";
import { resolveCompression } from "./compression.ts";
import type { LoadedExport } from "./loaded.ts";
import type { DestinationConfig, ExportConfig, SourceConfig } from "./schema.ts";
import { parseSize } from "./size.ts";
import { resolveTuning } from "./tuning.ts";

/** Paths are relative to the configuration's folder. `~` is not expanded. */
export function resolveSource(source: SourceConfig, dir: string): SourceConfig {
  const { url_file, tls } = source;
  return {
    ...source,
    ...(url_file === undefined ? {} : { url_file: resolve(dir, url_file) }),
    ...(tls?.ca_file === undefined ? {} : { tls: { ...tls, ca_file: resolve(dir, tls.ca_file) } }),
  };
}

export function resolveDestination(
  destination: DestinationConfig,
  dir: string,
): DestinationConfig {
  switch (destination.type) {
    case "local":
      return { ...destination, path: resolve(dir, destination.path) };
    case "gcs":
      return destination.credentials_file === undefined ? destination : {
        ...destination,
        credentials_file: resolve(dir, destination.credentials_file),
      };
    case "s3":
    case "azure":
    case "stdout":
      return destination;
  }
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
    tuning: resolveTuning(source.tuning, config.tuning),
    compression: resolveCompression(config),
    maxFileBytes: config.max_file_size === undefined
      ? null
      : parseSize(config.max_file_size) ?? null,
    overrides: resolveOverrides(config),
    destination: resolveDestination(config.destination, dir),
  };
}

function resolveOverrides(config: ExportConfig): Map<string, RivetType> {
  const overrides = new Map<string, RivetType>();
  for (const [column, text] of Object.entries(config.columns ?? {})) {
    const result = parseOverride(text);
    if ("type" in result) overrides.set(column, result.type);
  }
  return overrides;
}
