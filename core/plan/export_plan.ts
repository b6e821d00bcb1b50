/** Plans one export: which columns it has and how it is read. */
import type { LoadedExport } from "../config/loaded.ts";
import { planStages } from "../encode/spec.ts";
import type { Source } from "../ports/source.ts";
import { requireChecksum } from "../query/checksum.ts";
import { baseQuery } from "../query/base.ts";
import { chunkedStrategy } from "./chunked.ts";
import { incrementalStrategy } from "./incremental.ts";
import type { ExportPlan, PlanInputs, Planning, Strategy } from "./strategy.ts";
import { fullStrategy, windowStrategy } from "./whole.ts";

/** Asks the catalog and, for chunks, MIN and MAX; reads no row. @throws ConfigError, SourceError */
export async function planExport(
  source: Source,
  exported: LoadedExport,
  inputs: PlanInputs,
): Promise<ExportPlan> {
  // Before a row is read, not when there is nothing to compare with: what the engine lacks first.
  const hashed = exported.reconcile === "checksum";
  if (hashed) requireChecksum(source, exported.name, []);
  const base = await baseQuery(source, exported);
  const description = await source.describe(base, exported.overrides);
  if (hashed) requireChecksum(source, exported.name, description.columns);
  const stages = planStages(exported, description.columns);
  const strategy = await planStrategy({ source, exported, base, description, inputs });
  const estimatedRows = inputs.rowEstimate === undefined
    ? await source.estimateRows(estimatedQuery(exported, base, strategy))
    : inputs.rowEstimate;
  return { base, description, estimatedRows, strategy, stages };
}

/** A time window's rows are those of its own statement. */
function estimatedQuery(exported: LoadedExport, base: string, strategy: Strategy): string {
  if (exported.mode.kind !== "time_window" || strategy.kind !== "whole") return base;
  const [read] = strategy.reads;
  return read.kind === "cursor" ? read.sql : base;
}

/** A commit-safe run waits for transactions; who only looks at what a run would do does not. */
export function withoutWaiting(exported: LoadedExport): LoadedExport {
  const { mode } = exported;
  if (mode.kind !== "incremental") return exported;
  return { ...exported, mode: { ...mode, commitSafe: false } };
}

function planStrategy(planning: Planning): Promise<Strategy> {
  const { mode } = planning.exported;
  switch (mode.kind) {
    case "full":
      return fullStrategy(planning, mode);
    case "incremental":
      return incrementalStrategy(planning, mode);
    case "time_window":
      return windowStrategy(planning, mode);
    case "chunked":
      return chunkedStrategy(planning, mode);
  }
}
