/** `--resume`: which exports have a run to continue, and what its destination says about it (M8). */
import { openExportDestination } from "../tables/export_destination.ts";
import { logger } from "../base/log.ts";
import { partCheck } from "../manifest/verify_parts.ts";
import { loggedRetrier } from "../access/logged_retrier.ts";
import { retriedWhereSafe } from "../access/retried_destination.ts";
import type { LoadedExport } from "../config/loaded.ts";
import { RivetError } from "../base/errors.ts";
import { bound, isStream } from "../ports/destination.ts";
import type { ChunkRun, ChunkTask } from "../ports/state.ts";
import { isComplete, withdrawSuccess } from "../manifest/publish.ts";
import { type Review, reviewParts } from "./review.ts";
import { nothingToResume, runToResume } from "./checkpoint.ts";
import { bestEffort, type ExportContext, type RunDeps } from "./context.ts";
import { resolvePlaceholders, runTime } from "../manifest/names.ts";
import type { RunOptions } from "./run_options.ts";

/** What `--resume` is about, export by export. */
export interface Resumable {
  /** Their unfinished runs are continued. */
  readonly open: readonly LoadedExport[];
  /** Why the others are not: nothing was begun, or it is complete. */
  readonly idle: ReadonlyMap<LoadedExport, "nothing to resume" | "complete already">;
}

/**
 * Continues what is unfinished and names the other exports. A run whose chunks are all done is
 * unfinished too when neither `_SUCCESS` nor its metric says that it ended: it was killed before that.
 * @throws RivetError ALREADY_COMPLETE, CHECKPOINT_MISSING when nothing is left to continue, unless
 * `resumeOrRun` runs what has nothing to continue.
 */
export async function exportsToResume(
  deps: RunDeps,
  options: Pick<RunOptions, "force" | "signal" | "resumeOrRun">,
  exports: readonly LoadedExport[],
): Promise<Resumable> {
  const open: LoadedExport[] = [];
  const idle = new Map<LoadedExport, "nothing to resume" | "complete already">();
  const complete: ChunkRun[] = [];
  let forced = false;
  for (const exported of exports) {
    const run = await runToResume(deps.state, exported);
    if (run === null) {
      idle.set(exported, "nothing to resume");
    } else if (!await hasEnded(deps, exported, run, options.signal)) {
      open.push(exported);
    } else if (options.force) {
      forced = true;
      open.push(exported);
    } else {
      complete.push(run);
      idle.set(exported, "complete already");
    }
  }
  if (options.force && !forced) {
    logger().warn("--force has no effect: no export that is resumed is complete already");
  }
  if (open.length > 0 || options.resumeOrRun === true) return { open, idle };
  if (complete.length > 0) throw alreadyComplete(complete);
  throw nothingToResume(exports.map((e) => e.name));
}

/**
 * Asked once more under the lease: whoever held it may have completed the run in the meantime.
 * @throws RivetError ALREADY_COMPLETE
 */
export async function requireUnfinished(
  deps: RunDeps,
  { force, signal }: Pick<RunOptions, "force" | "signal">,
  exported: LoadedExport,
  run: ChunkRun,
): Promise<void> {
  if (run.status === "completed" && !force && await hasEnded(deps, exported, run, signal)) {
    throw alreadyComplete([run]);
  }
}

function alreadyComplete(runs: readonly ChunkRun[]): RivetError {
  const named = runs.map((run) => `'${run.runId}' of export '${run.exportName}'`).join(", ");
  return new RivetError("ALREADY_COMPLETE", `--resume: complete already: ${named}`, {
    hint: "Run without --resume to export afresh. With --force the finished run is compared with " +
      "its destination, and chunks whose files are missing or differ are written again.",
  });
}

/** How far back the metric of the last chunk run is looked for. */
const METRICS_READ = 100;

/** Whether a chunk run came to its end: `_SUCCESS` or its metric says so. */
export async function hasEnded(
  deps: RunDeps,
  exported: LoadedExport,
  run: ChunkRun,
  signal: AbortSignal,
): Promise<boolean> {
  if (await completeAtDestination(deps, exported, run, signal)) return true;
  if (run.status !== "completed") return false;
  // Its files may have been taken away since: that is no reason to export them all again.
  const metrics = await deps.state.metrics({ exportName: exported.name, last: METRICS_READ });
  return metrics.some((metric) => metric.runId === run.runId && metric.status === "success");
}

async function completeAtDestination(
  deps: RunDeps,
  exported: LoadedExport,
  run: ChunkRun,
  signal: AbortSignal,
): Promise<boolean> {
  const at = runTime(run.runId, exported.name) ?? new Date();
  const place = { exportName: exported.name, runId: run.runId, at };
  const destination = retriedWhereSafe(
    await openExportDestination(
      deps,
      exported,
      resolvePlaceholders(exported.destination, place),
      signal,
      "work",
    ),
    loggedRetrier(exported.tuning, signal),
  );
  try {
    return !isStream(destination) && await isComplete(bound(destination, signal), run.runId);
  } finally {
    await destination.close();
  }
}

/** The finished chunks of a resumed run against what its destination holds. */
export async function reviewResumed(
  ctx: ExportContext,
  tasks: readonly ChunkTask[],
): Promise<Review> {
  const { deps, exported, journal, runId, signal } = ctx;
  if (isStream(ctx.destination)) return { rewrites: new Map(), orphans: [] };
  const destination = bound(ctx.destination, signal);
  const { verify } = exported.config;
  const review = await reviewParts(
    {
      destination,
      state: deps.state,
      exportName: exported.name,
      runId,
      tasks,
      verify: {
        content: verify === "content",
        check: partCheck(deps, {
          format: exported.config.format,
          compression: exported.compression.codec,
          // As `manifestCheck` has it.
          columns: null,
        }),
      },
      inFolders: exported.partition !== null,
    },
    // M5: the marker must not stand while the parts that it vouches for are replaced.
    () =>
      bestEffort("the withdrawal of _SUCCESS", async () => {
        await withdrawSuccess(destination, runId);
      }),
  );
  const { rewrites, orphans } = review;
  journal.add("reviewed", { rewritten_chunks: [...rewrites.keys()], quarantined: orphans });
  return review;
}
