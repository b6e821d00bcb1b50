/** The readers of an export, used by one unit each; a reader rests between two of them (`throttle_ms`). */
import { delay, throwIfAborted, untilAborted } from "../base/wait.ts";
import type { Extraction, Extractor } from "./extractor.ts";

type Extract = Extractor["extract"];

/** A unit that a reader of the pool has read. */
export interface PooledExtraction extends Extraction {
  /** The reader's, from 0 on. */
  readonly reader: number;
  /** How long the unit waited for it. */
  readonly waitedMs: number;
}

/** Hands units to readers, in the order in which they come. */
export class ReaderPool {
  readonly #readers: readonly Extractor[];
  readonly #free: Extractor[];
  readonly #waiting = new Set<PromiseWithResolvers<Extractor>>();
  readonly #restMs: number;
  readonly #signal: AbortSignal;
  #limit: number;
  #out = 0;

  /** @param signal ends the waiting for a reader, and a reader's rest. */
  constructor(readers: readonly Extractor[], restMs: number, signal: AbortSignal) {
    this.#readers = readers;
    this.#free = [...readers];
    this.#limit = readers.length;
    this.#restMs = restMs;
    this.#signal = signal;
  }

  /** As `Extractor.extract`, by the next reader that is free. @throws RivetError INTERRUPTED */
  async extract(
    ...[job, output, onProgress, signal]: Parameters<Extract>
  ): Promise<PooledExtraction> {
    const asked = performance.now();
    const reader = await this.#take();
    const waitedMs = performance.now() - asked;
    try {
      const extraction = await reader.extract(job, output, onProgress, signal);
      return { ...extraction, reader: this.#readers.indexOf(reader), waitedMs };
    } finally {
      const give = () => this.#give(reader);
      delay(this.#restMs, this.#signal).then(give, give);
    }
  }

  /** So many may read at the same time from now on; who reads already is not stopped. */
  limit(readers: number): void {
    this.#limit = Math.max(1, readers);
    this.#hand();
  }

  async #take(): Promise<Extractor> {
    throwIfAborted(this.#signal);
    const free = this.#next();
    if (free !== null) return free;
    const turn = Promise.withResolvers<Extractor>();
    this.#waiting.add(turn);
    try {
      return await untilAborted(turn.promise, this.#signal);
    } catch (error) {
      // Its turn may have come in the same moment.
      if (!this.#waiting.delete(turn)) void turn.promise.then((reader) => this.#give(reader));
      throw error;
    }
  }

  #give(reader: Extractor): void {
    this.#out--;
    this.#free.push(reader);
    this.#hand();
  }

  #next(): Extractor | null {
    const reader = this.#out < this.#limit ? this.#free.pop() : undefined;
    if (reader === undefined) return null;
    this.#out++;
    return reader;
  }

  #hand(): void {
    for (const turn of this.#waiting) {
      const reader = this.#next();
      if (reader === null) return;
      this.#waiting.delete(turn);
      turn.resolve(reader);
    }
  }
}
