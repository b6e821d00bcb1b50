/** How often, and after how long, what failed is tried again. */
import { RETRY_POLICIES, type RivetError } from "../base/errors.ts";
import type { Tuning } from "../config/tuning.ts";

/** How often, and after how long, what failed is tried again. */
export interface RetrySettings {
  readonly maxRetries: number;
  readonly backoffMs: number;
  /** The exponential part of a wait is never longer. */
  readonly maxBackoffMs: number;
}

/** As an export is tuned. */
export function retrySettings(tuning: Tuning): RetrySettings {
  return {
    maxRetries: tuning.maxRetries,
    backoffMs: tuning.retryBackoffMs,
    maxBackoffMs: tuning.retryMaxBackoffMs,
  };
}

/**
 * Milliseconds before retry number `attempt` (from 1): anything up to an exponential limit, so that those
 * who failed together do not come back together, plus the category's extra.
 * @param random from 0 to 1.
 */
export function backoff(
  { backoffMs, maxBackoffMs }: RetrySettings,
  error: RivetError,
  attempt: number,
  random: () => number = Math.random,
): number {
  const limit = Math.min(maxBackoffMs, backoffMs * 2 ** (attempt - 1));
  return Math.round(random() * limit) + RETRY_POLICIES[error.category].extraDelayMs;
}
