import assert from "node:assert/strict";
import { type Profile, resolveTuning } from "../../../../core/config/tuning.ts";

const MIB = 1024 * 1024;

Deno.test("profiles have the numbers of the readme's table", () => {
  const table: [Profile, number[]][] = [
    ["fast", [0, 0, 1, 1_000, 0]],
    ["balanced", [50, 300, 3, 2_000, 30]],
    ["safe", [500, 120, 5, 5_000, 10]],
  ];
  for (const [profile, numbers] of table) {
    const t = resolveTuning({ profile });
    assert.equal(t.profile, profile);
    const got = [t.throttleMs, t.statementTimeoutS, t.maxRetries, t.retryBackoffMs, t.lockTimeoutS];
    assert.deepEqual(got, numbers, profile);
  }
  assert.deepEqual(resolveTuning(), resolveTuning({ profile: "balanced" }));
});

Deno.test("balanced and fast size batches by memory, safe by rows", () => {
  const size = (profile: Profile) => {
    const { batchRows, batchBytes } = resolveTuning({ profile });
    return [batchRows, batchBytes];
  };
  assert.deepEqual(size("balanced"), [0, 32 * MIB]);
  assert.deepEqual(size("fast"), [0, 64 * MIB]);
  assert.equal(size("safe")[0], 2_000);
});

Deno.test("the export's block overrides the source's field by field", () => {
  const t = resolveTuning(
    {
      profile: "safe",
      throttle_ms: 300,
      max_retries: 0,
      max_value_mb: 8,
      network_timeout_s: 9,
    },
    { profile: "fast", throttle_ms: 0 },
  );
  assert.equal(t.profile, "fast");
  assert.equal(t.throttleMs, 0);
  assert.equal(t.maxRetries, 0);
  assert.equal(t.maxValueMb, 8);
  assert.equal(t.networkTimeoutS, 9);
  assert.equal(resolveTuning({}, { network_timeout_s: 0 }).networkTimeoutS, 0);
  assert.equal(resolveTuning().networkTimeoutS, 120);
  assert.equal(resolveTuning().retryMaxBackoffMs, 60_000);
  assert.equal(resolveTuning({ retry_max_backoff_ms: 5 }, {}).retryMaxBackoffMs, 5);
  assert.equal(t.statementTimeoutS, 0);
  const { adaptive, minParallel } = resolveTuning({ adaptive: true }, { min_parallel: 2 });
  assert.deepEqual([adaptive, minParallel], [true, 2]);
  assert.deepEqual([t.adaptive, t.minParallel], [false, 1]);
});

Deno.test("the more specific block decides how batches are sized", () => {
  const byRows = resolveTuning({ batch_size_memory_mb: 256 }, { batch_size: 500 });
  assert.equal(byRows.batchRows, 500);
  const byMemory = resolveTuning({ profile: "safe", batch_size: 500 }, {
    batch_size_memory_mb: 16,
  });
  assert.deepEqual([byMemory.batchRows, byMemory.batchBytes], [0, 16 * MIB]);
});
