/**
 * Runs an export's units (its chunks, or its one read) through the readers: read, encode, commit.
 * One more lane than readers, so that a reader goes on while a finished unit is encoded and committed.
 */
import { RETRY_POLICIES, type RivetError, toRivetError } from "../base/errors.ts";
import { logger } from "../base/log.ts";
import { commitPart } from "./commit_part.ts";
import { type ExportContext, isStream } from "./context.ts";
import type { Extractor } from "../workers/extractor.ts";
import type { OutputSpec } from "../encode/part_writer.ts";
import type { ReadSpec } from "../query/unit_read.ts";
import type { ReadJob, ReadResult } from "../extract/read.ts";
import { withRetry } from "../base/retry.ts";
import { StageTotals } from "../encode/totals.ts";
import type { StagedPart } from "../encode/staged_file.ts";
import type { UnitTracker } from "./tracker.ts";
import type { PartRecord } from "../manifest/parts.ts";
import { delay, throwIfAborted } from "../base/wait.ts";
import type { WorkerResult } from "../workers/worker_protocol.ts";

export interface Unit {
  /** null: the export is read as a whole. */
  readonly chunkIndex: number | null;
  /** For messages: `chunk 3 [1000..2000]`, or the export's name. */
  readonly label: string;
  readonly spec: ReadSpec;
}

export interface UnitResult extends ReadResult {
  readonly parts: readonly PartRecord[];
}

/** Where units come from and what is remembered about them. */
export interface UnitQueue {
  /** Claims the next unit, or null when none is left to claim. */
  next(): Promise<Unit | null>;
  /** Called after every part of the unit was accepted and logged (I3). */
  completed(unit: Unit, result: UnitResult): Promise<void>;
  failed(unit: Unit, error: RivetError): Promise<void>;
  /** Whether a failed unit may be claimed again by this run. */
  readonly reclaims: boolean;
}

/** Readers handed out one at a time. */
class ReaderPool {
  readonly #free: Extractor[];
  readonly #waiting: ((reader: Extractor) => void)[] = [];

  constructor(readers: readonly Extractor[]) {
    this.#free = [...readers];
  }

  async take(): Promise<Extractor> {
    return this.#free.pop() ?? await new Promise((resolve) => this.#waiting.push(resolve));
  }

  give(reader: Extractor): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free.push(reader);
    else next(reader);
  }
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

export class UnitRunner {
  readonly #ctx: ExportContext;
  readonly #plan: UnitPlan;
  readonly #queue: UnitQueue;
  readonly #pool: ReaderPool;
  readonly #lanes: number;
  /** Over the units that were committed. */
  readonly totals: StageTotals;
  #attempts = 0;
  #parts = 0;
  #failure: RivetError | null = null;

  constructor(
    ctx: ExportContext,
    plan: UnitPlan,
    queue: UnitQueue,
    readers: readonly Extractor[],
  ) {
    this.#ctx = ctx;
    this.#plan = plan;
    this.#queue = queue;
    this.#pool = new ReaderPool(readers);
    this.#lanes = readers.length + 1;
    this.totals = new StageTotals(plan.output.stages);
  }

  /** Resolves when no unit is left. @throws the first failure, after the other lanes are at rest. */
  async run(): Promise<void> {
    await Promise.all(Array.from({ length: this.#lanes }, () => this.#lane()));
    if (this.#failure !== null) throw this.#failure;
  }

  async #lane(): Promise<void> {
    while (this.#failure === null) {
      try {
        throwIfAborted(this.#ctx.signal);
        const unit = await this.#queue.next();
        if (unit === null) return;
        await this.#unit(unit);
      } catch (error) {
        this.#failure ??= toRivetError(error);
      }
    }
  }

  async #unit(unit: Unit): Promise<void> {
    try {
      const { result, tracked } = await this.#extractWithRetry(unit);
      const { rows, lastValue, dropped, lastTies, checksum } = result;
      const parts = await this.#commit(unit, result.parts);
      const done = { rows, lastValue, dropped, lastTies, checksum, parts };
      await this.#queue.completed(unit, done);
      this.totals.add(result.stages);
      tracked.done(rows, parts.reduce((sum, part) => sum + part.sizeBytes, 0));
    } catch (thrown) {
      const error = toRivetError(thrown);
      await this.#queue.failed(unit, error);
      // What can pass may be claimed again; what cannot ends the run without asking the source more.
      if (!this.#queue.reclaims || !RETRY_POLICIES[error.category].retry) throw error;
      logger().warn(`${unit.label} failed: ${error.message}`);
    }
  }

  async #commit(unit: Unit, staged: readonly StagedPart[]): Promise<PartRecord[]> {
    const records: PartRecord[] = [];
    for (const [index, part] of staged.entries()) {
      const place = {
        chunkIndex: unit.chunkIndex,
        part: this.#plan.numbered ? this.#nextPart(unit, index) : null,
        suffix: this.#plan.suffix,
      };
      records.push(await commitPart(this.#ctx, part, place));
    }
    return records;
  }

  /** Within a chunk parts count from 0; reads without chunks share one count. */
  #nextPart(unit: Unit, index: number): number {
    return unit.chunkIndex === null ? this.#parts++ : index;
  }

  #extractWithRetry(unit: Unit): Promise<Extracted> {
    const { exported: { tuning }, destination, tracker, journal, signal } = this.#ctx;
    // What went to stdout cannot be taken back (contracts section 2).
    const maxRetries = isStream(destination) ? 0 : tuning.maxRetries;
    return withRetry(
      { maxRetries, backoffMs: tuning.retryBackoffMs },
      signal,
      () => this.#extract(unit),
      (error, retry, waitMs) => {
        tracker.retries++;
        journal.add("retry", { step: "read", unit: unit.label, retry, code: error.code });
        logger().warn(
          `${unit.label}: retry ${retry} of ${maxRetries} in ${waitMs} ms: ${error.message}`,
        );
      },
    );
  }

  async #extract(unit: Unit): Promise<Extracted> {
    const { runId, tracker, signal } = this.#ctx;
    const { stagingDir, job, output } = this.#plan;
    const name = `${runId}.${this.#attempts++}`;
    const stagedPath = stagingDir === null ? null : `${stagingDir}/${name}`;
    const tracked = tracker.unit();
    try {
      const reader = await this.#pool.take();
      const extraction = await reader.extract(
        { ...job, spec: unit.spec },
        { ...output, stagedPath },
        tracked.progress,
        signal,
      ).finally(() => this.#giveBack(reader, unit));
      return { result: await extraction.result, tracked };
    } catch (error) {
      tracked.dropped();
      throw error;
    }
  }

  /** The throttle lies between two chunks of one reader. */
  #giveBack(reader: Extractor, unit: Unit): void {
    const throttleMs = unit.chunkIndex === null ? 0 : this.#plan.job.tuning.throttleMs;
    const give = () => this.#pool.give(reader);
    delay(throttleMs, this.#ctx.signal).then(give, give);
  }
}

interface Extracted {
  readonly result: WorkerResult;
  readonly tracked: UnitTracker;
}
