import assert from "node:assert/strict";
import fc from "fast-check";
import {
  CALM_LOOKS,
  decidePace,
  fullPace,
  isChanged,
  LEAST_SHARE,
  LOAD_LIMITS,
  type LoadSample,
  type Pace,
  type PaceBounds,
} from "../../../../core/access/pace.ts";

const CALM: LoadSample = {
  replicationLagS: null,
  lockWaits: 0,
  activeSessions: 0,
  statementMs: null,
};
const LIMITS = LOAD_LIMITS.production;
const BOUNDS: PaceBounds = { minReaders: 1, maxReaders: 4 };

/** The pace after each sample, as `readers@share`. */
function course(samples: readonly LoadSample[], bounds = BOUNDS): string[] {
  let pace = fullPace(bounds);
  return samples.map((sample) => {
    pace = decidePace(pace, sample, LIMITS, bounds).pace;
    return `${pace.readers}@${pace.share}`;
  });
}

Deno.test("pace: halved at each look with a reason, given back after some without", () => {
  const busy = { ...CALM, lockWaits: LIMITS.lockWaits + 1 };
  assert.deepEqual(course([CALM, busy, busy, busy, busy]), [
    "4@1",
    "2@0.5",
    "1@0.25",
    "1@0.125",
    "1@0.125",
  ]);
  assert.deepEqual(
    course([busy, ...Array.from({ length: 2 * CALM_LOOKS }, () => CALM)]),
    ["2@0.5", "2@0.5", "2@0.5", "3@1", "3@1", "3@1", "4@1"],
  );
  // A look with a reason begins the count anew.
  assert.deepEqual(course([busy, CALM, CALM, busy, CALM, CALM]).at(-1), "1@0.25");
});

Deno.test("pace: each limit is one reason, and says what was seen", () => {
  const pace: Pace = { readers: 4, share: 1, calm: 0 };
  const reasons = (sample: Partial<LoadSample>) =>
    decidePace(pace, { ...CALM, ...sample }, LIMITS, BOUNDS).reasons;
  assert.deepEqual(reasons({ replicationLagS: 10.6 }), [
    "replication is 11 s behind (limit 10)",
  ]);
  assert.deepEqual(reasons({ lockWaits: 3 }), ["3 sessions wait for locks (limit 2)"]);
  assert.deepEqual(reasons({ statementMs: 2001 }), ["a statement took 2001 ms (limit 2000)"]);
  // Rivet's own readers are not held against it.
  assert.deepEqual(reasons({ activeSessions: 24 }), []);
  assert.deepEqual(reasons({ activeSessions: 25 }), [
    "21 other sessions are active (limit 20)",
  ]);
  const limit = { replicationLagS: 10, lockWaits: 2, activeSessions: 24, statementMs: 2000 };
  assert.deepEqual(reasons(limit), []);
  const all = { replicationLagS: 99, lockWaits: 99, activeSessions: 99, statementMs: 9999 };
  assert.equal(reasons(all).length, 4);
});

Deno.test("pace: the environment says what is too much", () => {
  const sample = { ...CALM, lockWaits: 5, activeSessions: 40, statementMs: 5_000 };
  const many = (environment: keyof typeof LOAD_LIMITS) =>
    decidePace(fullPace(BOUNDS), sample, LOAD_LIMITS[environment], BOUNDS).reasons.length;
  assert.deepEqual([many("production"), many("replica"), many("local")], [3, 0, 0]);
});

const number = fc.option(fc.nat(200_000), { nil: null });
const samples = fc.array(
  fc.record({
    replicationLagS: number,
    lockWaits: number,
    activeSessions: number,
    statementMs: number,
  }),
  { maxLength: 60 },
);

Deno.test("pace: never outside of its bounds, and always back at full once the source is calm", () => {
  const bounds = fc.record({
    minReaders: fc.integer({ min: 1, max: 12 }),
    maxReaders: fc.integer({ min: 1, max: 40 }),
  });
  fc.assert(fc.property(bounds, samples, (bounds, seen) => {
    let pace = fullPace(bounds);
    const least = Math.min(bounds.minReaders, bounds.maxReaders);
    for (const sample of seen) {
      const { pace: next, reasons } = decidePace(pace, sample, LIMITS, bounds);
      assert.ok(next.readers >= least && next.readers <= bounds.maxReaders);
      assert.ok(next.share >= LEAST_SHARE && next.share <= 1);
      if (reasons.length > 0) {
        assert.ok(next.readers <= pace.readers && next.share <= pace.share);
      } else assert.ok(next.readers >= pace.readers && next.share >= pace.share);
      pace = next;
    }
    for (let look = 0; look < CALM_LOOKS * (bounds.maxReaders + 4); look++) {
      pace = decidePace(pace, CALM, LIMITS, bounds).pace;
    }
    assert.ok(!isChanged(pace, fullPace(bounds)));
  }));
});
