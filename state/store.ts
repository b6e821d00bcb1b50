/** The `StateStore` over any `SqlConnection`: one module per concept, the compiler checks that none is missing. */
import type { StateStore } from "../core/ports/state.ts";
import type { SqlConnection } from "./connection.ts";
import { redacting } from "./redacted.ts";
import { aggregateTable } from "./tables/aggregates.ts";
import { chunkRunTable } from "./tables/chunk_runs.ts";
import { chunkTaskTable } from "./tables/chunk_tasks.ts";
import { cursorTable } from "./tables/cursors.ts";
import { fileLogTable } from "./tables/file_log.ts";
import { journalTable } from "./tables/journal.ts";
import { metricTable } from "./tables/metrics.ts";
import { progressionTable } from "./tables/progression.ts";
import { schemaTable } from "./tables/schemas.ts";

/** @param db with its schema up to date; closed by the store */
export function createStore(db: SqlConnection): StateStore {
  return redacting({
    location: db.location,
    ...cursorTable(db),
    ...fileLogTable(db),
    ...chunkRunTable(db),
    ...chunkTaskTable(db),
    ...metricTable(db),
    ...journalTable(db),
    ...schemaTable(db),
    ...progressionTable(db),
    ...aggregateTable(db),
    close: () => db.close(),
  });
}
