/** The events of one run, kept in memory and written once, with the metric, at its end (I4); each is logged. */
import type { JournalEvent } from "../ports/state.ts";
import { type JournalEventName, tellEvent } from "./journal_lines.ts";

/** Events are told to the log and numbered in the order in which they are added. */
export class Journal {
  readonly #runId: string;
  readonly #exportName: string;
  readonly #events: JournalEvent[] = [];

  constructor(runId: string, exportName: string) {
    this.#runId = runId;
    this.#exportName = exportName;
  }

  add(
    event: JournalEventName,
    data: Readonly<Record<string, unknown>>,
    at: string = new Date().toISOString(),
  ): void {
    tellEvent({ runId: this.#runId, exportName: this.#exportName, event, data });
    this.#events.push({
      runId: this.#runId,
      exportName: this.#exportName,
      seq: this.#events.length + 1,
      at,
      event,
      data: JSON.stringify(data),
    });
  }

  /** The data of the events of one name. */
  dataOf(name: JournalEventName): Record<string, unknown>[] {
    return this.#events.filter(({ event }) => event === name).map(({ data }) => JSON.parse(data));
  }

  get events(): readonly JournalEvent[] {
    return this.#events;
  }
}
