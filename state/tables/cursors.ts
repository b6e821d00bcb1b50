/** `export_state`: the incremental cursor of each export. */
import type { CursorState, LeasedState } from "../../core/ports/state.ts";
import type { SqlConnection, SqlRow } from "../connection.ts";
import { text, textOrNull } from "../row.ts";

type CursorTable = Pick<LeasedState, "cursor" | "cursors" | "saveCursor" | "resetCursor">;

function cursorState(row: SqlRow): CursorState {
  const ties = textOrNull(row, "ties_json");
  return {
    exportName: text(row, "export_name"),
    cursor: text(row, "cursor_value"),
    updatedAt: text(row, "updated_at"),
    runId: text(row, "run_id"),
    ...(ties === null ? {} : { ties }),
  };
}

/** `export_state`. */
export function cursorTable(db: SqlConnection): CursorTable {
  return {
    async cursor(exportName) {
      const rows = await db.all("SELECT * FROM export_state WHERE export_name = ?", [exportName]);
      return rows.length === 0 ? null : cursorState(rows[0]);
    },

    async cursors() {
      return (await db.all("SELECT * FROM export_state ORDER BY export_name")).map(cursorState);
    },

    async saveCursor(state) {
      await db.run(
        `INSERT INTO export_state (export_name, cursor_value, updated_at, run_id, ties_json)
         VALUES (?, ?, ?, ?, ?)
         ON CONFLICT (export_name) DO UPDATE SET cursor_value = excluded.cursor_value,
           updated_at = excluded.updated_at, run_id = excluded.run_id, ties_json = excluded.ties_json`,
        [state.exportName, state.cursor, state.updatedAt, state.runId, state.ties ?? null],
      );
    },

    async resetCursor(exportName) {
      const deleted = await db.run("DELETE FROM export_state WHERE export_name = ?", [exportName]);
      return deleted > 0;
    },
  };
}
