/** Writing the chunks of a repair plan again, through the same seams as a run (RR3, RR4, RR5). */
import { RivetError, type SerializedError, toRivetError } from "../base/errors.ts";
import { logger } from "../base/log.ts";
import type { HeldLease } from "../lease/lease.ts";
import type { ExportPlan } from "../plan/strategy.ts";
import type { Dialect } from "../ports/source.ts";
import type { ChunkTask } from "../ports/state.ts";
import { checkColumns } from "../run/check_columns.ts";
import type { ExportContext, RunDeps } from "../run/context.ts";
import { finishRun } from "../run/finish_run.ts";
import { ExportSource } from "../run/export_source.ts";
import { tellWarnings } from "../access/source_warnings.ts";
import type { Journal } from "../run/journal.ts";
import { randomSuffix } from "../manifest/names.ts";
import { probeDestination } from "../run/probe_destination.ts";
import { committedParts, supersede } from "../manifest/parts.ts";
import { chunkUnit } from "../run/queues.ts";
import { usesSnapshot } from "../extract/snapshot.ts";
import type { ExportSummary } from "../report/summary.ts";
import type { PartRecord } from "../manifest/parts.ts";
import { planUnits } from "../run/unit_plan.ts";
import { type Unit, type UnitQueue, type UnitResult, UnitRunner } from "../run/units.ts";
import { WorkerPool } from "../workers/worker_pool.ts";
import { fileColumns, planStages } from "../encode/stage_plan.ts";
import { type RecordedRun, requireSameQuery } from "../reconcile/chunk_run.ts";
import { openRepairContext, type RepairingOptions, requireSamePlace } from "./repair_context.ts";
import type { RepairAction, RepairPlan } from "./repair_plan.ts";
import { recordedParts } from "../run/review.ts";

/** Property names are those of the JSON that `rivet repair --execute` prints. */
export interface RepairExecution {
  readonly status: "success" | "failed" | "interrupted";
  readonly chunks: readonly RepairedChunk[];
  /** Of the whole run after the repair: what its manifest says. */
  readonly row_count: number;
  readonly part_count: number;
  readonly error: SerializedError | null;
}

export interface RepairedChunk {
  readonly chunk_index: number;
  readonly rows_before: number | null;
  readonly rows: number;
  /** Keys of the new parts; none when the chunk has no rows any more. */
  readonly parts: readonly string[];
  /** Keys of the parts that the manifest lists as superseded now. */
  readonly superseded: readonly string[];
}

/** @throws RivetError CHECKPOINT_OPEN: open chunks belong to whoever runs or resumes the run (I5). */
export function requireRepairable({ run, tasks }: RecordedRun): void {
  if (run.status === "completed") return;
  const open = tasks.filter((task) => task.status !== "completed").length;
  throw new RivetError(
    "CHECKPOINT_OPEN",
    `chunk run '${run.runId}' of export '${run.exportName}' has not ended: ${open} of ` +
      `${tasks.length} chunks were never completed`,
    {
      hint:
        `Finish it with 'rivet run -c CONFIG -e ${run.exportName} --resume', then reconcile and ` +
        "repair what differs.",
    },
  );
}

/** What is repaired, by the one process that may. */
export interface RepairWork {
  readonly recorded: RecordedRun;
  readonly plan: RepairPlan;
  readonly lease: HeldLease;
}

export async function executeRepair(
  deps: RunDeps,
  options: RepairingOptions,
  { recorded, plan, lease }: RepairWork,
): Promise<RepairExecution> {
  const workers = new WorkerPool(deps.startWorker);
  const ctx = await openRepairContext(deps, workers, options, recorded, lease);
  try {
    await requireSamePlace(ctx);
    return await new Repair(ctx, recorded, plan).execute();
  } finally {
    ctx.tracker.stop();
    await ctx.destination.close();
    workers.close();
  }
}

/** The chunks of the plan, remembered by nobody until the manifest names them. */
class RepairQueue implements UnitQueue {
  readonly reclaims = false;
  readonly logsFiles = false;
  readonly results = new Map<number, UnitResult>();
  readonly #units: Unit[];
  readonly #journal: Journal;

  constructor(units: readonly Unit[], journal: Journal) {
    this.#units = [...units];
    this.#journal = journal;
  }

  next(): Promise<Unit | null> {
    return Promise.resolve(this.#units.shift() ?? null);
  }

  completed(unit: Unit, result: UnitResult): Promise<void> {
    const index = unit.chunkIndex as number;
    this.results.set(index, result);
    this.#journal.add("chunk_repaired", { chunk: index, rows: result.rows });
    return Promise.resolve();
  }

  failed(unit: Unit, error: RivetError): Promise<void> {
    this.#journal.add("chunk_failed", { chunk: unit.chunkIndex, code: error.code });
    return Promise.resolve();
  }
}

/** A chunk of the run as it is now: what state holds of it, or what the repair made of it. */
interface ChunkNow {
  readonly task: ChunkTask;
  readonly rows: number;
  readonly parts: readonly PartRecord[];
  readonly repaired: UnitResult | null;
}

class Repair {
  readonly #ctx: ExportContext;
  readonly #recorded: RecordedRun;
  readonly #actions: readonly RepairAction[];
  readonly #source: ExportSource;

  constructor(ctx: ExportContext, recorded: RecordedRun, { actions }: RepairPlan) {
    this.#ctx = ctx;
    this.#recorded = recorded;
    this.#actions = actions;
    this.#source = new ExportSource(ctx);
  }

  async execute(): Promise<RepairExecution> {
    const { journal, exported, lineage } = this.#ctx;
    lineage?.begin();
    journal.add("repair_started", { chunks: this.#actions.map((a) => a.chunk_index) });
    if (usesSnapshot(exported)) {
      logger().warn(
        `export '${exported.name}': consistency: ${exported.consistency.kind} does not hold for ` +
          "repaired chunks, which are read now",
      );
    }
    const progress: RepairProgress = { planned: null, repaired: new Map(), error: null };
    try {
      await probeDestination(this.#ctx, { list: false });
      progress.planned = await this.#plan();
      const queue = this.#queue(progress.planned);
      progress.repaired = queue.results;
      await this.#extract(progress.planned.plan, queue);
    } catch (thrown) {
      progress.error = this.#ctx.lease.failure ?? toRivetError(thrown);
    } finally {
      await this.#source.close();
    }
    return await this.#finish(progress);
  }

  /** RR3: the stored shape; what is selected and how it is written comes from the config. */
  async #plan(): Promise<PlannedRepair> {
    const { pageRows, run } = this.#recorded;
    const { exported } = this.#ctx;
    const { shape, description, dialect } = await this.#source.retried("plan", async (source) => {
      tellWarnings(this.#ctx.config.source, source.info);
      const shape = await requireSameQuery(this.#recorded, exported, source);
      const description = await source.describe(shape.base, exported.overrides);
      await this.#ctx.lineage?.planned(source, exported.table, { base: shape.base, description });
      return { shape, description, dialect: source.dialect };
    });
    const stages = planStages(exported, description.columns);
    const schemaChanged = await checkColumns(this.#ctx, { description, stages }, dialect);
    const chunks = this.#actions.map(({ chunk_index, start_key, end_key }) => ({
      index: chunk_index,
      start: start_key,
      end: end_key,
    }));
    const plan: ExportPlan = {
      base: shape.base,
      description,
      estimatedRows: null,
      strategy: { kind: "chunked", shape, fingerprint: run.planFingerprint, pageRows, chunks },
      stages,
    };
    return { plan, dialect, schemaChanged };
  }

  #queue({ plan, dialect }: PlannedRepair): RepairQueue {
    const { strategy, description } = plan;
    if (strategy.kind !== "chunked") throw new RivetError("INTERNAL", "a repair without chunks");
    const units = strategy.chunks.map((chunk) => chunkUnit(dialect, strategy, description, chunk));
    return new RepairQueue(units, this.#ctx.journal);
  }

  async #extract(plan: ExportPlan, queue: RepairQueue): Promise<void> {
    // RR5: a random suffix, so that no name can be that of a part which is there.
    const suffix = randomSuffix();
    const readers = await this.#source.openReaders(this.#actions.length);
    try {
      const unitPlan = await planUnits(this.#ctx, plan, { suffix, repair: true });
      await new UnitRunner(this.#ctx, unitPlan, queue, readers).run();
    } finally {
      await Promise.all(readers.map((reader) => reader.close()));
    }
  }

  /** What was repaired counts, even when a later chunk failed: the others stay as they were. */
  async #finish({ planned, repaired, error }: RepairProgress): Promise<RepairExecution> {
    const chunks = this.#recorded.tasks.map((task) => chunkNow(task, repaired));
    const plan = planned?.plan ?? null;
    const summary = await finishRun(this.#ctx, {
      rows: chunks.reduce((sum, chunk) => sum + chunk.rows, 0),
      parts: chunks.flatMap((chunk) => chunk.parts),
      columns: repaired.size === 0 ? null : plan?.description.columns ?? null,
      fileColumns: plan === null ? null : fileColumns(plan.description.columns, plan.stages),
      // A few chunks say nothing about the shape of all rows.
      widths: {},
      quality: [],
      reconciled: null,
      schemaChanged: planned?.schemaChanged ?? null,
      cursor: null,
      error: null,
      repair: {
        error,
        changed: repaired.size > 0,
        remember: () => this.#remember(chunks),
      },
    });
    return execution(chunks, summary);
  }

  async #remember(chunks: readonly ChunkNow[]): Promise<void> {
    for (const { task, repaired, parts } of chunks) {
      if (repaired === null) continue;
      await this.#ctx.state.replaceChunkResult(task.runId, task.chunkIndex, {
        rowsWritten: repaired.rows,
        parts: JSON.stringify(parts),
        checksum: repaired.checksum,
      });
    }
  }
}

interface PlannedRepair {
  readonly plan: ExportPlan;
  readonly dialect: Dialect;
  readonly schemaChanged: boolean | null;
}

/** How far a repair came. */
interface RepairProgress {
  planned: PlannedRepair | null;
  repaired: ReadonlyMap<number, UnitResult>;
  error: RivetError | null;
}

function chunkNow(task: ChunkTask, repaired: ReadonlyMap<number, UnitResult>): ChunkNow {
  const result = repaired.get(task.chunkIndex) ?? null;
  const before = recordedParts(task);
  if (result === null) return { task, rows: task.rowsWritten ?? 0, parts: before, repaired: null };
  return {
    task,
    rows: result.rows,
    parts: [...supersede(before), ...result.parts],
    repaired: result,
  };
}

function execution(
  chunks: readonly ChunkNow[],
  summary: ExportSummary,
): RepairExecution {
  const { error } = summary;
  return {
    status: error === null ? "success" : error.code === "INTERRUPTED" ? "interrupted" : "failed",
    chunks: chunks.flatMap(({ task, repaired }) =>
      repaired === null ? [] : [{
        chunk_index: task.chunkIndex,
        rows_before: task.rowsWritten,
        rows: repaired.rows,
        parts: repaired.parts.map((part) => part.path),
        superseded: committedParts(recordedParts(task)).map((part) => part.path),
      }]
    ),
    row_count: summary.rows,
    part_count: summary.files,
    error,
  };
}
