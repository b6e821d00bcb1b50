/** Where readers on other threads find the pace, and leave how long their statements took. */
import type { Tuning } from "../config/tuning.ts";

const SHARE = 0;
const LONGEST_MS = 1;
const WHOLE = 1_000;

/** Memory that threads share; a message may carry it. */
export type PaceMemory = SharedArrayBuffer;

/** Of one export: whoever decides writes the share, readers read it before each statement. */
export class PaceCell {
  readonly memory: PaceMemory;
  readonly #cells: Int32Array;

  constructor(memory: PaceMemory = PaceCell.#fresh()) {
    this.memory = memory;
    this.#cells = new Int32Array(memory);
  }

  static #fresh(): PaceMemory {
    const memory = new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT);
    Atomics.store(new Int32Array(memory), SHARE, WHOLE);
    return memory;
  }

  /** Of a batch as it is tuned, from 0 to 1. */
  get share(): number {
    return Atomics.load(this.#cells, SHARE) / WHOLE;
  }

  set share(share: number) {
    Atomics.store(this.#cells, SHARE, Math.round(share * WHOLE));
  }

  /** That many of `rows`, and at least one; none where none are asked for. */
  rows(rows: number): number {
    return rows === 0 ? 0 : Math.max(1, Math.floor(rows * this.share));
  }

  /** The tuning of the moment. */
  paced<T extends Pick<Tuning, "batchRows" | "batchBytes">>(tuning: T): T {
    const { batchRows, batchBytes } = tuning;
    return {
      ...tuning,
      batchRows: this.rows(batchRows),
      batchBytes: Math.max(1, Math.floor(batchBytes * this.share)),
    };
  }

  /** A statement took so long at the source. */
  note(ms: number): void {
    const longest = Math.ceil(ms);
    for (let seen; (seen = Atomics.load(this.#cells, LONGEST_MS)) < longest;) {
      if (Atomics.compareExchange(this.#cells, LONGEST_MS, seen, longest) === seen) return;
    }
  }

  /** The longest that was noted since it was last asked; null: none was. */
  takeLongest(): number | null {
    const longest = Atomics.exchange(this.#cells, LONGEST_MS, 0);
    return longest === 0 ? null : longest;
  }
}
