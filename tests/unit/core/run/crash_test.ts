/** What a parent records of a child that died. */
import { deepEqual, equal } from "node:assert/strict";
import { join } from "node:path";
import type { LoadedConfig } from "../../../../core/config/loaded.ts";
import type { FileRecord, JournalEvent, RunMetric } from "../../../../core/ports/state.ts";
import { crashRecorder } from "../../../../core/run/crash.ts";
import { fakeSummary } from "../../cli/fakes.ts";

const PART: FileRecord = {
  ...{ runId: "orders_20260329T125109.336", exportName: "orders", fileName: "a.parquet" },
  ...{ destination: "./output", rows: 10, sizeBytes: 100, fingerprint: "f", md5: "m" },
  ...{ format: "parquet", compression: "zstd", chunkIndex: 0, createdAt: "now" },
};

const DEAD = fakeSummary({ status: "failed", rows: 0, files: 0, bytes: 0, durationMs: 4_000 });

interface Recorded {
  readonly metrics: RunMetric[];
  readonly events: JournalEvent[];
}

async function record(metrics: readonly RunMetric[], files: () => Promise<FileRecord[]>) {
  const dir = await Deno.makeTempDir({ prefix: "rivet-crash-" });
  const recorded: Recorded = { metrics: [], events: [] };
  const state = {
    files,
    metrics: () => Promise.resolve([...metrics]),
    recordMetric: (metric: RunMetric) => {
      recorded.metrics.push(metric);
      return Promise.resolve();
    },
    appendJournal: (events: readonly JournalEvent[]) => {
      recorded.events.push(...events);
      return Promise.resolve();
    },
  };
  const config = { dir, config: {}, exports: [] as LoadedConfig["exports"] } as LoadedConfig;
  const signal = new AbortController().signal;
  try {
    const openNotifiers = () => Promise.resolve([]);
    const openLineage = () => Promise.resolve(null);
    const summary = await crashRecorder({ state, openNotifiers, openLineage }, { config, signal })(
      DEAD,
    );
    const report = join(dir, ".rivet", "runs", DEAD.runId, "summary.json");
    return { ...recorded, summary, report: JSON.parse(await Deno.readTextFile(report)) };
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

Deno.test("I4: a run that died is failed in metric, journal and report, with what it wrote", async () => {
  const files = () => Promise.resolve([{ ...PART, fileName: "b.parquet", chunkIndex: 1 }, PART]);
  const { metrics: [metric], events, summary, report } = await record([], files);
  deepEqual([metric.status, metric.rows, metric.files, metric.bytes], ["failed", 20, 2, 200]);
  equal(metric.startedAt, DEAD.startedAt);
  deepEqual(events.map((e) => [e.event, e.at === DEAD.startedAt]), [
    ["started", true],
    ["finished", false],
  ]);
  equal(JSON.parse(events[1].data).status, "failed");
  deepEqual([summary.rows, report.rows, report.status], [20, 20, "failed"]);
  deepEqual(report.parts.map((p: { path: string }) => p.path), ["a.parquet", "b.parquet"]);
});

Deno.test("what the process has recorded itself stays the only record", async () => {
  const own = { runId: DEAD.runId, startedAt: DEAD.startedAt } as RunMetric;
  const { metrics, events } = await record([own], () => Promise.resolve([PART]));
  deepEqual([metrics, events], [[], []]);
  // Of an earlier attempt of the same run.
  const earlier = { ...own, startedAt: "2026-03-28T00:00:00.000Z" };
  equal((await record([earlier], () => Promise.resolve([]))).metrics.length, 1);
});

Deno.test("a state that does not answer keeps nobody from the report", async () => {
  const { summary, report } = await record([], () => Promise.reject(new Error("gone")));
  deepEqual([summary.status, summary.rows, report.status], ["failed", 0, "failed"]);
});
