/** How an export is read, in the words of `rivet check` and the readme's strategy table. */
import type { LoadedExport } from "../config/loaded.ts";
import type { ExportPlan } from "../plan/strategy.ts";
import { DEFAULT_CHUNK_SIZE } from "../plan/windows.ts";

/** What one chunk is, e.g. `size=100000`. */
function chunkMeasure({ config }: LoadedExport): string {
  if (config.chunk_by_days !== undefined) return `days=${config.chunk_by_days}`;
  if (config.chunk_count !== undefined) return `count=${config.chunk_count}`;
  return `size=${config.chunk_size ?? DEFAULT_CHUNK_SIZE}`;
}

export function strategyName(exported: LoadedExport, plan: ExportPlan): string {
  const { config } = exported;
  const { strategy } = plan;
  switch (strategy.kind) {
    case "chunked": {
      const cut = `${strategy.shape.column}, ${chunkMeasure(exported)}`;
      return config.parallel > 1
        ? `chunked-parallel(${cut}, p=${config.parallel})`
        : `chunked(${cut})`;
    }
    case "incremental":
      return strategy.shape.fallback === null
        ? `incremental(${strategy.shape.column})`
        : `incremental(COALESCE(${strategy.shape.column}, ${strategy.shape.fallback}))`;
    case "whole":
      if (config.mode === "time_window") {
        return `time-window(${config.time_column}, ${config.days_window}d)`;
      }
      return strategy.reads.length > 1 ? `full-parallel(${strategy.reads.length})` : "full-scan";
  }
}
