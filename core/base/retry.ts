/** The one retry loop: it reads an error's category and never its message. */
import { RETRY_POLICIES, type RivetError, toRivetError } from "./errors.ts";
import { delay } from "./wait.ts";

export interface RetrySettings {
  readonly maxRetries: number;
  readonly backoffMs: number;
}

/** Milliseconds before retry number `attempt` (from 1): exponential, plus the category's extra. */
export function backoff(settings: RetrySettings, error: RivetError, attempt: number): number {
  return settings.backoffMs * 2 ** (attempt - 1) + RETRY_POLICIES[error.category].extraDelayMs;
}

/**
 * Runs `attempt` until it succeeds, fails for good, or the retries are used up.
 * Every attempt must open its own connection: a failed one is never used again.
 */
export async function withRetry<T>(
  settings: RetrySettings,
  signal: AbortSignal,
  attempt: () => Promise<T>,
  onRetry: (error: RivetError, retry: number, waitMs: number) => void,
): Promise<T> {
  for (let retry = 1;; retry++) {
    try {
      return await attempt();
    } catch (thrown) {
      const error = toRivetError(thrown);
      if (!RETRY_POLICIES[error.category].retry || retry > settings.maxRetries || signal.aborted) {
        throw error;
      }
      const waitMs = backoff(settings, error, retry);
      onRetry(error, retry, waitMs);
      await delay(waitMs, signal);
    }
  }
}
