/**
 * What the state tells about many runs at once. Every answer has a bound that the caller gives, however
 * much the state holds.
 */

/** `export_metrics`: one finished run. I4: written after the verdict is final. */
export interface RunMetric {
  readonly runId: string;
  readonly exportName: string;
  readonly mode: string;
  readonly status: "success" | "failed" | "skipped" | "interrupted";
  readonly startedAt: string;
  readonly finishedAt: string;
  readonly durationMs: number;
  readonly rows: number;
  readonly files: number;
  readonly bytes: number;
  readonly peakRssMb: number;
  readonly retries: number;
  readonly validated: boolean | null;
  readonly reconciled: boolean | null;
  readonly schemaChanged: boolean | null;
  readonly profile: string;
  readonly format: string;
  readonly errorCode: string | null;
  readonly errorMessage: string | null;
}

/** `run_journal`: one event of a run. `data` is JSON; `seq` counts from 1 within the run. */
export interface JournalEvent {
  readonly runId: string;
  readonly exportName: string;
  readonly seq: number;
  readonly at: string;
  readonly event: string;
  readonly data: string;
}

/** Which runs a question is about. */
export interface HistoryFilter {
  readonly exportName?: string;
  /** ISO 8601, UTC: runs that began then or later. */
  readonly since?: string;
}

/** How many runs ended how. */
export interface StatusCounts {
  readonly success: number;
  readonly failed: number;
  readonly skipped: number;
  readonly interrupted: number;
}

/** All matching runs together. */
export interface HistoryTotals extends StatusCounts {
  readonly exports: number;
  readonly runs: number;
  readonly rows: number;
  readonly bytes: number;
  readonly retries: number;
  /** When the first and the last of them began; null without any. */
  readonly firstAt: string | null;
  readonly lastAt: string | null;
}

/** What an export's matching runs came to. */
export interface ExportHistory {
  /** The newest of them. */
  readonly latest: RunMetric;
  readonly runs: number;
  /** Failed or interrupted. */
  readonly failures: number;
  /** When the last one that succeeded, or had nothing to do, ended. */
  readonly lastSuccessAt: string | null;
  readonly rows: number;
  readonly bytes: number;
}

/** The matching runs that began in one stretch of time. */
export interface HistorySlot extends StatusCounts {
  /** The beginning of an ISO 8601 instant, e.g. `2026-11-27T08` for an hour. */
  readonly at: string;
  readonly rows: number;
  readonly bytes: number;
  readonly durationMs: number;
  readonly longestMs: number;
  readonly retries: number;
}

/** Which events of the journal are asked for. */
export interface EventFilter extends HistoryFilter {
  readonly runId?: string;
  /** Names of events. */
  readonly names: readonly string[];
  readonly last: number;
}

/** The recorded outcome of a chunk. */
export interface ChunkParts {
  readonly chunkIndex: number;
  /** JSON array of `PartRecord`. */
  readonly parts: string;
}

/** Answers about runs together, at most `last` of them each. */
export interface HistoryReader {
  historyTotals(filter: HistoryFilter): Promise<HistoryTotals>;
  /** Those whose newest run failed or was interrupted come first, then by name. */
  exportHistories(filter: HistoryFilter & { readonly last: number }): Promise<ExportHistory[]>;
  /**
   * Oldest first; the newest are kept.
   * @param filter `digits`: so many characters of an instant tell one slot from another.
   */
  historySlots(
    filter: HistoryFilter & { readonly digits: number; readonly last: number },
  ): Promise<HistorySlot[]>;
  /** Newest first. */
  events(filter: EventFilter): Promise<JournalEvent[]>;
  /** Of a checkpointed run: those with parts that are not its data first, then by index. */
  chunkParts(runId: string, last: number): Promise<ChunkParts[]>;
}
