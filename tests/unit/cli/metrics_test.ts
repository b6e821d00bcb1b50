import { deepEqual, equal, match, rejects } from "node:assert/strict";
import { executeMetrics } from "../../../cli/metrics.ts";
import type { RunMetric } from "../../../core/ports/state.ts";
import { fakeConfig, fakeContext } from "./fakes.ts";

const METRIC: RunMetric = {
  runId: "orders_20260329T125109.336",
  exportName: "orders",
  mode: "full",
  status: "failed",
  startedAt: "2026-03-29T12:51:09.336Z",
  finishedAt: "2026-03-29T12:51:12.536Z",
  durationMs: 3200,
  rows: 150_000,
  files: 1,
  bytes: 13_002_342,
  peakRssMb: 142.3,
  retries: 2,
  validated: null,
  reconciled: null,
  schemaChanged: null,
  profile: "balanced",
  format: "parquet",
  errorCode: "SOURCE_AUTH",
  errorMessage: "at postgres://u:secret@h/db",
};

const ARGS = { command: "metrics", config: "r.yaml", export: undefined, last: 20 } as const;

Deno.test("metrics lists runs with their outcome", async () => {
  const state = { metrics: () => Promise.resolve([METRIC]) };
  const ctx = fakeContext({ config: fakeConfig("orders"), state });
  await executeMetrics({ ...ARGS, json: false }, ctx);
  const [header, , row] = ctx.out.text.split("\n");
  match(header, /^RUN ID +STATUS +ROWS FILES +BYTES DURATION PEAK RSS RETRIES STARTED +ERROR$/);
  match(
    row,
    /^orders_\S+ +failed +150000 +1 +12\.4 MB +3\.2s +142MB +2 2026-03-29T12:51:09\+00:00 SOURCE_AUTH$/,
  );
});

Deno.test("metrics as JSON has every field and no password", async () => {
  const filters: unknown[] = [];
  const state = {
    metrics: (filter: unknown) => {
      filters.push(filter);
      return Promise.resolve([METRIC]);
    },
  };
  const ctx = fakeContext({ config: fakeConfig("orders"), state });
  await executeMetrics({ ...ARGS, export: "orders", last: 3, json: true }, ctx);
  deepEqual(filters, [{ exportName: "orders", last: 3 }]);
  const [metric] = JSON.parse(ctx.out.text);
  const deprecated = { total_rows: "rows", files_produced: "files", bytes_written: "bytes" };
  const aliases = { ...deprecated, tuning_profile: "profile", run_at: "finished_at" };
  equal(Object.keys(metric).length, Object.keys(METRIC).length + Object.keys(aliases).length);
  for (const [name, earlier] of Object.entries(aliases)) equal(metric[name], metric[earlier], name);
  equal(metric.peak_rss_mb, 142.3);
  equal(ctx.out.text.includes("secret"), false);
});

Deno.test("no runs is an answer, an unknown export is not", async () => {
  const state = { metrics: () => Promise.resolve([]) };
  const ctx = fakeContext({ config: fakeConfig("orders"), state });
  await executeMetrics({ ...ARGS, json: false }, ctx);
  equal(ctx.out.text, "No runs recorded.\n");
  await rejects(executeMetrics({ ...ARGS, export: "x", json: false }, ctx), { code: "USAGE" });
});
