/**
 * The end of a shared run, once: under the export's own lease, which its tasks give up when no chunk is
 * open. What it does is what the end of a resumed run does.
 */
import { RivetError } from "../base/errors.ts";
import { HeldLease } from "../lease/lease.ts";
import { manifestCopyKey } from "../manifest/keys.ts";
import { parseManifest } from "../manifest/manifest.ts";
import { coverageText, isVerified, verifyDestination } from "../manifest/verify_parts.ts";
import { bound, isStream } from "../ports/destination.ts";
import type { ChunkRun, LeasedState } from "../ports/state.ts";
import type { ExportSummary } from "../report/summary.ts";
import type { ExportContext } from "../run/context.ts";
import { runIn, withContext } from "../run/export.ts";
import { notVerified } from "../run/publish_run.ts";
import { recordedParts, reviewParts } from "../run/review.ts";
import { summarize } from "../run/finish_run.ts";
import { openChunks, requireSamePlan, type SharedRun } from "./shared_run.ts";
import { waitForLease } from "./wait_for_lease.ts";

/**
 * A finish that was done already is looked at again, unless it is only to be done `once`: null then.
 * @throws RivetError CHUNK_FAILED naming the open chunks, CHECKPOINT_MISSING before the first task.
 */
export async function finish(
  shared: SharedRun,
  { once }: { readonly once: boolean },
): Promise<ExportSummary | null> {
  const { deps: { state }, exported: { name }, runId, leaseMs } = shared;
  const isDone = (run: ChunkRun) => once && run.finishedAt !== null;
  const leased = await waitForLease<LeasedState | null>(shared, async () => {
    if (isDone(await requireClosed(shared))) return { kind: "done", value: null };
    const answer = await state.acquireLease(name, leaseMs, runId);
    return answer.kind === "held" ? answer : { kind: "done", value: answer.state };
  });
  if (leased === null) return null;
  const lease = new HeldLease(leased, leaseMs);
  try {
    const run = await requireClosed(shared);
    if (isDone(run)) return null;
    const again = run.finishedAt !== null;
    // Only a comparison with the source is about the point in time that the chunks were read at.
    const pastSnapshot = !shared.options.reconcile && shared.exported.reconcile === "off";
    const context = { runId, lease, begins: !again, pastSnapshot };
    return await withContext(
      shared.deps,
      shared.options,
      shared.exported,
      context,
      (ctx) => again ? verifyAgain(ctx, leased) : runIn(ctx, run),
    );
  } finally {
    await lease.release();
  }
}

async function requireClosed(shared: SharedRun): Promise<ChunkRun> {
  const { deps: { state }, exported: { name }, runId } = shared;
  const run = await state.chunkRun(runId);
  if (run === null) {
    throw new RivetError(
      "CHECKPOINT_MISSING",
      `export '${name}': no task of this plan has begun: the state has no run '${runId}'`,
      { hint: "Start its tasks first: rivet apply PLAN --task I/N, or --claim." },
    );
  }
  requireSamePlan(shared, run);
  if (run.status === "completed") return run;
  const open = (await state.chunkTasks(runId)).filter((task) => task.status !== "completed");
  if (open.length === 0) return run;
  throw openChunks(
    `run ${runId}`,
    open,
    "Start the tasks that take them (rivet apply PLAN --task I/N, or --claim), then finish again.",
  );
}

/** A finish that is repeated changes nothing but leftovers, and says whether all is still there. */
async function verifyAgain(ctx: ExportContext, state: LeasedState): Promise<ExportSummary> {
  const { destination, exported, runId } = ctx;
  const tasks = await state.chunkTasks(runId);
  const parts = tasks.flatMap(recordedParts);
  const outcome = {
    ...{ rows: tasks.reduce((sum, task) => sum + (task.rowsWritten ?? 0), 0), parts },
    ...{ columns: null, fileColumns: null, widths: {}, quality: [], reconciled: null },
    ...{ schemaChanged: null, cursor: null, error: null },
  };
  ctx.tracker.planned(null, { done: tasks.length, total: tasks.length });
  if (isStream(destination)) return summarize(ctx, outcome, null);
  const place = bound(destination, ctx.signal);
  const bytes = await place.read(manifestCopyKey(runId));
  if (bytes === null) {
    throw new RivetError(
      "VALIDATION_FAILED",
      `export '${exported.name}': the manifest of run '${runId}' is gone from ${destination.uri}`,
      { hint: "Find out what removes files there, then make a new plan." },
    );
  }
  const manifest = parseManifest(bytes, manifestCopyKey(runId));
  const verification = await verifyDestination(place, manifest, { content: false });
  const coverage = coverageText(verification);
  if (!isVerified(verification)) throw notVerified(ctx, verification, coverage);
  const inFolders = exported.partition !== null;
  await reviewParts(
    {
      destination: place,
      state,
      exportName: exported.name,
      runId,
      tasks,
      verify: { content: false },
      inFolders,
    },
    () => Promise.resolve(),
  );
  return summarize(ctx, outcome, coverage);
}
