/** `export_run`: the order of runs, which no clock can change. */
import type { LeasedState, RunOrder, StateReader } from "../../core/ports/state.ts";
import type { SqlConnection, SqlExecutor, SqlRow } from "../connection.ts";
import { number, textOrNull } from "../row.ts";

async function highest(executor: SqlExecutor): Promise<number> {
  const [row] = await executor.all("SELECT COALESCE(MAX(sequence), 0) AS sequence FROM export_run");
  return number(row, "sequence");
}

/** Of the lease's holder before, unless that was an earlier attempt of the same run. */
async function previousRun(
  tx: SqlExecutor,
  exportName: string,
  runId: string,
  begun: SqlRow | undefined,
): Promise<string | null> {
  if (begun !== undefined) return textOrNull(begun, "previous_run_id");
  const [lease] = await tx.all("SELECT last_run_id FROM export_lease WHERE export_name = ?", [
    exportName,
  ]);
  const last = textOrNull(lease, "last_run_id");
  return last === runId ? null : last;
}

/** What is known of the order of runs. */
export function runTable(db: SqlConnection): Pick<StateReader, "lastSequence" | "sequenceOf"> {
  return {
    lastSequence: () => highest(db),
    async sequenceOf(runId) {
      const [row] = await db.all("SELECT sequence FROM export_run WHERE run_id = ?", [runId]);
      return row === undefined ? null : number(row, "sequence");
    },
  };
}

/** @param db fenced by the export's lease */
export function leasedRunTable(
  db: SqlConnection,
  exportName: string,
): Pick<LeasedState, "beginRun"> {
  return {
    async beginRun(runId, after): Promise<RunOrder> {
      return await db.transaction(async (tx) => {
        const [begun] = await tx.all("SELECT * FROM export_run WHERE run_id = ?", [runId]);
        const previousRunId = await previousRun(tx, exportName, runId, begun) ??
          after?.previousRunId ?? null;
        const sequence = Math.max(await highest(tx), after?.sequence ?? 0) + 1;
        await tx.run("UPDATE export_lease SET run_id = ? WHERE export_name = ?", [
          runId,
          exportName,
        ]);
        await tx.run(
          `INSERT INTO export_run (run_id, export_name, sequence, previous_run_id, begun_at)
           VALUES (?, ?, ?, ?, ?)
           ON CONFLICT (run_id) DO UPDATE SET sequence = excluded.sequence,
             previous_run_id = COALESCE(export_run.previous_run_id, excluded.previous_run_id)`,
          [runId, exportName, sequence, previousRunId, new Date().toISOString()],
        );
        return { sequence, previousRunId };
      });
    },
  };
}
