/** How an export is read, in the words of `rivet check` and the readme's strategy table. */
import type { LoadedExport } from "../config/loaded.ts";
import type { SourceCapabilities } from "../ports/source.ts";
import type { ExportPlan } from "../plan/strategy.ts";
import { CUTS } from "../query/cuts/mod.ts";

export function strategyName({ mode }: Pick<LoadedExport, "mode">, plan: ExportPlan): string {
  const { strategy } = plan;
  if (strategy.kind === "incremental") {
    const { column, fallback } = strategy.shape;
    return `incremental(${fallback === null ? column : `COALESCE(${column}, ${fallback})`})`;
  }
  if (strategy.kind === "chunked" && mode.kind === "chunked") {
    const sized = { ...mode, size: strategy.size ?? mode.size, memoryMb: null };
    const cut = `${strategy.shape.column}, ${CUTS[strategy.shape.kind].measure(sized)}`;
    return mode.parallel > 1 ? `chunked-parallel(${cut}, p=${mode.parallel})` : `chunked(${cut})`;
  }
  if (mode.kind === "time_window") return `time-window(${mode.column}, ${mode.days}d)`;
  const readers = strategy.kind === "whole" ? strategy.reads.length : 1;
  return readers > 1 ? `full-parallel(${readers})` : "full-scan";
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
