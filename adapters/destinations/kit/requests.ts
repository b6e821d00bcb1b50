/**
 * How every request to an object store is made: under a watch that ends
 * one that no longer moves, tried again a few times, its error classified once.
 *
 * Who retries: the providers' SDKs never do. A request is tried `attempts` times here, seconds apart;
 * the run puts the whole part again `max_retries` times, further apart. So a store that is away for
 * good is asked `attempts * (max_retries + 1)` times for a part, and no more.
 */
import { RETRY_POLICIES, RivetError } from "../../../core/base/errors.ts";
import { logger } from "../../../core/base/log.ts";
import { delay, interrupted, throwIfAborted } from "../../../core/base/wait.ts";
import { type Attempt, withAttempt } from "./attempt.ts";
import type { Creation, Request } from "./request.ts";
import { type HttpFacts, requestError, StoreError, type StoreWords } from "./request_errors.ts";

export interface RequestSettings {
  readonly attempts: number;
  readonly backoffMs: number;
  readonly idleMs: number;
}

/** For whoever has no reason to stop a call. */
export const UNSTOPPED: AbortSignal = new AbortController().signal;

/** Of every store; an attempt ends after a minute in which nothing moved. */
export const REQUEST_SETTINGS: RequestSettings = { attempts: 3, backoffMs: 250, idleMs: 60_000 };

/** A server's `Retry-After` beyond this is left to the run's own, longer waits. */
const MAX_RETRY_AFTER_MS = 20_000;

/** What one attempt at making an object came to. @param isTaken the store's answer to a taken name. */
export async function creation(
  attempt: Attempt,
  isTaken: (error: unknown) => boolean,
  send: () => Promise<unknown>,
): Promise<Creation> {
  try {
    await send();
    return "stored";
  } catch (error) {
    if (!isTaken(error)) throw error;
    return attempt.number === 1 ? "taken" : "taken_perhaps";
  }
}

/** Makes a store's requests. Errors are `DestinationError`s, or INTERRUPTED. */
export class Requests {
  readonly #words: StoreWords;
  readonly #facts: (error: unknown) => HttpFacts;
  readonly #settings: RequestSettings;

  /** @param facts what an error of the SDK says, in terms of HTTP. */
  constructor(
    words: StoreWords,
    facts: (error: unknown) => HttpFacts,
    settings: RequestSettings = REQUEST_SETTINGS,
  ) {
    this.#words = words;
    this.#facts = facts;
    this.#settings = settings;
  }

  /**
   * @throws DestinationError after the last attempt, or at once for what no repetition repairs;
   *   RivetError INTERRUPTED once `signal` aborts.
   */
  async run<T>(
    request: Request,
    signal: AbortSignal,
    send: (attempt: Attempt) => Promise<T>,
  ): Promise<T> {
    const { attempts, backoffMs, idleMs } = this.#settings;
    for (let n = 1;; n++) {
      throwIfAborted(signal);
      const watch = new WatchedAttempt(n, request.idleMs ?? idleMs, signal);
      let waitMs: number;
      try {
        return await watch.race(withAttempt(watch, () => send(watch)));
      } catch (thrown) {
        const { error, retryAfterMs } = this.#failure(thrown, request);
        if (n >= attempts || !RETRY_POLICIES[error.category].retry) throw error;
        const jitter = 0.5 + Math.random();
        waitMs = Math.min(retryAfterMs ?? backoffMs * 2 ** (n - 1) * jitter, MAX_RETRY_AFTER_MS);
        logger().trace(
          `${request.target}: ${request.doing}: attempt ${n + 1} of ${attempts} in ` +
            `${Math.round(waitMs)} ms: ${error.message}`,
          { target: request.target, attempt: n + 1, wait_ms: Math.round(waitMs), code: error.code },
        );
      } finally {
        watch.close();
      }
      await delay(Math.round(waitMs), signal);
    }
  }

  /** What `thrown` is, for what is not tried again here. */
  failure(thrown: unknown, request: Request): RivetError {
    return this.#failure(thrown, request).error;
  }

  #failure(
    thrown: unknown,
    request: Request,
  ): { readonly error: RivetError; readonly retryAfterMs: number | null } {
    const own = ownError(thrown);
    if (own !== null) return { error: own, retryAfterMs: null };
    if (thrown instanceof Stalled) {
      const error = new StoreError(
        "unreachable",
        `cannot ${request.doing} ${request.target}: no answer for ${thrown.idleMs / 1000} s`,
        { hint: this.#words.connectivityHint },
      );
      return { error, retryAfterMs: null };
    }
    const facts = this.#facts(thrown);
    const error = requestError(facts, request, this.#words, thrown);
    return { error, retryAfterMs: facts.retryAfterMs };
  }
}

/** An error of ours, also where an SDK has wrapped it: a body that could not be read. */
function ownError(thrown: unknown): RivetError | null {
  for (let error = thrown, depth = 0; error instanceof Error && depth < 4; depth++) {
    if (error instanceof RivetError) return error;
    error = error.cause;
  }
  return null;
}

class Stalled extends Error {
  readonly idleMs: number;

  constructor(idleMs: number) {
    super("the request stalled");
    this.idleMs = idleMs;
  }
}

class WatchedAttempt implements Attempt {
  readonly number: number;
  readonly #idleMs: number;
  readonly #caller: AbortSignal;
  readonly #abort = new AbortController();
  readonly #ended = Promise.withResolvers<never>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(number: number, idleMs: number, caller: AbortSignal) {
    this.number = number;
    this.#idleMs = idleMs;
    this.#caller = caller;
    this.#ended.promise.catch(() => {});
    caller.addEventListener("abort", this.#onCallerAbort, { once: true });
    this.moved();
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  readonly moved = (): void => {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#end(new Stalled(this.#idleMs)), this.#idleMs);
  };

  /** Not every SDK call ends on an abort; the attempt does. */
  race<T>(sent: Promise<T>): Promise<T> {
    return Promise.race([sent, this.#ended.promise]);
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#caller.removeEventListener("abort", this.#onCallerAbort);
  }

  readonly #onCallerAbort = (): void => this.#end(interrupted());

  #end(error: Error): void {
    // First, so that it wins over the error that the abort makes.
    this.#ended.reject(error);
    this.#abort.abort();
  }
}
