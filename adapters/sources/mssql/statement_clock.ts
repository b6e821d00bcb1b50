/** The statement timeout: time that the server takes, without that in which nobody reads its rows. */
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

  pause(): void {
    if (this.#timer === null) return;
    clearTimeout(this.#timer);
    this.#timer = null;
    this.#remainingMs = Math.max(0, this.#remainingMs - (performance.now() - this.#startedAt));
  }

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
