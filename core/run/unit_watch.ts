/** Where the time of one unit goes, for the journal: `timed`, whose numbers are whole milliseconds. */
import type { ReadTimes } from "../extract/read_clock.ts";
import type { PooledExtraction } from "../workers/reader_pool.ts";

/** What the journal says of a unit; `retry_ms` to `state_ms` follow one another from `began_at` on. */
export interface UnitTimes {
  /** null: the export is read as a whole. */
  readonly chunk: number | null;
  /** Of a process; a lane works on one unit at a time. */
  readonly lane: number;
  readonly reader: number;
  readonly began_at: string;
  readonly rows: number;
  readonly bytes: number;
  /** In attempts that failed, and between them. */
  readonly retry_ms: number;
  /** Until a reader was free. */
  readonly queue_ms: number;
  /** Waiting for the source, its rows decoded. */
  readonly read_ms: number;
  /** At rest: the throttle between two statements, memory above its threshold. */
  readonly rest_ms: number;
  /** Of the rest until the files were finished. */
  readonly encode_ms: number;
  readonly put_ms: number;
  /** Until the state knew of it. */
  readonly state_ms: number;
  readonly longest_statement_ms: number;
}

const SUMMED = [
  "retry_ms",
  "queue_ms",
  "read_ms",
  "rest_ms",
  "encode_ms",
  "put_ms",
  "state_ms",
] as const;

/** Of a run's units together: the sums, and the longest statement. */
export type TimeTotals = Pick<UnitTimes, typeof SUMMED[number] | "longest_statement_ms">;

/** null: no unit was finished. */
export function timeTotals(units: readonly TimeTotals[]): TimeTotals | null {
  if (units.length === 0) return null;
  const sum = (name: keyof TimeTotals) => units.reduce((total, unit) => total + unit[name], 0);
  const sums = Object.fromEntries(SUMMED.map((name) => [name, sum(name)]));
  const longest = units.reduce((ms, unit) => Math.max(ms, unit.longest_statement_ms), 0);
  return { ...sums, longest_statement_ms: longest } as TimeTotals;
}

interface Read {
  readonly extraction: Pick<PooledExtraction, "reader" | "waitedMs">;
  readonly times: ReadTimes;
}

/** Begins with the unit; each call says that a phase is over. */
export class UnitWatch {
  readonly #beganAt = new Date().toISOString();
  readonly #began = performance.now();
  #attempt = 0;
  #read = 0;
  #put = 0;
  #of: Read | null = null;

  /** It is tried, for the first time or again. */
  attempted(): void {
    this.#attempt = performance.now();
  }

  /** Its files are finished. */
  extracted(of: Read): void {
    this.#of = of;
    this.#read = performance.now();
  }

  /** The destination has accepted them. */
  stored(): void {
    this.#put = performance.now();
  }

  /** The state knows of it. */
  times(unit: Pick<UnitTimes, "chunk" | "lane" | "rows" | "bytes">): UnitTimes {
    const now = performance.now();
    const { extraction, times } = this.#of as Read;
    const { sourceMs, restMs, longestMs } = times;
    const encodeMs = this.#read - this.#attempt - extraction.waitedMs - sourceMs - restMs;
    return {
      ...{ ...unit, reader: extraction.reader, began_at: this.#beganAt },
      retry_ms: Math.round(this.#attempt - this.#began),
      queue_ms: Math.round(extraction.waitedMs),
      read_ms: Math.round(sourceMs),
      rest_ms: Math.round(restMs),
      encode_ms: Math.max(0, Math.round(encodeMs)),
      put_ms: Math.round(this.#put - this.#read),
      state_ms: Math.round(now - this.#put),
      longest_statement_ms: Math.round(longestMs),
    };
  }
}
