/** `run_journal`: what happened during each run. */
import type { JournalEvent, JournalRun, StateStore } from "../../core/ports/state.ts";
import type { SqlConnection, SqlRow } from "../connection.ts";
import { number, text } from "../row.ts";
import { limit, where } from "./filter.ts";
import { insertRows } from "./insert.ts";

type JournalTable = Pick<StateStore, "appendJournal" | "journal">;

function journalEvent(row: SqlRow): JournalEvent {
  return {
    runId: text(row, "run_id"),
    exportName: text(row, "export_name"),
    seq: number(row, "seq"),
    at: text(row, "at"),
    event: text(row, "event"),
    data: text(row, "data_json"),
  };
}

/** Groups events that already stand run by run. */
function byRun(events: readonly JournalEvent[]): JournalRun[] {
  const runs: { runId: string; exportName: string; events: JournalEvent[] }[] = [];
  for (const event of events) {
    const current = runs.at(-1);
    if (current?.runId === event.runId && current.exportName === event.exportName) {
      current.events.push(event);
    } else {
      runs.push({ runId: event.runId, exportName: event.exportName, events: [event] });
    }
  }
  return runs;
}

export function journalTable(db: SqlConnection): JournalTable {
  return {
    async appendJournal(events) {
      if (events.length === 0) return;
      await db.transaction((tx) =>
        insertRows(
          tx,
          "run_journal",
          ["run_id", "export_name", "seq", "at", "event", "data_json"],
          events.map((e) => [e.runId, e.exportName, e.seq, e.at, e.event, e.data]),
        )
      );
    },

    async journal(filter) {
      const matching = where({ export_name: filter.exportName, run_id: filter.runId });
      const newest = limit(filter.last);
      // A resumed run appends to its own events, so `id` rather than `seq` tells their order.
      const rows = await db.all(
        `SELECT j.* FROM run_journal j JOIN (
           SELECT run_id, export_name, MAX(id) AS newest FROM run_journal${matching.sql}
           GROUP BY run_id, export_name ORDER BY MAX(id) DESC${newest.sql}
         ) r ON r.run_id = j.run_id AND r.export_name = j.export_name
         ORDER BY r.newest DESC, j.id`,
        [...matching.parameters, ...newest.parameters],
      );
      return byRun(rows.map(journalEvent));
    },
  };
}
