/** How an export is read, in the words of `rivet check` and the readme's strategy table. */
import type { LoadedExport } from "../config/loaded.ts";
import type { SourceCapabilities } from "../ports/source.ts";
import type { ExportPlan } from "../plan/strategy.ts";
import { CUTS } from "../query/cuts/mod.ts";

export function strategyName(exported: LoadedExport, plan: ExportPlan): string {
  const { config } = exported;
  const { strategy } = plan;
  switch (strategy.kind) {
    case "chunked": {
      const cut = `${strategy.shape.column}, ${CUTS[strategy.shape.kind].measure(config)}`;
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

/**
 * How rows come that no chunk bounds, for engines whose statements stay open while they are read; null
 * for the others.
 */
export function readsName(
  { strategy }: Pick<ExportPlan, "strategy">,
  { serverCursor }: Pick<SourceCapabilities, "serverCursor">,
): string | null {
  if (serverCursor || strategy.kind === "chunked") return null;
  const read = strategy.kind === "whole" ? strategy.reads[0] : strategy.read;
  return read.kind === "pages"
    ? `pages of ${read.shape.key}, each a short statement`
    : "one statement, open while its rows are read; statement_timeout_s counts the waits for the server";
}
