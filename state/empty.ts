/** What is read of a state that is not there yet: nothing, without making one. */
import type { HistoryTotals } from "../core/ports/history.ts";
import type { StateReader } from "../core/ports/state.ts";

const none = <T>(): Promise<T[]> => Promise.resolve([]);
const nothing = () => Promise.resolve(null);

const NO_RUNS: HistoryTotals = {
  ...{ exports: 0, runs: 0, success: 0, failed: 0, skipped: 0, interrupted: 0 },
  ...{ rows: 0, bytes: 0, retries: 0, firstAt: null, lastAt: null },
};

/** @param location where the first run will make it */
export function emptyState(location: string): StateReader {
  return {
    location,
    cursor: nothing,
    cursors: none,
    files: none,
    chunkRunInProgress: nothing,
    latestChunkRun: nothing,
    chunkRun: nothing,
    chunkWorkers: none,
    chunkProgress: () => Promise.resolve({ counts: [], running: [] }),
    chunkRuns: none,
    chunkTasks: none,
    metrics: none,
    journal: none,
    schema: nothing,
    progressions: none,
    aggregates: none,
    historyTotals: () => Promise.resolve(NO_RUNS),
    exportHistories: none,
    historySlots: none,
    events: none,
    chunkParts: none,
    leases: none,
    lastSequence: () => Promise.resolve(0),
    sequenceOf: nothing,
  };
}
