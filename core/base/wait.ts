/** Waiting that an abort ends at once. */
import { RivetError } from "./errors.ts";

/** The error of everything that an abort ends. */
export function interrupted(): RivetError {
  return new RivetError("INTERRUPTED", "interrupted; the run stopped at a safe point", {
    hint: "Run the same command again; a checkpointed chunked export continues with --resume.",
  });
}

/**
 * For between two steps that no signal reaches.
 * @throws RivetError INTERRUPTED
 */
export function throwIfAborted(signal: AbortSignal): void {
  if (signal.aborted) throw interrupted();
}

/** Aborts `ms` after `signal` does. */
export function withGrace(signal: AbortSignal, ms: number): AbortSignal {
  const late = new AbortController();
  const start = () => Deno.unrefTimer(setTimeout(() => late.abort(), ms));
  if (signal.aborted) start();
  else signal.addEventListener("abort", start, { once: true });
  return late.signal;
}

/** @throws RivetError INTERRUPTED when the signal aborts first. */
export function delay(ms: number, signal: AbortSignal): Promise<void> {
  if (ms <= 0) return Promise.resolve();
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(interrupted());
    const onAbort = () => {
      clearTimeout(timer);
      reject(interrupted());
    };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", onAbort);
      resolve();
    }, ms);
    signal.addEventListener("abort", onAbort, { once: true });
  });
}

/** The promise's outcome. @throws RivetError INTERRUPTED when the signal aborts first. */
export function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(interrupted());
    const onAbort = () => reject(interrupted());
    signal.addEventListener("abort", onAbort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort));
  });
}
