/** The `StateStore` over any `SqlConnection`: one module per concept, the compiler checks that none is missing. */
import type { LeasedState, StateReader, StateStore, TaskState } from "../core/ports/state.ts";
import type { SqlConnection } from "./connection.ts";
import { type Processes, systemProcesses } from "./processes.ts";
import { redactingExport, redactingHistory, redactingTasks } from "./redacted.ts";
import { aggregateTable } from "./tables/aggregates.ts";
import { chunkRunTable } from "./tables/chunk_runs.ts";
import { chunkTaskTable } from "./tables/chunk_tasks.ts";
import { cursorTable } from "./tables/cursors.ts";
import { fileLogTable } from "./tables/file_log.ts";
import { historyTable } from "./tables/history.ts";
import { journalTable } from "./tables/journal.ts";
import { fenced, type Grant, heldLease, leaseTable } from "./tables/leases.ts";
import { metricTable } from "./tables/metrics.ts";
import { progressionTable } from "./tables/progression.ts";
import { leasedRunTable, runTable } from "./tables/runs.ts";
import { schemaTable } from "./tables/schemas.ts";
import {
  claimTable,
  type SharedGrant,
  taskTable,
  workerLease,
  workerReader,
} from "./tables/workers.ts";

/** What exactly one process at a time may write, and what anybody may read of it. */
function exportTables(db: SqlConnection) {
  return {
    ...cursorTable(db),
    ...fileLogTable(db),
    ...chunkRunTable(db),
    ...chunkTaskTable(db),
    ...schemaTable(db),
    ...progressionTable(db),
  };
}

/**
 * @param db with its schema up to date; closed by the store
 * @param processes tells whether the owner of a lease still runs
 */
export function createStore(
  db: SqlConnection,
  processes: Processes = systemProcesses(),
): StateStore {
  const history = redactingHistory({
    ...metricTable(db),
    ...journalTable(db),
    ...aggregateTable(db),
  });
  const open = (grant: Grant): LeasedState => {
    const held = fenced(db, grant);
    return redactingExport({
      ...reader,
      ...exportTables(held),
      ...leasedRunTable(held, grant.exportName),
      ...heldLease(db, grant),
    });
  };
  const openShared = (grant: SharedGrant): TaskState => {
    const held = fenced(db, grant);
    return redactingTasks({
      ...redactingExport({
        ...reader,
        ...exportTables(held),
        ...leasedRunTable(held, grant.exportName),
        ...workerLease(db, grant),
      }),
      ...claimTable(db, grant, processes),
    });
  };
  const leases = leaseTable(db, processes, open);
  const { cursor, cursors, files, chunkRunInProgress, latestChunkRun, chunkRuns, chunkTasks } =
    exportTables(db);
  const { schema, progressions, chunkRun } = exportTables(db);
  const reader: StateReader = {
    location: db.location,
    ...{ cursor, cursors, files, chunkRunInProgress, latestChunkRun, chunkRuns, chunkTasks },
    ...{ schema, progressions, chunkRun },
    ...workerReader(db, processes),
    metrics: history.metrics,
    journal: history.journal,
    aggregates: history.aggregates,
    ...historyTable(db),
    leases: leases.leases,
    ...runTable(db),
  };
  const tasks = taskTable(db, processes, openShared);
  return { ...reader, ...history, ...leases, ...tasks, close: () => db.close() };
}
