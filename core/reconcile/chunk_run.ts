/** The chunk run that reconcile and repair work on (RC1, RC4, RR7). */
import { createHash } from "node:crypto";
import * as v from "valibot";
import { number, object, read } from "../base/schema.ts";
import type { LoadedExport } from "../config/loaded.ts";
import { ConfigError, RivetError } from "../base/errors.ts";
import type { Source } from "../ports/source.ts";
import type { ChunkRun, ChunkTask, StateStore } from "../ports/state.ts";
import { baseQuery } from "../query/base.ts";
import type { ChunkShape } from "../query/cuts/cut.ts";
import { CUT_KINDS } from "../query/cuts/mod.ts";

/** A checkpointed run with what its chunks' SQL is built from (RC2, RR3). */
export interface RecordedRun {
  readonly run: ChunkRun;
  readonly tasks: readonly ChunkTask[];
  readonly shape: ChunkShape;
  readonly pageRows: number | null;
  /** Of the query as it was read; absent in runs that did not note it. */
  readonly baseHash?: string;
}

const planSchema = object({
  shape: object({
    kind: v.picklist(CUT_KINDS),
    base: v.string(),
    column: v.string(),
    columnType: v.optional(v.custom<ChunkShape["columnType"]>(() => true)),
    unique: v.optional(v.boolean()),
    table: v.optional(v.string()),
  }),
  pageRows: v.nullable(number),
  baseHash: v.optional(v.string()),
});

/** Tells two base queries apart without showing them: what is stored of them holds no secret. */
export function baseHash(base: string): string {
  return createHash("sha256").update(base).digest("hex");
}

/**
 * RC1, RC4: only chunks that a checkpoint remembers can be compared one by one.
 * @param command `reconcile` or `repair`, for the message.
 * @throws ConfigError for another mode, or without `chunk_checkpoint`.
 */
export function requireCheckpoint(exported: LoadedExport, command: "reconcile" | "repair"): void {
  const { name, mode } = exported;
  const refuse = (reason: string, hint: string): never => {
    throw new ConfigError(`${command}: export '${name}' ${reason}`, [], { hint });
  };
  switch (mode.kind) {
    case "time_window":
      return refuse(
        "has mode: time_window, which has no chunks to compare",
        "Use mode: chunked with chunk_by_days and chunk_checkpoint: true for partitions by day.",
      );
    case "full":
    case "incremental":
      return refuse(
        `has mode: ${mode.kind}, which has no chunks to compare`,
        "Use 'rivet run --reconcile' for a count of the whole export, or mode: chunked with " +
          "chunk_checkpoint: true.",
      );
    case "chunked":
      if (mode.checkpoint) return;
      if (mode.by === "ctid") {
        return refuse(
          "is cut by ctid: its rows have moved to other blocks since, so its chunks cannot be compared",
          "Use 'rivet run --reconcile' for a count of the whole export, or cut by a column.",
        );
      }
      return refuse(
        "keeps no checkpoint",
        "Set chunk_checkpoint: true on the export and run it: that run can be reconciled.",
      );
  }
}

/** @throws RivetError CHECKPOINT_MISSING when the export has no chunk run yet. */
export async function latestRun(
  state: Pick<StateStore, "latestChunkRun" | "chunkTasks">,
  exported: LoadedExport,
): Promise<RecordedRun> {
  const run = await state.latestChunkRun(exported.name);
  if (run === null) {
    throw new RivetError("CHECKPOINT_MISSING", `export '${exported.name}' has no chunk run yet`, {
      hint: `Run it first: 'rivet run -c CONFIG -e ${exported.name}' with chunk_checkpoint: true.`,
    });
  }
  return { run, tasks: await state.chunkTasks(run.runId), ...storedPlan(run) };
}

function storedPlan(run: ChunkRun): Pick<RecordedRun, "shape" | "pageRows" | "baseHash"> {
  try {
    return read(planSchema, JSON.parse(run.plan));
  } catch (cause) {
    throw new RivetError("STATE_CORRUPT", `the plan of chunk run '${run.runId}' cannot be read`, {
      hint:
        `'rivet state reset-chunks -e ${run.exportName}' forgets it; then run the export again.`,
      cause,
    });
  }
}

/**
 * The run's shape with the query as the config has it now: the stored one is without its secrets.
 * @throws RivetError CHECKPOINT_MISMATCH when the config asks for other rows than the run read.
 */
export async function requireSameQuery(
  { run, shape, baseHash: stored }: RecordedRun,
  exported: LoadedExport,
  source: Pick<Source, "dialect" | "hiddenColumns">,
): Promise<ChunkShape> {
  const base = await baseQuery(source, exported);
  if (stored === undefined ? base === shape.base : baseHash(base) === stored) {
    return { ...shape, base };
  }
  throw new RivetError(
    "CHECKPOINT_MISMATCH",
    `export '${exported.name}': the query is not the one that chunk run '${run.runId}' read`,
    { hint: "Restore the query, give the same --param values, or run the export again first." },
  );
}
