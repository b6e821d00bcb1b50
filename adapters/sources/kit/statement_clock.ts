/** The statement timeout where no server keeps it: what it takes itself counts, a reader's rests do not. */

/** Runs from its making on, until its time is over or it is stopped. */
export class StatementClock {
  readonly #onExpiry: () => void;
  #remainingMs: number;
  #startedAt = 0;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #stopped: boolean;
  expired = false;

  /** Starts at once. @param limitMs 0: never expires. */
  constructor(limitMs: number, onExpiry: () => void) {
    this.#remainingMs = limitMs;
    this.#stopped = limitMs === 0;
    this.#onExpiry = onExpiry;
    this.resume();
  }

  /** The server is not what is waited for. */
  pause(): void {
    if (this.#timer === null) return;
    clearTimeout(this.#timer);
    this.#timer = null;
    this.#remainingMs = Math.max(0, this.#remainingMs - (performance.now() - this.#startedAt));
  }

  /** Goes on with what is left of its time. */
  resume(): void {
    if (this.#stopped || this.#timer !== null) return;
    this.#startedAt = performance.now();
    this.#timer = setTimeout(() => this.#expire(), this.#remainingMs);
  }

  /** For good. */
  stop(): void {
    this.pause();
    this.#stopped = true;
  }

  #expire(): void {
    this.#timer = null;
    this.#stopped = true;
    this.expired = true;
    this.#onExpiry();
  }
}
