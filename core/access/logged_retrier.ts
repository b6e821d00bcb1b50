/** Retries of what belongs to no run's journal: the log alone is told. */
import { logger } from "../base/log.ts";
import type { Tuning } from "../config/tuning.ts";
import { retrySettings } from "./backoff.ts";
import { Retrier, stepText } from "./retrier.ts";

/** @param signal ends the waiting. */
export function loggedRetrier(tuning: Tuning, signal: AbortSignal): Retrier {
  return new Retrier(
    retrySettings(tuning),
    signal,
    ({ step, error, number, of, waitMs }) =>
      logger().warn(
        `${stepText(step)}: retry ${number} of ${of} in ${waitMs} ms: ${error.message}`,
      ),
  );
}
