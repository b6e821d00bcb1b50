/** Events of an invocation's runs on their way to the receiver. Nothing here can fail or hold up a run. */
import { toRivetError } from "../base/errors.ts";
import { logger } from "../base/log.ts";
import type { LoadedConfig } from "../config/loaded.ts";
import type { Adapters } from "../ports/adapters.ts";
import type { LineageReceiver, ParentRun } from "../ports/lineage.ts";
import type { RunEvent } from "./facets.ts";
import { type EventSink, type LineageSubject, RunLineage } from "./run_lineage.ts";

/** In a row; then nobody waits for the receiver for a while. */
const FAILURES_BORNE = 2;
const REST_MS = 60_000;

/** The receiver of a whole invocation. */
export class Lineage implements EventSink {
  readonly #receiver: LineageReceiver;
  #failures = 0;
  #restsUntil = 0;

  constructor(receiver: LineageReceiver) {
    this.#receiver = receiver;
  }

  get namespace(): string {
    return this.#receiver.namespace;
  }

  get parent(): ParentRun | null {
    return this.#receiver.parent;
  }

  of(subject: LineageSubject): RunLineage {
    return new RunLineage(this, subject);
  }

  /** Never throws. A receiver that took none of the last events is left alone for a minute. */
  async send(event: RunEvent): Promise<void> {
    if (performance.now() < this.#restsUntil) return;
    const what = `${event.eventType} of ${event.job.name}`;
    try {
      await this.#receiver.send(event);
      this.#failures = 0;
      logger().debug(`lineage: ${what} was taken by ${this.#receiver.address}`);
    } catch (error) {
      logger().warn(`lineage: ${what} was not taken: ${toRivetError(error).message}`);
      if (++this.#failures < FAILURES_BORNE) return;
      this.#failures = 0;
      this.#restsUntil = performance.now() + REST_MS;
      logger().warn("lineage: nothing more is sent for a minute");
    }
  }
}

/** Null: nobody is to be told. What is wrong with the block is a WARN, so that it shows before it matters. */
export async function openLineage(
  { openLineage: open }: Pick<Adapters, "openLineage">,
  { config: { lineage: wanted } }: LoadedConfig,
): Promise<Lineage | null> {
  if (wanted === undefined) return null;
  try {
    const receiver = await open(wanted);
    return receiver === null ? null : new Lineage(receiver);
  } catch (error) {
    logger().warn(`no lineage will be sent: ${toRivetError(error).message}`);
    return null;
  }
}
