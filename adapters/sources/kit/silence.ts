/** Tells when a peer that owes an answer has been silent for too long. */

/** What to do about silence. */
export interface SilenceOptions {
  /** 0: never. */
  readonly limitMs: number;
  /** Asked when the limit is reached: true waits as long again. */
  readonly goOn: () => Promise<boolean>;
  /** Called once, when it does not. */
  readonly give: () => void;
}

/** One timer serves many waits: it is set anew only when it fires too early. */
export class SilenceWatch {
  readonly #options: SilenceOptions;
  #timer: ReturnType<typeof setTimeout> | null = null;
  /** When the present wait began; null while nobody waits. */
  #since: number | null = null;
  #asking = false;

  constructor(options: SilenceOptions) {
    this.#options = options;
  }

  /** A wait begins. The one before it, if any, has ended. */
  begin(): void {
    this.#since = performance.now();
    if (this.#timer === null && !this.#asking) this.#set(this.#options.limitMs);
  }

  /** Something has come. */
  end(): void {
    this.#since = null;
  }

  /** Nothing is awaited until the next `begin`. */
  rest(): void {
    this.end();
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #set(ms: number): void {
    if (this.#options.limitMs > 0) this.#timer = setTimeout(() => void this.#check(), ms);
  }

  async #check(): Promise<void> {
    this.#timer = null;
    const since = this.#since;
    if (since === null) return;
    const left = since + this.#options.limitMs - performance.now();
    if (left > 0) return this.#set(left);
    this.#asking = true;
    const goOn = await this.#options.goOn();
    this.#asking = false;
    if (this.#since === null) return;
    // What came while it was asked has started another wait.
    if (!goOn && this.#since === since) return this.#options.give();
    this.#since = performance.now();
    this.#set(this.#options.limitMs);
  }
}
