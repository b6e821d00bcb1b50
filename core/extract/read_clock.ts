/** Where the time of one read goes: to the source, to rests, and by what is left to whoever takes the rows. */
import type { ReadRequest } from "../ports/source.ts";
import type { PaceCell } from "./pace_cell.ts";

/** Milliseconds; structured-clone safe. */
export interface ReadTimes {
  /** Waiting for the source, its rows decoded. */
  readonly sourceMs: number;
  /** The longest statement of those, or step of one that is fetched in steps. */
  readonly longestMs: number;
  /** At rest: the throttle between two statements, and memory above its threshold. */
  readonly restMs: number;
}

/** Of one read, over all of its statements. */
export class ReadClock {
  readonly #pace: PaceCell | null;
  #sourceMs = 0;
  #longestMs = 0;
  #restMs = 0;

  /** @param pace is told how long statements took. */
  constructor(pace: PaceCell | null) {
    this.#pace = pace;
  }

  /** A statement begins: its time is that of all of it, or of each step. */
  statement({ access }: Pick<ReadRequest, "access">): StatementClock {
    return new StatementClock(access === "cursor", (ms, statementMs) => {
      this.#sourceMs += ms;
      this.#longestMs = Math.max(this.#longestMs, statementMs);
      this.#pace?.note(statementMs);
    });
  }

  /** A question beside the rows. */
  async asked<T>(question: Promise<T>): Promise<T> {
    const began = performance.now();
    try {
      return await question;
    } finally {
      const ms = performance.now() - began;
      this.#sourceMs += ms;
      this.#longestMs = Math.max(this.#longestMs, ms);
    }
  }

  async rested(rest: Promise<void>): Promise<void> {
    const began = performance.now();
    await rest;
    this.#restMs += performance.now() - began;
  }

  get times(): ReadTimes {
    return { sourceMs: this.#sourceMs, longestMs: this.#longestMs, restMs: this.#restMs };
  }
}

/** How long the source takes: a statement in one piece, or each step of one. */
export class StatementClock {
  readonly #steps: boolean;
  readonly #answered: (ms: number, statementMs: number) => void;
  #ms = 0;
  #since = performance.now();

  constructor(steps: boolean, answered: (ms: number, statementMs: number) => void) {
    this.#steps = steps;
    this.#answered = answered;
  }

  /** The source has answered; what follows is the reader's own time. */
  answered(): void {
    const ms = performance.now() - this.#since;
    this.#ms = this.#steps ? ms : this.#ms + ms;
    this.#answered(ms, this.#ms);
  }

  goOn(): void {
    this.#since = performance.now();
  }
}
