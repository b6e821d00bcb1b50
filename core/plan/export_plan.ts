/** Plans one export: which columns it has and how it is read. */
import { onlyHelps } from "../access/only_helps.ts";
import type { LoadedExport } from "../config/loaded.ts";
import { requireEngine, requireServer } from "../access/capabilities.ts";
import { planStages } from "../encode/stage_plan.ts";
import type { Source } from "../ports/source.ts";
import { requireChecksum } from "../query/checksum.ts";
import { baseQuery } from "../query/base.ts";
import { chunkedStrategy } from "./chunked.ts";
import { incrementalStrategy } from "./incremental.ts";
import type { ExportPlan, PlanInputs, Planning, Strategy } from "./strategy.ts";
import { fullStrategy, windowStrategy } from "./whole.ts";

/**
 * Asks the catalog and, for chunks, MIN and MAX; reads no row.
 * @throws ConfigError, RivetError NOT_AVAILABLE, SourceError
 */
export async function planExport(
  source: Source,
  exported: LoadedExport,
  inputs: PlanInputs,
): Promise<ExportPlan> {
  requireEngine(source, exported);
  // Before a row is read, not when there is nothing to compare with: what the engine lacks first.
  const hashed = exported.reconcile === "checksum";
  if (hashed) requireChecksum(source, exported.name, []);
  const base = await baseQuery(source, exported);
  const description = await source.describe(base, exported.overrides);
  if (hashed) requireChecksum(source, exported.name, description.columns);
  const stages = planStages(exported, description.columns);
  const strategy = await planStrategy({ source, exported, base, description, inputs });
  const estimate = () => source.estimateRows(estimatedQuery(exported, base, strategy));
  const estimatedRows = inputs.rowEstimate === undefined
    ? await onlyHelps("the estimate of rows", estimate, null)
    : inputs.rowEstimate;
  return { base, description, estimatedRows, strategy, stages };
}

/** A time window's rows are those of its own statement. */
function estimatedQuery(exported: LoadedExport, base: string, strategy: Strategy): string {
  if (exported.mode.kind !== "time_window" || strategy.kind !== "whole") return base;
  const [read] = strategy.reads;
  return read.kind === "cursor" ? read.sql : base;
}

/**
 * The plan of who only looks at what a run would do: a commit-safe run waits for transactions, this one
 * asks whether the server tells of them at all.
 */
export async function planWithoutWaiting(
  source: Source,
  exported: LoadedExport,
  inputs: PlanInputs,
): Promise<ExportPlan> {
  await requireServer(source, exported);
  const { mode } = exported;
  const waitless: LoadedExport = mode.kind === "incremental"
    ? { ...exported, mode: { ...mode, commitSafe: false } }
    : exported;
  return await planExport(source, waitless, inputs);
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
