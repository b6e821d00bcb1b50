/** A batch of SQL that runs: its answer is read as it is asked for, or given up. */
import { Grace } from "../kit/grace.ts";
import type { SilenceWatch } from "../kit/silence.ts";
import { StatementClock } from "../kit/statement_clock.ts";
import { MESSAGE } from "./wire/packets.ts";
import type { Reply } from "./wire/reply.ts";
import type { Wire } from "./wire/wire.ts";

/** The longest silence of a server that has not confirmed a cancellation; then the connection ends. */
const CANCEL_TIMEOUT_MS = 5_000;

/** What a statement's connection does for it. */
export interface StatementHost {
  readonly wire: Wire;
  /** Runs while something is waited for. */
  readonly silence: SilenceWatch;
  readonly timeoutMs: number;
  /** Nothing more comes from the server, or nothing that can be understood. */
  lost(): void;
  /** Its last byte was read, or the connection is lost. */
  ended(): void;
  /** Translates why it failed. */
  failed(error: unknown, timedOut: boolean): Error;
}

/** The statement was given up, by whoever asked for it or by its clock. */
function cancelled(): Error {
  return Object.assign(new Error("the statement was cancelled"), { code: "ECANCEL" });
}

/** One statement. Its clock runs while somebody waits for it. */
export class Statement {
  readonly #host: StatementHost;
  readonly #reply: Reply;
  readonly #clock: StatementClock;
  #stepping: Promise<void> | null = null;
  readonly #grace = new Grace();
  /** The connection is lost; what it was lost by. */
  #lost: { readonly error: unknown } | null = null;

  constructor(host: StatementHost, reply: Reply) {
    this.#host = host;
    this.#reply = reply;
    this.#clock = new StatementClock(host.timeoutMs, () => this.cancel());
    host.silence.begin();
  }

  get #over(): boolean {
    return this.#lost !== null || this.#reply.over;
  }

  /**
   * Waits until more of the answer has come; false: all of it has. @throws SourceError, also when it was
   * cancelled
   */
  async more(): Promise<boolean> {
    this.#clock.resume();
    try {
      do {
        if (!this.#over) await this.#step();
      } while (this.#reply.cancelled && !this.#over);
    } finally {
      this.#clock.pause();
    }
    if (this.#lost !== null) throw this.#failed(this.#lost.error);
    if (!this.#reply.over) return true;
    const failure = this.#reply.cancelled ? cancelled() : this.#reply.failure();
    if (failure !== null) throw this.#failed(failure);
    return false;
  }

  /** All of the answer. @throws as `more` */
  async finish(): Promise<void> {
    while (await this.more());
  }

  /** Asks the server to stop; what comes is read until it has confirmed. Idempotent. */
  cancel(): void {
    if (this.#over || this.#reply.cancelled) return;
    this.#reply.cancelled = true;
    this.#grace.begin({
      silenceMs: CANCEL_TIMEOUT_MS,
      received: () => this.#host.wire.receivedBytes,
      give: () => this.#host.lost(),
    });
    this.#host.wire.send(MESSAGE.attention);
    void this.#drain();
  }

  /** Ends it, whatever it is in: the connection is free, or lost. Never throws. */
  async stop(): Promise<void> {
    this.#clock.stop();
    this.cancel();
    await this.#drain();
  }

  async #drain(): Promise<void> {
    while (!this.#over) await this.#step();
  }

  #failed(error: unknown): Error {
    return this.#host.failed(error, this.#clock.expired);
  }

  /** One wait for all who wait. Never throws. */
  #step(): Promise<void> {
    this.#stepping ??= this.#receive().finally(() => this.#stepping = null);
    return this.#stepping;
  }

  async #receive(): Promise<void> {
    const { silence } = this.#host;
    silence.begin();
    try {
      await this.#reply.step();
      silence.end();
    } catch (error) {
      this.#lost = { error };
      this.#host.lost();
    }
    if (!this.#over) return;
    this.#grace.end();
    this.#clock.stop();
    silence.rest();
    this.#host.ended();
  }
}
