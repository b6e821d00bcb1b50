/**
 * How many readers one process has at a time, over all exports that it runs: no more than its memory, its
 * cores and the source's connections are good for.
 */
import { untilAborted } from "../base/wait.ts";
import type { LoadedConfig } from "../config/loaded.ts";
import { MEMORY_BUDGET_MB, readersWithin } from "../config/memory_budget.ts";

/** One may wait for the source while the other decodes. */
const READERS_PER_CORE = 2;
/** Of few cores: what waits for a source that is far away costs none. */
const MIN_BY_CORES = 4;

/** What bounds the readers. */
export interface ReaderBounds {
  readonly memoryBudgetMb: number;
  readonly cores: number;
  /** `source.max_connections`; null: not set. */
  readonly maxConnections: number | null;
}

export interface ReaderLimit {
  readonly readers: number;
  /** What bounds them, for people. */
  readonly reason: string;
}

/** The tightest bound; there is always one reader. */
export function readerLimit({ memoryBudgetMb, cores, maxConnections }: ReaderBounds): ReaderLimit {
  const limits: ReaderLimit[] = [
    {
      readers: readersWithin(memoryBudgetMb),
      reason: `memory_budget_mb: ${memoryBudgetMb}`,
    },
    { readers: Math.max(MIN_BY_CORES, cores * READERS_PER_CORE), reason: `${cores} cores` },
  ];
  if (maxConnections !== null) {
    limits.push({ readers: maxConnections, reason: `max_connections: ${maxConnections}` });
  }
  const tightest = limits.reduce((a, b) => b.readers < a.readers ? b : a);
  return { ...tightest, readers: Math.max(1, tightest.readers) };
}

function readerBounds({ source }: Pick<LoadedConfig, "source">, cores: number): ReaderBounds {
  return {
    memoryBudgetMb: source.tuning?.memory_budget_mb ?? MEMORY_BUDGET_MB,
    cores,
    maxConnections: source.max_connections ?? null,
  };
}

/** The readers of a process that runs this configuration. */
export function readerSlots(config: Pick<LoadedConfig, "source">, cores: number): ReaderSlots {
  return new ReaderSlots(readerLimit(readerBounds(config, cores)));
}

/** What the exports of a process share. */
export class ReaderSlots {
  readonly #waiting: (() => void)[] = [];
  #limit: ReaderLimit;
  /** Negative while more are taken than the limit of the moment allows. */
  #free: number;
  #asked: Promise<void> | null = null;

  constructor(limit: ReaderLimit) {
    this.#limit = limit;
    this.#free = limit.readers;
  }

  get limit(): ReaderLimit {
    return this.#limit;
  }

  /**
   * Lowers the limit to what the server has free, asked once for the process. Half of it is left to others.
   * @param ask null: nothing bounds them, or nobody knows.
   */
  async askServer(ask: () => Promise<number | null>): Promise<void> {
    this.#asked ??= ask().then((free) => {
      if (free !== null) this.#narrow(1 + Math.floor(free / 2), free);
    });
    await this.#asked;
  }

  #narrow(readers: number, free: number): void {
    if (readers >= this.#limit.readers) return;
    this.#free -= this.#limit.readers - readers;
    this.#limit = { readers, reason: `${free} free connections of the server` };
  }

  /**
   * Takes the first reader of an export, when there is one.
   * @returns whether it had to wait. @throws RivetError INTERRUPTED
   */
  async begin(signal: AbortSignal): Promise<boolean> {
    if (this.more(1) === 1) return false;
    const turn = Promise.withResolvers<void>();
    this.#waiting.push(turn.resolve);
    try {
      await untilAborted(turn.promise, signal);
      return true;
    } catch (error) {
      const at = this.#waiting.indexOf(turn.resolve);
      if (at >= 0) this.#waiting.splice(at, 1);
      else this.give(1);
      throw error;
    }
  }

  /** Takes up to `wanted` that are free now. @returns how many. */
  more(wanted: number): number {
    const taken = Math.max(0, Math.min(wanted, this.#free));
    this.#free -= taken;
    return taken;
  }

  /** Gives readers back. */
  give(count: number): void {
    for (let left = count; left > 0; left--) {
      const next = this.#free < 0 ? undefined : this.#waiting.shift();
      if (next === undefined) this.#free++;
      else next();
    }
  }
}
