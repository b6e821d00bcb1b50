/** The run that all tasks of a sealed plan share: its id, and how it comes into the state. */
import { toRivetError } from "../base/errors.ts";
import { RivetError } from "../base/errors.ts";
import type { LoadedExport } from "../config/loaded.ts";
import { usesSnapshot } from "../extract/snapshot.ts";
import { HeldLease } from "../lease/lease.ts";
import { isComplete } from "../manifest/publish.ts";
import { runId } from "../manifest/names.ts";
import { requireSharedGates } from "../plan/shared_gates.ts";
import { bound, isStream } from "../ports/destination.ts";
import type { ChunkRun, ChunkTask, LeasedState } from "../ports/state.ts";
import { chunkIdentifier } from "../query/chunk.ts";
import { checkpointOpen, openChunkRun } from "../run/checkpoint.ts";
import { checkColumns } from "../run/check_columns.ts";
import { bestEffort, type ExportContext, type RunServices } from "../run/context.ts";
import { withContext } from "../run/export.ts";
import { ExportSource } from "../run/export_source.ts";
import { planRun } from "../run/plan_run.ts";
import { probeDestination } from "../run/probe_destination.ts";
import { plannedChunk } from "../run/queues.ts";
import type { RunListener, RunOptions } from "../run/run_options.ts";
import type { SealedInputs } from "../run/sealed.ts";
import { settleEarlierRuns } from "../run/settle.ts";
import { waitForLease } from "./wait_for_lease.ts";

/** One export of a plan, for one process that takes part in it. */
export interface SharedRun {
  readonly deps: RunServices;
  readonly options: RunOptions;
  readonly exported: LoadedExport;
  readonly sealed: SealedInputs;
  readonly runId: string;
  /** Of every lease that the run's processes take. */
  readonly leaseMs: number;
}

/** @throws RivetError NOT_AVAILABLE for a plan that cannot be shared out. */
export function sharedRun(
  deps: RunServices,
  options: RunOptions,
  exported: LoadedExport,
): SharedRun {
  const { mode, name } = exported;
  const sealed = options.sealed?.get(name);
  if (mode.kind !== "chunked" || sealed === undefined) {
    throw new RivetError("NOT_AVAILABLE", `export '${name}': mode: ${mode.kind} has no tasks`, {
      hint: "Only the chunks of mode: chunked can be shared out. Apply this plan without --task, " +
        "--claim and --finish.",
    });
  }
  if (mode.by === "ctid") {
    throw new RivetError(
      "NOT_AVAILABLE",
      `export '${name}': chunk_by: ctid has no tasks: a table that is rewritten between two of ` +
        "them has its rows in other blocks, and neither would see it",
      { hint: "Apply the plan with one process, or cut by a column." },
    );
  }
  // Sealed plans name the column that was found.
  requireSharedGates(exported, mode.column);
  if (usesSnapshot(exported) && sealed.snapshot === null) {
    throw new RivetError(
      "NOT_AVAILABLE",
      `export '${name}': consistency: ${exported.consistency.kind} needs a plan that holds its ` +
        "snapshot, because each process would see another point in time",
      { hint: "Plan with --hold (docs/consistency.md), or apply the plan with one process." },
    );
  }
  return {
    ...{ deps, options, exported, sealed },
    runId: runId(name, new Date(sealed.createdAt)),
    leaseMs: deps.leaseMs ?? mode.taskLeaseMs,
  };
}

/** @throws RivetError CHECKPOINT_MISMATCH when two plans made in one millisecond meet. */
export function requireSamePlan({ sealed, exported }: SharedRun, run: ChunkRun): ChunkRun {
  if (run.planId === sealed.planId) return run;
  throw new RivetError(
    "CHECKPOINT_MISMATCH",
    `export '${exported.name}': run '${run.runId}' is of another plan than this one`,
    { hint: "Make a new plan with `rivet plan`." },
  );
}

/** What is there already is taken up; the first process to come makes it, and the others wait for that. */
export async function openSharedRun(shared: SharedRun): Promise<ChunkRun> {
  const { deps: { state }, exported: { name }, leaseMs, options, runId: id } = shared;
  const run = await waitForLease({ options, runId: id }, async () => {
    const there = await state.chunkRun(id);
    if (there !== null) return { kind: "done", value: there };
    const answer = await state.acquireLease(name, leaseMs);
    if (answer.kind === "held") return answer;
    return { kind: "done", value: await create(shared, answer.state) };
  });
  return requireSamePlan(shared, run);
}

const SILENT: RunListener = { started() {}, progress() {}, finished() {} };

/** Under the export's own lease: what an earlier run left is settled before the first chunk is read. */
async function create(shared: SharedRun, leased: LeasedState): Promise<ChunkRun> {
  const { deps, options, exported, runId: id, leaseMs } = shared;
  const lease = new HeldLease(leased, leaseMs);
  try {
    // Between the question before and the lease somebody may have made it.
    const made = await leased.chunkRun(id);
    if (made !== null) return made;
    const open = await leased.chunkRunInProgress(exported.name);
    if (open !== null) throw checkpointOpen(open);
    const quiet = { ...options, listener: SILENT };
    const context = { runId: id, lease, begins: true };
    await withContext(deps, quiet, exported, context, (ctx) => begin(shared, ctx));
    return await required(leased, id);
  } finally {
    await lease.release();
  }
}

async function begin({ sealed }: SharedRun, ctx: ExportContext): Promise<void> {
  const { exported, journal, runId: id, state } = ctx;
  journal.add("started", { mode: exported.config.mode, plan_id: sealed.planId });
  await probeDestination(ctx, { list: true });
  await refuseComplete(ctx);
  await settleEarlierRuns(ctx);
  const source = new ExportSource(ctx);
  try {
    await source.takeSnapshot();
    const { plan, dialect } = await planRun(ctx, source, null);
    const { strategy } = plan;
    await checkColumns(ctx, plan, dialect);
    if (strategy.kind !== "chunked" || exported.mode.kind !== "chunked") return;
    const { maxAttempts } = exported.mode;
    const run = { runId: id, exportName: exported.name, maxAttempts, planId: sealed.planId };
    await openChunkRun(state, run, strategy, null);
  } finally {
    await source.close();
  }
  await bestEffort("the journal", () => ctx.deps.state.appendJournal(journal.events));
  await ctx.lineage?.beginShared();
}

/** A plan is executed once: its parts are at the destination under the same run already. */
async function refuseComplete({ destination, exported, runId: id, signal }: ExportContext) {
  if (isStream(destination) || !await isComplete(bound(destination, signal), id)) return;
  throw new RivetError(
    "ALREADY_COMPLETE",
    `export '${exported.name}': run '${id}' of this plan is complete at ${destination.uri} already, ` +
      "and this state knows nothing of it",
    { hint: "Make a new plan with `rivet plan`, or set RIVET_STATE_URL to the state it ran with." },
  );
}

async function required(state: Pick<LeasedState, "chunkRun">, id: string): Promise<ChunkRun> {
  const run = await state.chunkRun(id);
  if (run !== null) return run;
  throw new RivetError("CHECKPOINT_MISSING", `no chunk run ${id} in the state`, {
    hint: "It was removed, e.g. by `rivet state reset-chunks`: make a new plan.",
  });
}

/** Named in an error; the rest is counted. */
const CHUNKS_NAMED = 20;

/** I6: what keeps the run, or a task's share of it, from its end. */
export function openChunks(what: string, open: readonly ChunkTask[], hint: string): RivetError {
  const named = open.slice(0, CHUNKS_NAMED).map((task) => {
    const failure = task.error === null ? "" : `: ${task.error}`;
    const chunk = chunkIdentifier(task.chunkIndex, plannedChunk(task));
    return `${chunk} (${task.status}, attempts ${task.attempts}${failure})`;
  });
  const more = open.length > CHUNKS_NAMED ? ` and ${open.length - CHUNKS_NAMED} more` : "";
  return new RivetError(
    "CHUNK_FAILED",
    `${open.length} chunk(s) of ${what} are not complete: ${named.join(", ")}${more}`,
    { hint },
  );
}

/** Whether the error says no more than that somebody else has the export by now. */
export function isLost(error: unknown): boolean {
  return toRivetError(error).code === "LEASE_LOST";
}
