import { deepEqual, equal } from "node:assert/strict";
import { EventEmitter, parseEvent, summaryOf } from "../../../../core/processes/events.ts";
import { TextLineStream } from "../../../../core/processes/lines.ts";
import { fakeSummary } from "../../cli/fakes.ts";

Deno.test("a run as NDJSON: Started, ProgressInit, Progress, Finished", () => {
  const lines: string[] = [];
  const emitter = new EventEmitter((line) => lines.push(line));
  const startedAt = "2026-03-29T12:51:09.336Z";
  const run = { exportName: "a", runId: "r", mode: "full", profile: "safe", batchSize: 2000 };
  emitter.started({ ...run, startedAt });
  const progress = { exportName: "a", rows: 0, bytes: 0, estimatedRows: null, chunks: null };
  emitter.progress(progress);
  const chunks = { done: 1, total: 4 };
  emitter.progress({ ...progress, rows: 5, bytes: 7, estimatedRows: 20, chunks });
  emitter.progress({ ...progress, rows: 5, bytes: 7, estimatedRows: 20, chunks });
  emitter.progress({ ...progress, rows: 9, bytes: 8, estimatedRows: 20, chunks });
  emitter.finished(fakeSummary({ exportName: "a" }));
  deepEqual(lines.map((line) => JSON.parse(line)).slice(0, -1), [
    {
      event: "Started",
      export_name: "a",
      run_id: "r",
      mode: "full",
      profile: "safe",
      batch_size: 2000,
      started_at: startedAt,
    },
    {
      event: "ProgressInit",
      export_name: "a",
      estimated_rows: 20,
      chunks_total: 4,
      chunks_before: 0,
    },
    { event: "Progress", export_name: "a", rows: 5, bytes: 7, chunks_done: 1 },
    { event: "Progress", export_name: "a", rows: 9, bytes: 8, chunks_done: 1 },
  ]);
  equal(JSON.parse(lines.at(-1) ?? "").event, "Finished");
});

Deno.test("a summary survives the way through a line, its error too", () => {
  const error = {
    name: "RivetError",
    code: "SOURCE_TIMEOUT",
    category: "timeout",
    message: "it took\ntoo long",
    hint: "Wait.",
    nativeCode: "57014",
  } as const;
  for (
    const summary of [
      fakeSummary({ coverage: null }),
      fakeSummary({
        ...{ status: "failed", error, coverage: "3 verified", validated: false, reconciled: true },
        ...{
          schemaChanged: true,
          quality: ["few rows"],
          chunks: { done: 1, total: 2 },
          batchSize: 7,
        },
      }),
    ]
  ) {
    const lines: string[] = [];
    new EventEmitter((line) => lines.push(line)).finished(summary);
    const event = parseEvent(lines[0]);
    deepEqual(event?.event === "Finished" ? summaryOf(event.summary) : null, summary);
  }
});

Deno.test("other output is no event", () => {
  for (const line of ["", "hello", '{"event":"Other"}', '{"event":"Progress","ro', '{"a":1}']) {
    equal(parseEvent(line), null, line);
  }
});

Deno.test("lines come whole, wherever the stream was cut", async () => {
  const text = "one\r\ntwo\n\nthree";
  for (let size = 1; size <= text.length; size++) {
    const chunks = text.match(new RegExp(`[^]{1,${size}}`, "g")) ?? [];
    const lines = await Array.fromAsync(
      ReadableStream.from(chunks).pipeThrough(new TextLineStream()),
    );
    deepEqual(lines, ["one", "two", "", "three"]);
  }
});
