/** The events of one run, kept in memory and written once, with the metric, at its end (I4). */
import type { JournalEvent } from "../ports/state.ts";

export type JournalEventName =
  | "started"
  | "settled"
  | "resumed"
  | "reviewed"
  | "snapshot_taken"
  | "snapshot_joined"
  | "planned"
  | "partitions_added"
  | "held_back"
  | "retry"
  | "chunk_completed"
  | "chunk_failed"
  | "chunk_taken"
  | "task_started"
  | "task_finished"
  | "repair_started"
  | "chunk_repaired"
  | "part_committed"
  | "schema_changed"
  | "shape_changed"
  | "quality_failed"
  | "forced"
  | "validated"
  | "finished";

/** Events are numbered in the order in which they are added. */
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
    this.#events.push({
      runId: this.#runId,
      exportName: this.#exportName,
      seq: this.#events.length + 1,
      at,
      event,
      data: JSON.stringify(data),
    });
  }

  get events(): readonly JournalEvent[] {
    return this.#events;
  }
}
