import { deepEqual, equal, match } from "node:assert/strict";
import { configureLogging, type LogEntry } from "../../../../core/base/log.ts";
import { resolveTuning } from "../../../../core/config/tuning.ts";
import { waitForMemory } from "../../../../core/extract/memory.ts";

const TUNING = { ...resolveTuning(undefined), memoryThresholdMb: 100 };
const signal = new AbortController().signal;

/** What is said while memory is as the samples have it, the last one from then on. */
async function said(...samples: number[]): Promise<LogEntry[]> {
  const entries: LogEntry[] = [];
  configureLogging({ level: "info", sink: (entry) => entries.push(entry) });
  try {
    const next = () => samples.length > 1 ? samples.shift() ?? 0 : samples[0];
    await waitForMemory(TUNING, signal, next);
  } finally {
    configureLogging({ level: "error", sink: () => {} });
  }
  return entries;
}

Deno.test("a pause for memory says when it begins, and when it ends how long it was", async () => {
  const [begun, ended, ...more] = await said(180, 170, 160, 90);
  match(begun.text, /^memory is above memory_threshold_mb \(\d+ MB > 100 MB\); reading pauses$/);
  match(ended.text, /^memory is at 90 MB again after \d+ ms; reading goes on$/);
  equal(typeof ended.fields?.ms, "number");
  deepEqual(more, []);
});

Deno.test("where memory is enough, nothing is said", async () => {
  deepEqual(await said(100), []);
});
