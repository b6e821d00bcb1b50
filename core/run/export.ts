/** One export, from connecting to its summary. Order: contracts section 1. */
import type { LoadedExport } from "../config/loaded.ts";
import { RivetError, toRivetError } from "../errors.ts";
import { logger } from "../log.ts";
import {
  type ChunkedStrategy,
  type ExportPlan,
  planExport,
  type PlanInputs,
  type PlannedChunk,
  type Strategy,
} from "../plan/export_plan.ts";
import type { ConnectOptions, Description, Dialect } from "../ports/source.ts";
import type { ChunkRun } from "../ports/state.ts";
import type { ChunkShape } from "../query/chunk.ts";
import type { ReadSpec } from "../query/read_spec.ts";
import { checkQuality, qualityFailed } from "./check_quality.ts";
import { openChunkRun, storedChunks, unfinishedRun } from "./checkpoint.ts";
import type { Review } from "../verify/review.ts";
import { fileColumns } from "../stages/spec.ts";
import type { StageTotals } from "../stages/totals.ts";
import { commitCursor, type CursorRead } from "./commit_cursor.ts";
import type { ExportContext, RunServices } from "./context.ts";
import { checkDrift } from "./drift.ts";
import { type Extractor, openReaders } from "./extractor.ts";
import { finishRun, type RunOutcome } from "./finish_run.ts";
import { Journal } from "./journal.ts";
import { resolvePlaceholders, runId, runTime } from "./names.ts";
import { type PlanVerdict, planVerdict } from "./notify.ts";
import { CheckpointQueue, chunkUnit, MemoryQueue } from "./queues.ts";
import { reviewResumed } from "./resume.ts";
import { reconcileChunks } from "./reconcile_chunks.ts";
import { reconcileCount } from "./reconcile_count.ts";
import { withRetry } from "./retry.ts";
import { cursorDrift, sealedInputs } from "./sealed.ts";
import { SourceSession } from "./session.ts";
import { exportHold, usesSnapshot } from "./snapshot.ts";
import { parseTies } from "./ties.ts";
import { RunTracker } from "./tracker.ts";
import type { ExportSummary, PartRecord, RunOptions } from "./types.ts";
import { planUnits } from "./unit_plan.ts";
import { type Unit, UnitRunner } from "./units.ts";

export async function runExport(
  deps: RunServices,
  options: RunOptions,
  exported: LoadedExport,
): Promise<ExportSummary> {
  const open = await unfinishedRun(deps.state, exported, options.resume);
  if (open !== null && usesSnapshot(exported)) refuseToJoin(exported, open);
  const ctx = await openContext(deps, options, exported, open);
  const { tuning } = exported;
  options.listener.started({
    exportName: exported.name,
    runId: ctx.runId,
    mode: exported.config.mode,
    profile: tuning.profile,
    batchSize: tuning.batchRows === 0 ? null : tuning.batchRows,
  });
  const sealed = options.sealed?.get(exported.name);
  ctx.journal.add(open === null ? "started" : "resumed", {
    mode: exported.config.mode,
    ...(sealed === undefined ? {} : { plan_id: sealed.planId }),
  });
  const run = new ExportRun(ctx, open);
  let error: RivetError | null = null;
  try {
    await run.execute();
  } catch (thrown) {
    error = await causeOf(ctx, toRivetError(thrown));
  } finally {
    if (ctx.snapshot !== deps.runSnapshot) await ctx.snapshot?.release();
  }
  const summary = await finishRun(ctx, { ...await run.outcome(), error });
  await ctx.destination.close();
  options.listener.finished(summary);
  return summary;
}

/** What ends a snapshot early shows first in its readers: they were stopped, or could not join. */
async function causeOf(ctx: ExportContext, error: RivetError): Promise<RivetError> {
  if (ctx.options.signal.aborted || ctx.snapshot === null) return error;
  await ctx.snapshot.check();
  return ctx.snapshot.failure ?? error;
}

/** Chunks that were read then and chunks that are read now are two points in time. */
function refuseToJoin(exported: LoadedExport, open: ChunkRun): never {
  throw new RivetError(
    "CHECKPOINT_MISMATCH",
    `export '${exported.name}': the snapshot of the unfinished run '${open.runId}' is gone, and ` +
      `consistency: ${exported.config.consistency} does not mix it with another one`,
    {
      hint: `Start over: 'rivet state reset-chunks --export ${exported.name}', then run without ` +
        "--resume.",
    },
  );
}

async function openContext(
  deps: RunServices,
  options: RunOptions,
  exported: LoadedExport,
  open: ChunkRun | null,
): Promise<ExportContext> {
  const startedAt = new Date();
  const id = open?.runId ?? runId(exported.name, startedAt);
  // A resumed run goes on in the folder that it began in, whatever the date is now.
  const at = runTime(id, exported.name) ?? startedAt;
  const place = { exportName: exported.name, runId: id, at };
  const destination = await deps.destination(resolvePlaceholders(exported.destination, place));
  const snapshot = exportHold(exported, deps.runSnapshot);
  return {
    deps,
    options,
    config: options.config,
    exported,
    runId: id,
    startedAt,
    destination,
    journal: new Journal(id, exported.name),
    tracker: new RunTracker(exported.name, options.listener),
    snapshot,
    signal: snapshot === null ? options.signal : AbortSignal.any([options.signal, snapshot.signal]),
  };
}

const NOTHING_READ: CursorRead = { rows: 0, lastValue: null, lastTies: null };

class ExportRun {
  readonly #ctx: ExportContext;
  readonly #open: ChunkRun | null;
  readonly #session: SourceSession;
  #plan: ExportPlan | null = null;
  #dialect: Dialect | null = null;
  #schemaChanged: boolean | null = null;
  #memory: MemoryQueue | null = null;
  #checkpoint: CheckpointQueue | null = null;
  #totals: StageTotals | null = null;
  #quality: readonly string[] = [];
  #reconciled: boolean | null = null;

  constructor(ctx: ExportContext, open: ChunkRun | null) {
    this.#ctx = ctx;
    this.#open = open;
    this.#session = new SourceSession(
      () => ctx.deps.source(ctx.config.source.type),
      () => this.#connectOptions(),
    );
  }

  async execute(): Promise<void> {
    try {
      await this.#takeSnapshot();
      const plan = await this.#planWithRetry();
      this.#schemaChanged = await checkDrift(this.#ctx, plan.description.columns);
      this.#totals = await this.#runUnits(plan, await this.#openQueue(plan));
      // I6: refused, naming the open tasks, when any is left.
      if (this.#checkpoint !== null) await this.#ctx.deps.state.completeChunkRun(this.#ctx.runId);
      await this.#reconcile(plan);
      await this.#passQuality(this.#totals);
      if (plan.strategy.kind === "incremental") {
        await commitCursor(this.#ctx, plan.strategy, this.#memory ?? NOTHING_READ);
      }
    } finally {
      await this.#session.close();
      await this.#checkpoint?.release();
    }
  }

  async outcome(): Promise<Omit<RunOutcome, "error">> {
    const { rows, parts } = await this.#committed();
    const plan = this.#plan;
    const columns = plan?.description.columns ?? null;
    return {
      rows,
      parts,
      columns,
      fileColumns: plan === null ? null : fileColumns(plan.description.columns, plan.stages),
      widths: this.#totals?.widths.means() ?? {},
      quality: this.#quality,
      reconciled: this.#reconciled,
      schemaChanged: this.#schemaChanged,
    };
  }

  async #committed(): Promise<{ rows: number; parts: readonly PartRecord[] }> {
    return await this.#checkpoint?.outcome() ?? this.#memory ?? { rows: 0, parts: [] };
  }

  async #passQuality(totals: StageTotals): Promise<void> {
    const { rows } = await this.#committed();
    const { failures, warnings } = await checkQuality(this.#ctx, totals, rows);
    this.#quality = [...failures, ...warnings];
    if (failures.length > 0) throw qualityFailed(this.#ctx.exported.name, failures);
  }

  /** `--reconcile`, or `reconcile: count | checksum` on the export. */
  async #reconcile(plan: ExportPlan): Promise<void> {
    const { options, exported } = this.#ctx;
    if (!options.reconcile && (exported.config.reconcile ?? "off") === "off") return;
    this.#reconciled = false;
    if (exported.config.reconcile === "checksum" && plan.strategy.kind === "chunked") {
      await this.#reconcileChunks(plan.description, plan.strategy.shape);
    } else {
      const cursor = this.#memory?.lastValue ?? null;
      const rows = (await this.#committed()).rows + (this.#memory?.dropped ?? 0);
      await this.#session.use((s) => reconcileCount(s, exported.name, plan, { rows, cursor }));
    }
    this.#reconciled = true;
  }

  async #reconcileChunks(description: Description, shape: ChunkShape): Promise<void> {
    const { deps, exported, runId, signal } = this.#ctx;
    const tasks = await deps.state.chunkTasks(runId);
    await reconcileChunks(
      (question) => this.#retried("reconcile", () => this.#session.use(question)),
      { exported, shape, tasks, description, signal },
    );
  }

  #connectOptions(): ConnectOptions {
    const { config, exported, snapshot, signal } = this.#ctx;
    return {
      source: config.source,
      tuning: exported.tuning,
      applicationName: `rivet/${exported.name}`,
      snapshot: snapshot?.shared?.id ?? null,
      signal,
    };
  }

  async #takeSnapshot(): Promise<void> {
    const { deps, config, snapshot, journal } = this.#ctx;
    if (snapshot === null) return;
    const { point } = await this.#retried("snapshot", () =>
      snapshot.take(async () => {
        const factory = await deps.source(config.source.type);
        const options = { ...this.#connectOptions(), applicationName: "rivet/snapshot" };
        return await factory.connect(options);
      }));
    journal.add("snapshot_taken", { point, shared: snapshot === deps.runSnapshot });
  }

  async #planWithRetry(): Promise<ExportPlan> {
    const { exported, journal } = this.#ctx;
    const inputs = await this.#planInputs();
    const plan = await this.#retried("plan", () =>
      this.#session.use((source) => {
        for (const warning of source.info.warnings) logger().warn(warning);
        this.#dialect = source.dialect;
        return planExport(source, exported, inputs);
      }));
    this.#plan = plan;
    const { strategy, estimatedRows } = plan;
    const verdict = await this.#planVerdict(plan);
    journal.add("planned", {
      strategy: strategy.kind,
      estimated_rows: estimatedRows,
      ...verdict,
    });
    if (strategy.kind === "incremental" && strategy.heldBy.length > 0) {
      journal.add("held_back", { until: strategy.window.until ?? null, by: strategy.heldBy });
    }
    return plan;
  }

  /** Advice only (PA8): without it the run goes on. PA1: a sealed plan asks for no preflight. */
  async #planVerdict(plan: ExportPlan): Promise<PlanVerdict | null> {
    const { config, exported, options } = this.#ctx;
    if (options.sealed?.has(exported.name)) return null;
    try {
      return await this.#session.use((source) => planVerdict(config, source, plan));
    } catch (error) {
      logger().info(
        `the verdict for the notification is not known: ${toRivetError(error).message}`,
      );
      return null;
    }
  }

  #retried<T>(step: "snapshot" | "plan" | "reconcile", attempt: () => Promise<T>): Promise<T> {
    const { exported: { tuning }, tracker, journal, signal } = this.#ctx;
    const settings = { maxRetries: tuning.maxRetries, backoffMs: tuning.retryBackoffMs };
    return withRetry(settings, signal, attempt, (error, retry, waitMs) => {
      tracker.retries++;
      journal.add("retry", { step, retry, code: error.code });
      logger().warn(`${step}: retry ${retry} in ${waitMs} ms: ${error.message}`);
    });
  }

  async #planInputs(): Promise<PlanInputs> {
    const { deps: { state }, exported, journal, options, startedAt, signal } = this.#ctx;
    const cursor = exported.config.mode === "incremental"
      ? await state.cursor(exported.name)
      : null;
    const inputs: PlanInputs = {
      now: startedAt,
      cursor: cursor?.cursor ?? null,
      ties: parseTies(cursor?.ties),
      chunks: this.#open === null ? null : await storedChunks(state, this.#open.runId),
      signal,
    };
    const sealed = options.sealed?.get(exported.name);
    if (sealed === undefined) return inputs;
    // Once more, right before it counts: another export of the plan may have taken hours.
    const drift = await cursorDrift(state, exported.name, sealed, options.force);
    if (drift !== null) logger().warn(`${drift}; --force reads from the plan's cursor`);
    const gates = drift === null ? sealed.forced : [...sealed.forced, "cursor_drift"];
    if (gates.length > 0) journal.add("forced", { gates });
    return sealedInputs(inputs, sealed);
  }

  #openQueue(plan: ExportPlan): Promise<MemoryQueue | CheckpointQueue> {
    const { strategy } = plan;
    switch (strategy.kind) {
      case "whole":
        return Promise.resolve(this.#wholeQueue(plan, strategy.reads));
      case "incremental":
        return Promise.resolve(this.#wholeQueue(plan, [strategy.read]));
      case "chunked":
        return this.#chunkQueue(plan, strategy);
    }
  }

  #wholeQueue(plan: ExportPlan, reads: readonly ReadSpec[]): MemoryQueue {
    this.#ctx.tracker.planned(plan.estimatedRows, null);
    const label = this.#ctx.exported.name;
    return this.#memory = new MemoryQueue(reads.map((spec) => ({ chunkIndex: null, label, spec })));
  }

  async #chunkQueue(plan: ExportPlan, strategy: ChunkedStrategy) {
    const { deps, exported, runId, journal, tracker } = this.#ctx;
    const toUnit = (chunk: PlannedChunk): Unit =>
      chunkUnit(this.#dialect as Dialect, strategy, plan.description, chunk);
    if (!exported.config.chunk_checkpoint) {
      tracker.planned(plan.estimatedRows, { done: 0, total: strategy.chunks.length });
      return this.#memory = new MemoryQueue(strategy.chunks.map(toUnit));
    }
    await openChunkRun(deps.state, exported, runId, strategy, this.#open);
    const tasks = await deps.state.chunkTasks(runId);
    const review = this.#open === null ? null : await reviewResumed(this.#ctx, tasks);
    const rewrites: Review["rewrites"] = review?.rewrites ?? new Map();
    const done = tasks.filter((task) => task.status === "completed").length - rewrites.size;
    tracker.planned(plan.estimatedRows, { done, total: tasks.length });
    const ids = { runId, exportName: exported.name };
    return this.#checkpoint = new CheckpointQueue(deps.state, ids, journal, toUnit, {
      parts: rewrites,
      chunks: tasks.map((t) => ({ index: t.chunkIndex, start: t.startKey, end: t.endKey })),
    });
  }

  async #runUnits(
    plan: ExportPlan,
    queue: MemoryQueue | CheckpointQueue,
  ): Promise<StageTotals> {
    const readers = this.#openReaders(plan.strategy);
    try {
      const unitPlan = await planUnits(this.#ctx, plan);
      const runner = new UnitRunner(this.#ctx, unitPlan, queue, readers);
      await runner.run();
      return runner.totals;
    } finally {
      await Promise.all(readers.map((reader) => reader.close()));
    }
  }

  #openReaders(strategy: Strategy): Extractor[] {
    const { deps, exported } = this.#ctx;
    const units = strategy.kind === "chunked"
      ? strategy.chunks.length
      : strategy.kind === "whole"
      ? strategy.reads.length
      : 1;
    const wanted = Math.min(exported.config.parallel, units);
    return openReaders(wanted, this.#session, deps.workers, () => {
      const { source, tuning, applicationName, snapshot = null } = this.#connectOptions();
      return { source, tuning, applicationName, snapshot };
    });
  }
}
