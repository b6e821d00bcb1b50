/** `run_journal`: what happened during each run. */
import type { JournalEvent, JournalRun, StateStore } from "../../core/ports/state.ts";
import type { SqlConnection, SqlRow } from "../connection.ts";
import { number, text } from "../row.ts";
import { limit, ofRun, where } from "./filter.ts";
import { insertRows } from "./insert.ts";

type JournalTable = Pick<StateStore, "appendJournal" | "journal">;

/** A row of `run_journal`. */
export function journalEvent(row: SqlRow): JournalEvent {
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

/** `run_journal`. */
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
      const ofExport = where({ "e.export_name": filter.exportName });
      const matching = ofRun(ofExport, "e.run_id", filter.runId);
      const newest = limit(filter.last);
      // A resumed run appends to its own events, so `id` rather than `seq` tells their order.
      const rows = await db.all(
        `SELECT j.* FROM run_journal j JOIN (
           SELECT e.run_id, e.export_name, MAX(e.id) AS newest, COALESCE(MAX(r.sequence), 0) AS sequence
           FROM run_journal e LEFT JOIN export_run r ON r.run_id = e.run_id${matching.sql}
           GROUP BY e.run_id, e.export_name ORDER BY sequence DESC, newest DESC${newest.sql}
         ) n ON n.run_id = j.run_id AND n.export_name = j.export_name
         ORDER BY n.sequence DESC, n.newest DESC, j.id`,
        [...matching.parameters, ...newest.parameters],
      );
      return byRun(rows.map(journalEvent));
    },
  };
}
