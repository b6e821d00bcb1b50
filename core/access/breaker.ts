/**
 * Keeps many who wait for one server from hammering it. After some failures in a row, whoever had them, one
 * of them at a time probes it, with growing waits, while the others stand still; once the probes are used up
 * all of them give up, so that the run ends and can be resumed.
 */
import { RivetError } from "../base/errors.ts";
import { delay, untilAborted } from "../base/wait.ts";
import { backoff, type RetrySettings } from "./backoff.ts";

/** Failures that can pass, without a success in between, after which only one at a time goes on. */
export const FAILURES_IN_A_ROW = 5;

/** The server has failed `FAILURES_IN_A_ROW` times, and nobody has succeeded since. */
interface Open {
  /** That failed. */
  probes: number;
  /** Of `performance.now()`. */
  nextProbeAt: number;
  /** Ends with the probe that runs now: rejects when that was the last one. */
  probing: PromiseWithResolvers<void> | null;
  /** The last probe has failed. */
  down: RivetError | null;
}

/** One attempt. Exactly one of its ends is to be told. */
export interface Pass {
  succeeded(): void;
  /** It failed in a way that can pass. @throws RivetError SOURCE_DOWN when it was the last probe. */
  failed(error: RivetError, settings: RetrySettings): void;
  /** It ended in a way that says nothing about the server's health. */
  left(): void;
}

/** One for all that reach a server in this process. */
export class Breaker {
  #failures = 0;
  #open: Open | null = null;
  #gaveUp = 0;

  /** How often the server was given up so far: to be asked when work begins, before its first `enter`. */
  get gaveUp(): number {
    return this.#gaveUp;
  }

  /**
   * Waits until an attempt may be made.
   * @param gaveUp as it was when the work began: what was given up since then is given up for it too, and
   * work that begins later probes once more.
   * @param waited is told how long it stood still, if it did, however that ended.
   * @throws RivetError SOURCE_DOWN when the last probe failed meanwhile, INTERRUPTED.
   */
  async enter(
    signal: AbortSignal,
    gaveUp: number,
    waited: (ms: number) => void,
  ): Promise<Pass> {
    const asked = performance.now();
    let stood = false;
    try {
      for (let open = this.#open; open !== null; open = this.#open) {
        if (open.down !== null && gaveUp !== this.#gaveUp) throw open.down;
        const waitMs = open.nextProbeAt - performance.now();
        if (open.probing === null && waitMs <= 0) return this.#probe(open);
        stood = true;
        if (open.probing !== null) await untilAborted(open.probing.promise, signal);
        else await delay(waitMs, signal);
      }
    } finally {
      if (stood) waited(performance.now() - asked);
    }
    return {
      succeeded: () => this.#close(),
      failed: (error, settings) => this.#count(error, settings),
      left: () => {},
    };
  }

  #close(): void {
    this.#open?.probing?.resolve();
    this.#open = null;
    this.#failures = 0;
  }

  #count(error: RivetError, settings: RetrySettings): void {
    this.#failures++;
    if (this.#open !== null || this.#failures < FAILURES_IN_A_ROW) return;
    const nextProbeAt = performance.now() + backoff(settings, error, 1);
    this.#open = { probes: 0, nextProbeAt, probing: null, down: null };
  }

  #probe(open: Open): Pass {
    const probing = Promise.withResolvers<void>();
    // Perhaps nobody waits for it.
    probing.promise.catch(() => {});
    open.probing = probing;
    const end = () => {
      if (open.probing === probing) open.probing = null;
    };
    return {
      succeeded: () => this.#close(),
      failed: (error, settings) => {
        end();
        this.#failures++;
        open.probes++;
        if (open.probes < settings.maxRetries) {
          open.nextProbeAt = performance.now() + backoff(settings, error, open.probes + 1);
          return probing.resolve();
        }
        open.nextProbeAt = performance.now();
        open.down = sourceDown(error, this.#failures);
        this.#gaveUp++;
        probing.reject(open.down);
        throw open.down;
      },
      left: () => {
        end();
        probing.resolve();
      },
    };
  }
}

function sourceDown(cause: RivetError, failures: number): RivetError {
  return new RivetError(
    "SOURCE_DOWN",
    `the source failed ${failures} times in a row, and is asked no more: ${cause.message}`,
    {
      hint: "Run again when it answers; a checkpointed chunked export continues with --resume.",
      cause,
    },
  );
}
