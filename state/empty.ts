/** What is read of a state that is not there yet: nothing, without making one. */
import type { StateReader } from "../core/ports/state.ts";

const none = <T>(): Promise<T[]> => Promise.resolve([]);
const nothing = () => Promise.resolve(null);

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
    leases: none,
    lastSequence: () => Promise.resolve(0),
    sequenceOf: nothing,
  };
}
