/** The lineage of a run that has a context, and of one that never came to have one. */
import type { LoadedConfig, LoadedExport } from "../config/loaded.ts";
import type { Lineage } from "../lineage/lineage.ts";
import type { RunLineage } from "../lineage/run_lineage.ts";
import type { ExportSummary } from "../report/summary.ts";

/** What tells its runs apart. */
export interface LineageRun {
  readonly runId: string;
  readonly startedAt: Date;
  /** Of the opened destination; null: it was not opened. */
  readonly uri: string | null;
}

/** Null: nobody is told. */
export function runLineage(
  lineage: Lineage | null,
  config: LoadedConfig,
  exported: LoadedExport,
  run: LineageRun,
): RunLineage | null {
  return lineage?.of({
    ...run,
    exportName: exported.name,
    dialect: config.source.type,
    query: exported.query,
    destination: exported.destination,
  }) ?? null;
}

/** Of a run that could not begin, or whose process died. */
export async function tellOfLineage(
  lineage: Lineage | null,
  config: LoadedConfig,
  exported: LoadedExport,
  summary: ExportSummary,
): Promise<void> {
  const { runId } = summary;
  const run = { runId, startedAt: new Date(summary.startedAt), uri: null };
  await runLineage(lineage, config, exported, run)?.ended(summary, {
    fileColumns: null,
    gates: [],
  });
}
