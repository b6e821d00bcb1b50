/** One export, from connecting to its summary. Order: contracts section 1. */
import type { LoadedExport } from "../config/loaded.ts";
import { type RivetError, toRivetError } from "../errors.ts";
import { logger } from "../log.ts";
import { type ExportPlan, planExport } from "../plan/export_plan.ts";
import type { EncoderOptions } from "../ports/format.ts";
import type { ConnectOptions, Dialect } from "../ports/source.ts";
import type { ChunkRun } from "../ports/state.ts";
import { openChunkRun, storedChunks, unfinishedRun } from "./checkpoint.ts";
import { type ExportContext, isStream, type RunServices } from "./context.ts";
import { checkDrift } from "./drift.ts";
import { type Extractor, PipelinedExtractor, WorkerExtractor } from "./extractor.ts";
import { finishRun, type RunOutcome } from "./finish_run.ts";
import { Journal } from "./journal.ts";
import { resolvePlaceholders, runId } from "./names.ts";
import { CheckpointQueue, chunkUnit, MemoryQueue } from "./queues.ts";
import { withRetry } from "./retry.ts";
import { SourceSession } from "./session.ts";
import { RunTracker } from "./tracker.ts";
import type { ExportSummary, PartRecord, RunOptions } from "./types.ts";
import { type Unit, type UnitPlan, UnitRunner } from "./units.ts";

const MB = 1024 * 1024;
const AUTO_GROUP_ROWS = 131_072;

export async function runExport(
  deps: RunServices,
  options: RunOptions,
  exported: LoadedExport,
): Promise<ExportSummary> {
  const open = await unfinishedRun(deps.state, exported, options.resume);
  const ctx = await openContext(deps, options, exported, open);
  const { tuning } = exported;
  options.listener.started({
    exportName: exported.name,
    runId: ctx.runId,
    mode: exported.config.mode,
    profile: tuning.profile,
    batchSize: tuning.batchRows === 0 ? null : tuning.batchRows,
  });
  ctx.journal.add(open === null ? "started" : "resumed", { mode: exported.config.mode });
  const run = new ExportRun(ctx, open);
  let error: RivetError | null = null;
  try {
    await run.execute();
  } catch (thrown) {
    error = toRivetError(thrown);
  }
  const summary = await finishRun(ctx, { ...await run.outcome(), error });
  await ctx.destination.close();
  options.listener.finished(summary);
  return summary;
}

async function openContext(
  deps: RunServices,
  options: RunOptions,
  exported: LoadedExport,
  open: ChunkRun | null,
): Promise<ExportContext> {
  const startedAt = new Date();
  const id = open?.runId ?? runId(exported.name, startedAt);
  const place = { exportName: exported.name, runId: id, at: startedAt };
  const destination = await deps.destination(resolvePlaceholders(exported.destination, place));
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
    signal: options.signal,
  };
}

class ExportRun {
  readonly #ctx: ExportContext;
  readonly #open: ChunkRun | null;
  readonly #session: SourceSession;
  #plan: ExportPlan | null = null;
  #dialect: Dialect | null = null;
  #schemaChanged: boolean | null = null;
  #memory: MemoryQueue | null = null;
  #checkpoint: CheckpointQueue | null = null;

  constructor(ctx: ExportContext, open: ChunkRun | null) {
    this.#ctx = ctx;
    this.#open = open;
    this.#session = new SourceSession(
      () => ctx.deps.source(ctx.config.source.type),
      this.#connectOptions(),
    );
  }

  async execute(): Promise<void> {
    try {
      const plan = await this.#planWithRetry();
      this.#schemaChanged = await checkDrift(this.#ctx, plan.description.columns);
      const queue = await this.#openQueue(plan);
      await this.#runUnits(plan, queue);
      if (this.#checkpoint !== null) {
        // I6: refused, naming the open tasks, when any is left.
        await this.#ctx.deps.state.completeChunkRun(this.#ctx.runId);
      }
    } finally {
      await this.#session.close();
      await this.#checkpoint?.release();
    }
  }

  async outcome(): Promise<Omit<RunOutcome, "error">> {
    const done: { rows: number; parts: readonly PartRecord[] } =
      await this.#checkpoint?.outcome() ?? this.#memory ?? { rows: 0, parts: [] };
    return {
      rows: done.rows,
      parts: done.parts,
      columns: this.#plan?.description.columns ?? null,
      schemaChanged: this.#schemaChanged,
    };
  }

  #connectOptions(): ConnectOptions {
    const { config, exported, signal } = this.#ctx;
    return {
      source: config.source,
      tuning: exported.tuning,
      applicationName: `rivet/${exported.name}`,
      signal,
    };
  }

  async #planWithRetry(): Promise<ExportPlan> {
    const { deps, exported, tracker, journal, signal } = this.#ctx;
    const chunks = this.#open === null ? null : await storedChunks(deps.state, this.#open.runId);
    const { maxRetries, retryBackoffMs } = exported.tuning;
    const plan = await withRetry(
      { maxRetries, backoffMs: retryBackoffMs },
      signal,
      () =>
        this.#session.use((source) => {
          for (const warning of source.info.warnings) logger().warn(warning);
          this.#dialect = source.dialect;
          return planExport(source, exported, chunks === null ? null : { chunks });
        }),
      (error, retry, waitMs) => {
        tracker.retries++;
        journal.add("retry", { step: "plan", retry, code: error.code });
        logger().warn(`planning failed, retry ${retry} in ${waitMs} ms: ${error.message}`);
      },
    );
    this.#plan = plan;
    journal.add("planned", { strategy: plan.strategy.kind, estimated_rows: plan.estimatedRows });
    return plan;
  }

  async #openQueue(plan: ExportPlan): Promise<MemoryQueue | CheckpointQueue> {
    const { deps, exported, runId, journal, tracker } = this.#ctx;
    const { strategy, description, estimatedRows } = plan;
    if (strategy.kind !== "chunked") {
      tracker.planned(estimatedRows, null);
      const label = exported.name;
      const spec = strategy.kind === "cursor"
        ? strategy
        : { ...strategy, selectList: description.selectList };
      return this.#memory = new MemoryQueue([{ chunkIndex: null, label, spec }]);
    }
    const toUnit = (chunk: typeof strategy.chunks[number]): Unit =>
      chunkUnit(this.#dialect as Dialect, strategy, description, chunk);
    if (!exported.config.chunk_checkpoint) {
      tracker.planned(estimatedRows, { done: 0, total: strategy.chunks.length });
      return this.#memory = new MemoryQueue(strategy.chunks.map(toUnit));
    }
    await openChunkRun(deps.state, exported, runId, plan, this.#open);
    const tasks = await deps.state.chunkTasks(runId);
    const done = tasks.filter((task) => task.status === "completed").length;
    tracker.planned(estimatedRows, { done, total: tasks.length });
    const ids = { runId, exportName: exported.name };
    return this.#checkpoint = new CheckpointQueue(deps.state, ids, journal, toUnit);
  }

  async #runUnits(plan: ExportPlan, queue: MemoryQueue | CheckpointQueue): Promise<void> {
    const readers = this.#openReaders(plan);
    try {
      await new UnitRunner(this.#ctx, await this.#unitPlan(plan), queue, readers).run();
    } finally {
      await Promise.all(readers.map((reader) => reader.close()));
    }
  }

  /** `parallel: 1` reads on this thread and encodes in a Worker; more readers are Workers. */
  #openReaders(plan: ExportPlan): Extractor[] {
    const { deps, exported } = this.#ctx;
    const wanted = plan.strategy.kind === "chunked" ? exported.config.parallel : 1;
    if (wanted === 1) return [new PipelinedExtractor(this.#session, deps.workers)];
    const { source, tuning, applicationName } = this.#connectOptions();
    const connect = { source, tuning, applicationName };
    return Array.from({ length: wanted }, () => new WorkerExtractor(deps.workers, connect));
  }

  async #unitPlan(plan: ExportPlan): Promise<UnitPlan> {
    const { destination, exported } = this.#ctx;
    const columns = plan.description.columns;
    return {
      job: { columns, tuning: exported.tuning, maxFileBytes: exported.maxFileBytes },
      output: {
        format: exported.config.format,
        encoder: encoderOptions(this.#ctx),
        columns,
        maxFileBytes: exported.maxFileBytes,
      },
      stagingDir: isStream(destination) ? null : await destination.stagingDir(),
    };
  }
}

function encoderOptions(ctx: ExportContext): EncoderOptions {
  const { compression, config } = ctx.exported;
  const parquet = config.parquet;
  const targetMb = parquet?.target_row_group_mb ?? 128;
  return {
    compression: compression.codec,
    compressionLevel: compression.level,
    rowGroup: {
      strategy: parquet?.row_group_strategy ?? "auto",
      rows: parquet?.row_group_rows ?? AUTO_GROUP_ROWS,
      targetBytes: targetMb * MB,
      maxBytes: (parquet?.max_row_group_mb ?? targetMb * 2) * MB,
    },
    metadata: { "rivet.run_id": ctx.runId, "rivet.export": ctx.exported.name },
  };
}
