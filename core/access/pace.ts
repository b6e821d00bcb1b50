/**
 * `tuning.adaptive`: how many readers read at the same time, and how much each fetches at once, by how busy the
 * source is. Halved when one of the limits is passed, given back in small steps when none has been for a while.
 */
import type { SourceConfig } from "../config/schema.ts";
import type { SourceLoad } from "../ports/source_load.ts";

/** What `source.environment` can be. */
export type Environment = NonNullable<SourceConfig["environment"]>;

/** What a source bears; beyond one of them it is asked for less. */
export interface LoadLimits {
  readonly replicationLagS: number;
  readonly lockWaits: number;
  /** Of others. */
  readonly activeSessions: number;
  /** Of one of Rivet's own, in milliseconds. */
  readonly statementMs: number;
}

/** By `source.environment`; without one, those of production. */
export const LOAD_LIMITS: Readonly<Record<Environment, LoadLimits>> = {
  production: { replicationLagS: 10, lockWaits: 2, activeSessions: 20, statementMs: 2_000 },
  replica: { replicationLagS: 60, lockWaits: 10, activeSessions: 60, statementMs: 10_000 },
  local: { replicationLagS: 600, lockWaits: 50, activeSessions: 200, statementMs: 60_000 },
};

/** Looks in a row without a reason to slow down, after which a step is given back. */
export const CALM_LOOKS = 3;
/** A batch is never less than this share of what the tuning says. */
export const LEAST_SHARE = 1 / 8;

/** How fast the source is read. */
export interface Pace {
  readonly readers: number;
  /** Of a batch as it is tuned: 1, 1/2, 1/4, 1/8. */
  readonly share: number;
  /** Looks without a reason since the last change. */
  readonly calm: number;
}

/** What a look at the source shows. */
export interface LoadSample extends Omit<SourceLoad, "hidden"> {
  /** The longest statement since the last look; null: there was none. */
  readonly statementMs: number | null;
}

/** How many readers there may be. */
export interface PaceBounds {
  readonly minReaders: number;
  readonly maxReaders: number;
}

/** What follows from a look. */
export interface PaceDecision {
  readonly pace: Pace;
  /** Why it is slower than before, for people; empty when it is not. */
  readonly reasons: readonly string[];
}

/** The pace before anything was seen. */
export function fullPace({ maxReaders }: PaceBounds): Pace {
  return { readers: maxReaders, share: 1, calm: 0 };
}

/** What the next readers and batches are to be. Pure. */
export function decidePace(
  pace: Pace,
  sample: LoadSample,
  limits: LoadLimits,
  bounds: PaceBounds,
): PaceDecision {
  const reasons = reasonsOf(pace, sample, limits);
  if (reasons.length > 0) return { pace: slower(pace, bounds), reasons };
  const calm = pace.calm + 1;
  if (calm < CALM_LOOKS) return { pace: { ...pace, calm }, reasons };
  return { pace: faster(pace, bounds), reasons };
}

/** Whether readers or batches differ. */
export function isChanged(before: Pace, after: Pace): boolean {
  return before.readers !== after.readers || before.share !== after.share;
}

function slower({ readers, share }: Pace, { minReaders, maxReaders }: PaceBounds): Pace {
  const least = Math.min(minReaders, maxReaders);
  return {
    readers: Math.max(least, Math.floor(readers / 2)),
    share: Math.max(LEAST_SHARE, share / 2),
    calm: 0,
  };
}

function faster({ readers, share }: Pace, { maxReaders }: PaceBounds): Pace {
  return {
    readers: Math.min(maxReaders, readers + 1),
    share: Math.min(1, share * 2),
    calm: 0,
  };
}

function reasonsOf({ readers }: Pace, sample: LoadSample, limits: LoadLimits): string[] {
  const reasons: string[] = [];
  const over = (value: number | null, limit: number, say: (value: number) => string) => {
    if (value !== null && value > limit) reasons.push(`${say(value)} (limit ${limit})`);
  };
  const { replicationLagS, lockWaits, activeSessions, statementMs } = sample;
  over(replicationLagS, limits.replicationLagS, (s) => `replication is ${Math.round(s)} s behind`);
  over(lockWaits, limits.lockWaits, (n) => `${n} sessions wait for locks`);
  const others = activeSessions === null ? null : Math.max(0, activeSessions - readers);
  over(others, limits.activeSessions, (n) => `${n} other sessions are active`);
  over(statementMs, limits.statementMs, (ms) => `a statement took ${Math.round(ms)} ms`);
  return reasons;
}
