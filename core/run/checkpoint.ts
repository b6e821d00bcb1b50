/** `chunk_checkpoint`: whether a run starts, continues or refuses, decided before the first chunk. */
import { RivetError } from "../base/errors.ts";
import type { ChunkedStrategy, PlannedChunk } from "../plan/strategy.ts";
import type { ChunkRun, LeasedState, StateReader } from "../ports/state.ts";
import type { LoadedExport } from "../config/loaded.ts";
import { baseHash } from "../reconcile/chunk_run.ts";

/** The export's chunk run that is open, else its last one; null when it keeps or has none. */
export async function runToResume(
  state: StateReader,
  exported: LoadedExport,
): Promise<ChunkRun | null> {
  if (!keepsCheckpoint(exported)) return null;
  const open = await state.chunkRunInProgress(exported.name);
  if (open !== null) return open;
  const last = await state.latestChunkRun(exported.name);
  return last?.status === "completed" ? last : null;
}

function keepsCheckpoint({ mode }: Pick<LoadedExport, "mode">): boolean {
  return mode.kind === "chunked" && mode.checkpoint;
}

/**
 * The run that `--resume` continues; null for a fresh start.
 * @throws RivetError CHECKPOINT_OPEN when there is an unfinished run and no `--resume`.
 */
export async function unfinishedRun(
  state: StateReader,
  exported: LoadedExport,
  resume: boolean,
): Promise<ChunkRun | null> {
  if (resume && keepsCheckpoint(exported)) return await runToResume(state, exported);
  const open = await state.chunkRunInProgress(exported.name);
  // Tasks may still come, whatever the export's mode is by now.
  if (open !== null && (open.planId !== null || keepsCheckpoint(exported))) {
    throw checkpointOpen(open);
  }
  return null;
}

/** The export has this run to end first. */
export function checkpointOpen({ exportName, runId, planId }: ChunkRun): RivetError {
  const onward = planId === null
    ? "Continue it with --resume"
    : "Finish it with the plan that its tasks were started with (rivet apply PLAN --task I/N, or " +
      "--claim, then --finish)";
  return new RivetError(
    "CHECKPOINT_OPEN",
    `export '${exportName}' has an unfinished chunk run '${runId}'`,
    {
      hint: `${onward}, or discard it with ` +
        `'rivet state reset-chunks --export ${exportName}' and start over.`,
    },
  );
}

/** `--resume` was asked for, and no export of the run has anything to resume. */
export function nothingToResume(names: readonly string[]): RivetError {
  return new RivetError(
    "CHECKPOINT_MISSING",
    `--resume: no unfinished chunk run of ${names.map((n) => `'${n}'`).join(", ")}`,
    {
      hint: "Run without --resume to start fresh; only exports with mode: chunked and " +
        "chunk_checkpoint: true can be resumed, which chunk_by: ctid cannot have.",
    },
  );
}

export async function storedChunks(state: StateReader, runId: string): Promise<PlannedChunk[]> {
  const tasks = await state.chunkTasks(runId);
  return tasks.map((t) => ({ index: t.chunkIndex, start: t.startKey, end: t.endKey }));
}

export interface NewChunkRun {
  readonly runId: string;
  readonly exportName: string;
  /** Of one chunk. */
  readonly maxAttempts: number;
  /** Several processes share it out. */
  readonly planId?: string;
}

/** Puts a fresh plan into state, or takes an unfinished one up again (I5). */
export async function openChunkRun(
  state: LeasedState,
  { runId, exportName, maxAttempts, planId }: NewChunkRun,
  strategy: ChunkedStrategy,
  open: ChunkRun | null,
): Promise<void> {
  if (open === null) {
    const { fingerprint, shape, chunks } = strategy;
    await state.createChunkRun(
      {
        runId,
        exportName,
        planFingerprint: fingerprint,
        maxAttempts,
        planId,
        plan: JSON.stringify({
          shape,
          pageRows: strategy.pageRows,
          baseHash: baseHash(shape.base),
        }),
      },
      chunks.map((c) => ({ chunkIndex: c.index, startKey: c.start, endKey: c.end })),
    );
    return;
  }
  if (open.planFingerprint !== strategy.fingerprint) {
    throw new RivetError(
      "CHECKPOINT_MISMATCH",
      `export '${exportName}': the unfinished chunk run '${open.runId}' is of another plan ` +
        `(${open.planFingerprint}, now ${strategy.fingerprint})`,
      {
        hint: "The query, chunk column or chunk size changed since. Restore them to resume, or " +
          `'rivet state reset-chunks --export ${exportName}' and start over.`,
      },
    );
  }
  await state.requeueRunningChunkTasks(open.runId);
  await state.retryFailedChunkTasks(open.runId);
}
