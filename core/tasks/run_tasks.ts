/** `rivet apply PLAN --task I/N | --claim | --finish`: what one process does of a run that several share. */
import { logger } from "../base/log.ts";
import type { LoadedExport } from "../config/loaded.ts";
import type { ChunkShare } from "../ports/state.ts";
import { emptySummary, notStarted, runExports } from "../run/run.ts";
import type { RunDeps, RunServices } from "../run/context.ts";
import type { RunOptions } from "../run/run_options.ts";
import type { ExportSummary, RunAggregate } from "../report/summary.ts";
import { finish } from "./finish.ts";
import { openSharedRun, type SharedRun, sharedRun } from "./shared_run.ts";
import { shareText, type TaskMode } from "./task_mode.ts";
import { work } from "./work.ts";

/** As `runExports`, for the plans of a file one after another. */
export function runTasks(
  deps: RunDeps,
  options: RunOptions,
  mode: TaskMode,
): Promise<RunAggregate> {
  // The run's own record is that of its finish.
  const partOfRun = mode.kind === "task";
  return runExports(deps, { ...options, partOfRun }, async (services, opts, exported) => {
    const summary = await attempt(services, opts, exported, mode);
    opts.listener.finished(summary);
    return summary;
  });
}

/** Only the finish tells people how the run ended; a worker's failure is for whoever started it. */
async function attempt(
  deps: RunServices,
  options: RunOptions,
  exported: LoadedExport,
  mode: TaskMode,
): Promise<ExportSummary> {
  const startedAt = new Date();
  let shared: SharedRun | null = null;
  try {
    shared = sharedRun(deps, options, exported);
    return await runMode(shared, mode);
  } catch (error) {
    // What is refused is refused of the plan's run, and no run of its own.
    return notStarted(
      exported,
      error,
      shared === null ? { startedAt } : { startedAt, runId: shared.runId },
    );
  }
}

async function runMode(shared: SharedRun, mode: TaskMode): Promise<ExportSummary> {
  switch (mode.kind) {
    case "finish":
      return await finish(shared, { once: false }) ?? nothingLeft(shared);
    case "task":
      return await runTask(shared, mode.share);
    case "claim":
      return await runClaim(shared);
  }
}

async function runTask(shared: SharedRun, share: ChunkShare): Promise<ExportSummary> {
  await openSharedRun(shared);
  return await work(shared, { share, task: shareText(share) }) ?? nothingLeft(shared);
}

/** Everyone who is there at the end offers to finish; the first one does, the others see that it has. */
async function runClaim(shared: SharedRun): Promise<ExportSummary> {
  const run = await openSharedRun(shared);
  if (run.finishedAt !== null) return nothingLeft(shared);
  const worked = await work(shared, { share: { index: 0, of: 1 }, task: "claim" });
  if (worked !== null && worked.error !== null) return worked;
  return await finish(shared, { once: true }) ?? worked ?? nothingLeft(shared);
}

function nothingLeft({ exported, runId }: SharedRun): ExportSummary {
  logger().info(`export '${exported.name}': run '${runId}' is complete already`);
  const summary = emptySummary(exported, { startedAt: new Date(), runId });
  return { ...summary, status: "success", error: null };
}
