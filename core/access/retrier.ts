/** The one retry loop: it reads an error's category and never its message. */
import { RETRY_POLICIES, type RivetError, toRivetError } from "../base/errors.ts";
import { logger } from "../base/log.ts";
import { delay } from "../base/wait.ts";
import { backoff, type RetrySettings } from "./backoff.ts";
import type { Breaker } from "./breaker.ts";

/** What is tried again, in the journal's words. */
export interface RetryStep {
  readonly step: string;
  /** The unit that is read: `chunk 3 [1000..2000]`. */
  readonly unit?: string;
  /** The object at the destination. */
  readonly key?: string;
}

/** For people. */
export function stepText({ step, unit, key }: RetryStep): string {
  return unit ?? (key === undefined ? step : `${step} ${key}`);
}

/** A retry that is about to be waited for. */
export interface Retry {
  readonly step: RetryStep;
  readonly error: RivetError;
  /** From 1. */
  readonly number: number;
  readonly of: number;
  readonly waitMs: number;
}

/** Does work again while what went wrong can pass, and tells of it. */
export class Retrier {
  readonly #settings: RetrySettings;
  readonly #signal: AbortSignal;
  readonly #told: (retry: Retry) => void;
  readonly #breaker: Breaker | null;

  /**
   * @param signal ends the waiting; what runs at that moment has to look at it by itself.
   * @param breaker what all that reach the same server share; null: nobody else does.
   */
  constructor(
    settings: RetrySettings,
    signal: AbortSignal,
    told: (retry: Retry) => void,
    breaker: Breaker | null = null,
  ) {
    this.#settings = settings;
    this.#signal = signal;
    this.#told = told;
    this.#breaker = breaker;
  }

  /** The same with fewer retries, or one that another signal ends too. */
  narrowed({ maxRetries, signal }: { maxRetries?: number; signal?: AbortSignal }): Retrier {
    return new Retrier(
      { ...this.#settings, ...(maxRetries === undefined ? {} : { maxRetries }) },
      signal === undefined ? this.#signal : AbortSignal.any([this.#signal, signal]),
      this.#told,
      this.#breaker,
    );
  }

  /**
   * Runs `attempt` until it succeeds, fails for good, or the retries are used up.
   * Every attempt must open its own connection: a failed one is never used again.
   * @throws what the last attempt threw; SOURCE_DOWN when the breaker has given the server up.
   */
  async run<T>(step: RetryStep, attempt: () => Promise<T>): Promise<T> {
    const gaveUp = this.#breaker?.gaveUp ?? 0;
    for (let number = 1;; number++) {
      const pass = await this.#breaker?.enter(this.#signal, gaveUp, (ms) => tellStood(step, ms));
      let error: RivetError;
      try {
        const result = await attempt();
        pass?.succeeded();
        return result;
      } catch (thrown) {
        error = toRivetError(thrown);
      }
      if (!RETRY_POLICIES[error.category].retry) {
        pass?.left();
        throw error;
      }
      pass?.failed(error, this.#settings);
      const { maxRetries } = this.#settings;
      if (number > maxRetries || this.#signal.aborted) throw error;
      const waitMs = backoff(this.#settings, error, number);
      this.#told({ step, error, number, of: maxRetries, waitMs });
      await delay(waitMs, this.#signal);
    }
  }
}

/** Others tell of their retries; who stands still meanwhile makes none. */
function tellStood(step: RetryStep, waitedMs: number): void {
  const ms = Math.round(waitedMs);
  logger().info(`${stepText(step)} waited ${ms} ms for a source that keeps failing`, {
    ...step,
    ms,
  });
}
