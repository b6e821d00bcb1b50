/** Looks that end in seconds: whoever asks whether somebody answers does not wait as a run does. */
import { type ErrorCode, RivetError } from "../base/errors.ts";

/** A run waits longer, and more than once. */
export const ANSWER_MS = 10_000;

/**
 * What `ask` finds out, if it does so in time. Its signal aborts with `signal` and when the time is over; what heeds no
 * signal is left behind.
 * @param code of the error when the time is over
 * @throws as `ask`; RivetError
 */
export async function answered<T>(
  signal: AbortSignal,
  code: ErrorCode,
  ask: (signal: AbortSignal) => Promise<T>,
  withinMs: number = ANSWER_MS,
): Promise<T> {
  const silence = new AbortController();
  const over = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    over.reject(
      new RivetError(code, `no answer within ${withinMs / 1000} s`, {
        category: "timeout",
        hint: "Check the address, and whether a firewall is in between: a run would wait longer.",
      }),
    );
    silence.abort();
  }, withinMs);
  try {
    return await Promise.race([ask(AbortSignal.any([signal, silence.signal])), over.promise]);
  } finally {
    clearTimeout(timer);
  }
}
