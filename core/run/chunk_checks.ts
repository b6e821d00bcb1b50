/**
 * `reconcile: checksum` while the run reads: finished chunks are asked of the source one after another, over a
 * connection of their own. It only saves time: what it has not asked, the end of the run asks.
 */
import { type Ask, throttled } from "../access/ask.ts";
import type { SourceSession } from "../access/session.ts";
import { toRivetError } from "../base/errors.ts";
import { logger } from "../base/log.ts";
import { type AskedChunk, chunkAtSource, type Comparison } from "../reconcile/compare_chunks.ts";
import type { ChunkAtSource } from "../reconcile/reconcile_report.ts";

export type Checked = Omit<Comparison, "tasks" | "known">;

/** To be ended. */
export class ChunkChecks {
  readonly #session: SourceSession;
  readonly #question: Ask;
  readonly #comparison: Checked;
  readonly #waiting: AskedChunk[] = [];
  readonly #answers = new Map<number, ChunkAtSource>();
  #asking: Promise<void> = Promise.resolve();
  #idle = true;
  #over = false;

  /** @param comparison its signal ends the asking, as the session's does. */
  constructor(session: SourceSession, comparison: Checked) {
    this.#session = session;
    this.#comparison = comparison;
    const { exported: { tuning }, signal } = comparison;
    const ask: Ask = (question) => session.use(question);
    this.#question = throttled(ask, tuning.throttleMs, signal);
  }

  /** The chunk is written, and the state knows it. */
  add(chunk: AskedChunk): void {
    this.#answers.delete(chunk.chunkIndex);
    this.#waiting.push(chunk);
    if (this.#over || !this.#idle) return;
    this.#idle = false;
    this.#asking = this.#asking.then(() => this.#ask());
  }

  /** Of chunks by their index, once everything was asked. */
  async answers(): Promise<ReadonlyMap<number, ChunkAtSource>> {
    await this.#asking;
    return this.#answers;
  }

  /** Idempotent; never throws. Abort the signal before, unless every answer is wanted. */
  async end(): Promise<void> {
    this.#over = true;
    await this.#asking;
    await this.#session.close();
  }

  /** Never throws. */
  async #ask(): Promise<void> {
    const { exported: { name }, signal } = this.#comparison;
    try {
      for (let next = this.#next(); next !== undefined; next = this.#next()) {
        this.#answers.set(
          next.chunkIndex,
          await chunkAtSource(this.#question, this.#comparison, next),
        );
      }
    } catch (error) {
      this.#over = true;
      if (signal.aborted) return;
      logger().info(
        `export '${name}': the remaining chunks are reconciled after the read: ${
          toRivetError(error).message
        }`,
      );
    }
    this.#idle = true;
  }

  #next(): AskedChunk | undefined {
    return this.#over || this.#comparison.signal.aborted ? undefined : this.#waiting.shift();
  }
}
