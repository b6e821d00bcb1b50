/**
 * The attempt that is under way. The providers' SDKs lie between whoever makes an attempt and the
 * connection that carries it, and hand on neither its signal nor its watch in every case.
 */
import { AsyncLocalStorage } from "node:async_hooks";

/** One try of a request. */
export interface Attempt {
  /** From 1. What an earlier one did is unknown where its answer got lost. */
  readonly number: number;
  /** Aborts when the attempt has stalled, and when the caller wants no more of it. */
  readonly signal: AbortSignal;
  /** To be called whenever a byte moved. */
  readonly moved: () => void;
}

const attempts = new AsyncLocalStorage<Attempt>();

export function withAttempt<T>(attempt: Attempt, send: () => Promise<T>): Promise<T> {
  return attempts.run(attempt, send);
}

/** Of the caller's asynchronous context; undefined outside of `Requests`. */
export function currentAttempt(): Attempt | undefined {
  return attempts.getStore();
}
