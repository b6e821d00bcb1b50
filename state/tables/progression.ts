/** `export_progression`: committed and verified boundaries. Advisory: nothing gates on them (PG7). */
import type { LeasedState, Progression, ProgressStep } from "../../core/ports/state.ts";
import type { SqlConnection, SqlExecutor, SqlRow } from "../connection.ts";
import { compareCursors } from "../cursor_order.ts";
import { text, textOrNull, wordOrNull } from "../row.ts";
import { where } from "./filter.ts";

type ProgressionTable = Pick<LeasedState, "commitProgress" | "verifyProgress" | "progressions">;

const STRATEGIES = ["incremental", "chunked"] as const;

function progression(row: SqlRow): Progression {
  return {
    exportName: text(row, "export_name"),
    committedStrategy: wordOrNull(row, "committed_strategy", STRATEGIES),
    committedValue: textOrNull(row, "committed_value"),
    committedRunId: textOrNull(row, "committed_run_id"),
    committedAt: textOrNull(row, "committed_at"),
    verifiedStrategy: wordOrNull(row, "verified_strategy", STRATEGIES),
    verifiedValue: textOrNull(row, "verified_value"),
    verifiedRunId: textOrNull(row, "verified_run_id"),
    verifiedAt: textOrNull(row, "verified_at"),
  };
}

/** The export's row, created when missing, kept from changing until the transaction ends. */
async function lockRow(
  db: SqlConnection,
  tx: SqlExecutor,
  exportName: string,
): Promise<Progression> {
  await tx.run(
    "INSERT INTO export_progression (export_name) VALUES (?) ON CONFLICT (export_name) DO NOTHING",
    [exportName],
  );
  const rows = await tx.all(
    `SELECT * FROM export_progression WHERE export_name = ?${db.dialect.forUpdate}`,
    [exportName],
  );
  return progression(rows[0]);
}

/** PG3: only an incremental boundary has an order; every chunked run counts its chunks anew. */
function movesBackwards(current: Progression, strategy: string, value: string): boolean {
  return strategy === "incremental" && current.committedStrategy === "incremental" &&
    current.committedValue !== null && compareCursors(value, current.committedValue) < 0;
}

/** PG2, PG3, PG4. Returns whether it moved. */
export async function moveCommitted(
  db: SqlConnection,
  tx: SqlExecutor,
  { exportName, strategy, value, runId, at }: ProgressStep,
): Promise<boolean> {
  const current = await lockRow(db, tx, exportName);
  if (movesBackwards(current, strategy, value)) return false;
  await tx.run(
    `UPDATE export_progression SET committed_strategy = ?, committed_value = ?,
       committed_run_id = ?, committed_at = ? WHERE export_name = ?`,
    [strategy, value, runId, at, exportName],
  );
  // PG4: a boundary of the other strategy says nothing about this one.
  if (current.verifiedStrategy !== null && current.verifiedStrategy !== strategy) {
    await tx.run(
      `UPDATE export_progression SET verified_strategy = NULL, verified_value = NULL,
         verified_run_id = NULL, verified_at = NULL WHERE export_name = ?`,
      [exportName],
    );
  }
  return true;
}

/** `export_progression`. */
export function progressionTable(db: SqlConnection): ProgressionTable {
  return {
    async commitProgress(step) {
      return await db.transaction((tx) => moveCommitted(db, tx, step));
    },

    async verifyProgress({ exportName, strategy, value, runId, at }) {
      await db.transaction(async (tx) => {
        const current = await lockRow(db, tx, exportName);
        // PG4: what was verified is no longer what the export commits by.
        if (current.committedStrategy !== null && current.committedStrategy !== strategy) return;
        await tx.run(
          `UPDATE export_progression SET verified_strategy = ?, verified_value = ?,
             verified_run_id = ?, verified_at = ? WHERE export_name = ?`,
          [strategy, value, runId, at, exportName],
        );
      });
    },

    async progressions(exportName) {
      const matching = where({ export_name: exportName });
      const rows = await db.all(
        `SELECT * FROM export_progression${matching.sql} ORDER BY export_name`,
        matching.parameters,
      );
      return rows.map(progression);
    },
  };
}
