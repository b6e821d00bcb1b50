/**
 * Runs an export's units (its chunks, or its one read) through the readers: read, encode, commit.
 * One more lane than readers, so that a reader goes on while a finished unit is encoded and committed.
 */
import type { Retrier } from "../access/retrier.ts";
import { RETRY_POLICIES, type RivetError, toRivetError } from "../base/errors.ts";
import { logger } from "../base/log.ts";
import { PaceCell } from "../extract/pace_cell.ts";
import { commitPart } from "./commit_part.ts";
import type { ExportContext } from "./context.ts";
import type { Extractor } from "../workers/extractor.ts";
import { Governor } from "./governor.ts";
import { HeldLog } from "./held_log.ts";
import type { FileRecord } from "../ports/state.ts";
import { type ChunkCounts, chunkCounts } from "../encode/chunk_counts.ts";
import type { OutputSpec } from "../encode/part_writer.ts";
import { fileColumns } from "../encode/stage_plan.ts";
import type { ReadSpec } from "../query/unit_read.ts";
import type { ReadJob, ReadResult } from "../extract/read.ts";
import { StageTotals } from "../encode/totals.ts";
import { type Span, telemetry } from "../ports/telemetry.ts";
import type { StagedPart } from "../encode/staged_file.ts";
import type { UnitTracker } from "./tracker.ts";
import { UnitWatch } from "./unit_watch.ts";
import type { PartRecord } from "../manifest/parts.ts";
import { throwIfAborted } from "../base/wait.ts";
import { ReaderPool } from "../workers/reader_pool.ts";
import type { WorkerResult } from "../workers/worker_protocol.ts";

/** What is read, committed and remembered as one. */
export interface Unit {
  /** null: the export is read as a whole. */
  readonly chunkIndex: number | null;
  /** For messages: `chunk 3 [1000..2000]`, or the export's name. */
  readonly label: string;
  readonly spec: ReadSpec;
}

/** What a unit came to, with the parts that were accepted. */
export interface UnitResult extends ReadResult {
  readonly parts: readonly PartRecord[];
  /** Of those, what is not logged yet; none unless the queue logs them. */
  readonly files: readonly FileRecord[];
}

/** Where units come from and what is remembered about them. */
export interface UnitQueue {
  /** Claims the next unit, or null when none is left to claim. */
  next(): Promise<Unit | null>;
  /** Whether it writes the file log by itself, with the unit. */
  readonly logsFiles: boolean;
  /** Called after every part of the unit was accepted, and logged unless the queue does that (I3). */
  completed(unit: Unit, result: UnitResult): Promise<void>;
  failed(unit: Unit, error: RivetError): Promise<void>;
  /** Whether a failed unit may be claimed again by this run. */
  readonly reclaims: boolean;
}

export interface UnitPlan {
  readonly job: Omit<ReadJob, "spec">;
  readonly output: Omit<OutputSpec, "stagedPath">;
  /** Parts carry a number in their names. */
  readonly numbered: boolean;
  /** Ends the names of a repair's parts, so that they can never overwrite. */
  readonly suffix?: string;
  /** null for stdout. */
  readonly stagingDir: string | null;
}

function withCounts(parts: readonly PartRecord[], counts: ChunkCounts | null): PartRecord[] {
  return parts.map((part, i) => i > 0 || counts === null ? part : { ...part, counts });
}

/** Runs one queue to its end, once. */
export class UnitRunner {
  readonly #ctx: ExportContext;
  readonly #plan: UnitPlan;
  readonly #queue: UnitQueue;
  /** Null: parts are logged as they are accepted. */
  readonly #held: HeldLog | null;
  readonly #pool: ReaderPool;
  readonly #retrier: Retrier;
  readonly #lanes: number;
  /** Null: as the tuning says. */
  readonly #pace: PaceCell | null;
  /** Over the units that were committed. */
  readonly totals: StageTotals;
  #attempts = 0;
  #parts = 0;
  #failure: RivetError | null = null;
  /** A lane has failed: the others finish what they read, and wait for nothing more. */
  readonly #failed = new AbortController();

  constructor(
    ctx: ExportContext,
    plan: UnitPlan,
    queue: UnitQueue,
    readers: readonly Extractor[],
  ) {
    this.#ctx = ctx;
    this.#plan = plan;
    this.#queue = queue;
    this.#held = queue.logsFiles ? new HeldLog(ctx) : null;
    // The throttle lies between two chunks of one reader.
    const restMs = ctx.exported.mode.kind === "chunked" ? plan.job.tuning.throttleMs : 0;
    const waiting = AbortSignal.any([ctx.signal, this.#failed.signal]);
    this.#pool = new ReaderPool(readers, restMs, waiting);
    // What went to stdout cannot be taken back (contracts section 2).
    const once = ctx.destination.capabilities.retrySafe ? {} : { maxRetries: 0 };
    this.#retrier = ctx.retrier.narrowed({ ...once, signal: this.#failed.signal });
    this.#lanes = readers.length + 1;
    this.#pace = plan.job.tuning.adaptive ? new PaceCell() : null;
    this.totals = new StageTotals(plan.output.stages);
  }

  /** Resolves when no unit is left. @throws the first failure, after the other lanes are at rest. */
  async run(): Promise<void> {
    const governor = this.#governor();
    await governor?.start();
    try {
      await Promise.all(Array.from({ length: this.#lanes }, (_, lane) => this.#lane(lane)));
    } finally {
      await governor?.stop();
    }
    if (this.#failure !== null) throw this.#failure;
  }

  #governor(): Governor | null {
    const cell = this.#pace;
    if (cell === null) return null;
    const limit = (readers: number) => this.#pool.limit(readers);
    return new Governor(this.#ctx, { cell, readers: this.#lanes - 1, limit });
  }

  async #lane(lane: number): Promise<void> {
    while (this.#failure === null) {
      try {
        throwIfAborted(this.#ctx.signal);
        const unit = await this.#queue.next();
        if (unit === null) return;
        await this.#traced(unit, lane);
      } catch (error) {
        this.#failure ??= toRivetError(error);
        this.#failed.abort();
      }
    }
  }

  #traced(unit: Unit, lane: number): Promise<void> {
    const { exported, runId } = this.#ctx;
    const facts = { "rivet.export": exported.name, "rivet.run_id": runId };
    return telemetry().span(
      "chunk",
      { ...facts, "rivet.chunk": unit.chunkIndex },
      (span) => this.#unit(unit, lane, span),
    );
  }

  async #unit(unit: Unit, lane: number, span: Span): Promise<void> {
    const watch = new UnitWatch();
    try {
      const { result, tracked } = await this.#retrier.run(
        { step: "read", unit: unit.label },
        () => this.#extract(unit, watch),
      );
      try {
        const { rows, lastValue, dropped, lastTies, checksum } = result;
        const parts = withCounts(
          await this.#commit(unit, result.parts),
          chunkCounts(this.#ctx.exported.quality, result.stages.quality),
        );
        watch.stored();
        const files = this.#held?.of(unit.chunkIndex) ?? [];
        const done = { rows, lastValue, dropped, lastTies, checksum, parts, files };
        await this.#queue.completed(unit, done);
        this.#held?.forget(unit.chunkIndex);
        this.totals.add(result.stages);
        const bytes = parts.reduce((sum, part) => sum + part.sizeBytes, 0);
        tracked.done(rows, bytes);
        span.set({ "rivet.rows": rows, "rivet.bytes": bytes, "rivet.parts": parts.length });
        const times = watch.times({ chunk: unit.chunkIndex, lane, rows, bytes });
        this.#ctx.journal.add("timed", { ...times });
      } catch (error) {
        tracked.dropped();
        await this.#held?.flush(unit.chunkIndex);
        throw error;
      }
    } catch (thrown) {
      const error = toRivetError(thrown);
      span.fail(error.code);
      await this.#queue.failed(unit, error);
      // What can pass may be claimed again; what cannot ends the run without asking the source more.
      if (!this.#queue.reclaims || !RETRY_POLICIES[error.category].retry) throw error;
      logger().warn(`${unit.label} failed: ${error.message}`);
    }
  }

  async #commit(unit: Unit, staged: readonly StagedPart[]): Promise<PartRecord[]> {
    const records: PartRecord[] = [];
    const { output } = this.#plan;
    const columns = fileColumns(output.columns, output.stages);
    for (const [index, part] of staged.entries()) {
      const place = {
        chunkIndex: unit.chunkIndex,
        part: this.#plan.numbered ? this.#nextPart(unit, index) : null,
        suffix: this.#plan.suffix,
      };
      records.push(await commitPart(this.#held?.ctx ?? this.#ctx, part, place, columns));
    }
    return records;
  }

  /** Within a chunk parts count from 0; reads without chunks share one count. */
  #nextPart(unit: Unit, index: number): number {
    return unit.chunkIndex === null ? this.#parts++ : index;
  }

  async #extract(unit: Unit, watch: UnitWatch): Promise<Extracted> {
    const { runId, tracker, signal } = this.#ctx;
    const { stagingDir, job, output } = this.#plan;
    const name = `${runId}.${this.#attempts++}`;
    const stagedPath = stagingDir === null ? null : `${stagingDir}/${name}`;
    const tracked = tracker.unit();
    watch.attempted();
    logger().info(`export '${this.#ctx.exported.name}': ${unit.label}: reading`, {
      ...{ export: this.#ctx.exported.name, run_id: runId, chunk: unit.chunkIndex },
    });
    try {
      const extraction = await this.#pool.extract(
        { ...job, spec: unit.spec, pace: this.#pace?.memory },
        { ...output, stagedPath },
        tracked.progress,
        signal,
      );
      const result = await extraction.result;
      watch.extracted({ extraction, times: result.times });
      return { result, tracked };
    } catch (error) {
      tracked.dropped();
      throw error;
    }
  }
}

interface Extracted {
  readonly result: WorkerResult;
  readonly tracked: UnitTracker;
}
