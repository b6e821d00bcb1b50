/** Retries of one export's run: counted, in its journal, and in the log. */
import { retrySettings } from "../access/backoff.ts";
import type { Breaker } from "../access/breaker.ts";
import { Retrier, type Retry, stepText } from "../access/retrier.ts";
import { logger } from "../base/log.ts";
import { retriedWhereSafe } from "../access/retried_destination.ts";
import type { LoadedExport } from "../config/loaded.ts";
import type { AnyDestination } from "../ports/destination.ts";
import type { Journal } from "./journal.ts";
import type { RunTracker } from "./tracker.ts";

export interface RetriesOf {
  readonly exported: Pick<LoadedExport, "tuning">;
  readonly journal: Journal;
  readonly tracker: Pick<RunTracker, "retried">;
  readonly signal: AbortSignal;
}

/** @param breaker of the source; null for what nobody else reaches at the same time. */
export function runRetrier(run: RetriesOf, breaker: Breaker | null): Retrier {
  const { exported, journal, tracker, signal } = run;
  const told = ({ step, error, number, of, waitMs }: Retry) => {
    tracker.retried();
    journal.add("retry", { ...step, retry: number, code: error.code });
    logger().warn(`${stepText(step)}: retry ${number} of ${of} in ${waitMs} ms: ${error.message}`);
  };
  return new Retrier(retrySettings(exported.tuning), signal, told, breaker);
}

/** A run's destination as its steps see it. */
export function runDestination(run: RetriesOf, destination: AnyDestination): AnyDestination {
  return retriedWhereSafe(destination, runRetrier(run, null));
}
