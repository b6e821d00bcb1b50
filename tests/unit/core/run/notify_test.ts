import assert from "node:assert/strict";
import type { LoadedConfig } from "../../../../core/config/loaded.ts";
import { RivetError, serializeError } from "../../../../core/base/errors.ts";
import { configureLogging } from "../../../../core/base/log.ts";
import type { Notifier, NotifyEvent } from "../../../../core/ports/notifier.ts";
import { Journal } from "../../../../core/run/journal.ts";
import type { JournalEventName } from "../../../../core/run/journal_lines.ts";
import { notifyEvent, notifyRun, openNotifiers } from "../../../../core/run/notify.ts";
import type { ExportSummary } from "../../../../core/report/summary.ts";

const SUCCESS: ExportSummary = {
  exportName: "orders",
  runId: "orders_20260101T000000.000",
  status: "success",
  mode: "full",
  profile: "fast",
  batchSize: null,
  format: "parquet",
  compression: "zstd",
  destination: "out",
  startedAt: "2026-01-01T00:00:00.000Z",
  finishedAt: "2026-01-01T00:00:01.000Z",
  durationMs: 1000,
  rows: 10,
  files: 1,
  bytes: 100,
  peakRssMb: 50,
  retries: 0,
  validated: null,
  reconciled: null,
  schemaChanged: false,
  quality: [],
  chunks: null,
  error: null,
};
const GO = new AbortController().signal;

type Entry = readonly [JournalEventName, Record<string, unknown>];

function journal(...entries: readonly Entry[]) {
  const events = new Journal(SUCCESS.runId, SUCCESS.exportName);
  for (const [name, data] of entries) events.add(name, data);
  return events.events;
}

function failure(error: RivetError): ExportSummary {
  return { ...SUCCESS, status: "failed", error: serializeError(error) };
}

Deno.test("a run that ended well is nobody's business", () => {
  const quiet = journal(
    ["started", { mode: "full" }],
    ["planned", { strategy: "whole", estimated_rows: 10 }],
    ["reviewed", { rewritten_chunks: [], quarantined: [] }],
    ["finished", {}],
  );
  assert.equal(notifyEvent(SUCCESS, quiet), null);
  assert.equal(notifyEvent({ ...SUCCESS, status: "skipped" }, quiet), null);
});

Deno.test("an interrupted run tells nobody: whoever stopped it knows", () => {
  const stopped = { ...failure(new RivetError("INTERRUPTED", "stop")), status: "interrupted" };
  assert.equal(notifyEvent(stopped as ExportSummary, journal(["retry", { code: "X" }])), null);
});

Deno.test("a failure is told with code, message and hint", () => {
  const error = new RivetError("SOURCE_AUTH", "refused", { hint: "Look." });
  assert.deepEqual(notifyEvent(failure(error), journal()), {
    kinds: ["failure"],
    exportName: "orders",
    runId: SUCCESS.runId,
    rows: 10,
    files: 1,
    durationMs: 1000,
    reasons: [],
    error: { code: "SOURCE_AUTH", message: "refused", hint: "Look." },
  });
});

Deno.test("a failed run is a failure, not degraded as well", () => {
  const event = notifyEvent(
    { ...failure(new RivetError("SOURCE_TIMEOUT", "slow")), retries: 3 },
    journal(["retry", { code: "SOURCE_TIMEOUT" }]),
  );
  assert.deepEqual(event?.kinds, ["failure"]);
});

Deno.test("drift that fails the run is both a failure and a schema change", () => {
  const event = notifyEvent(
    failure(new RivetError("SCHEMA_DRIFT", "changed")),
    journal(["schema_changed", { changes: ["added note text", "removed total"] }]),
  );
  assert.deepEqual(event?.kinds, ["failure", "schema_change"]);
  assert.deepEqual(event?.reasons, ["schema: added note text", "schema: removed total"]);
});

const DEGRADED: readonly (readonly [string, Partial<ExportSummary>, readonly Entry[], string[]])[] =
  [
    ["retries", { retries: 3 }, [
      ["retry", { code: "SOURCE_TIMEOUT" }],
      ["retry", { code: "SOURCE_DISCONNECTED" }],
      ["retry", { code: "SOURCE_TIMEOUT" }],
    ], ["3 retries: SOURCE_TIMEOUT, SOURCE_DISCONNECTED"]],
    ["chunks that failed before they succeeded", {}, [
      ["chunk_failed", { chunk: 3, code: "SOURCE_TIMEOUT" }],
      ["chunk_failed", { chunk: 3, code: "SOURCE_TIMEOUT" }],
    ], ["1 chunk failed before succeeding"]],
    ["finished chunks that were written again", {}, [
      ["reviewed", { rewritten_chunks: [1, 2], quarantined: [] }],
    ], ["2 chunks written again: files were missing or differed"]],
    ["quality gates that could not be decided", { quality: ["undecided"] }, [], [
      "quality: undecided",
    ]],
    ["a table scan", {}, [
      ["planned", { strategy: "whole", verdict: "DEGRADED", scan: "Seq Scan on orders" }],
    ], ["verdict DEGRADED: Seq Scan on orders"]],
    ["an unsafe plan without a known scan", {}, [
      ["planned", { strategy: "whole", verdict: "UNSAFE", scan: null }],
    ], ["verdict UNSAFE: no usable index"]],
  ];

for (const [what, summary, entries, reasons] of DEGRADED) {
  Deno.test(`degraded: ${what}`, () => {
    const event = notifyEvent({ ...SUCCESS, ...summary }, journal(...entries));
    assert.deepEqual(event?.kinds, ["degraded"]);
    assert.deepEqual(event?.reasons, reasons);
    assert.equal(event?.error, null);
  });
}

Deno.test("a good verdict is not worth a message", () => {
  for (const verdict of ["EFFICIENT", "ACCEPTABLE"]) {
    assert.equal(notifyEvent(SUCCESS, journal(["planned", { verdict, scan: "x" }])), null);
  }
});

class Recorder implements Notifier {
  readonly on;
  readonly events: NotifyEvent[] = [];

  constructor(...on: NotifyEvent["kinds"]) {
    this.on = new Set(on);
  }

  notify(event: NotifyEvent): Promise<void> {
    this.events.push(event);
    return Promise.resolve();
  }
}

Deno.test("a notifier hears of the kinds that it asked for", async () => {
  const failures = new Recorder("failure");
  const changes = new Recorder("schema_change", "degraded");
  const notifiers = [failures, changes];
  await notifyRun(notifiers, failure(new RivetError("SOURCE_QUERY", "bad")), [], GO);
  await notifyRun(notifiers, { ...SUCCESS, quality: ["undecided"] }, [], GO);
  await notifyRun(notifiers, SUCCESS, [], GO);
  assert.deepEqual(failures.events.map((e) => e.kinds), [["failure"]]);
  assert.deepEqual(changes.events.map((e) => e.kinds), [["degraded"]]);
});

Deno.test("a notifier that fails is a WARN and does not stop the others", async () => {
  const warnings: string[] = [];
  configureLogging({ level: "warn", sink: (entry) => warnings.push(entry.text) });
  const broken: Notifier = {
    on: new Set(["failure"]),
    notify: () => Promise.reject(new RivetError("NOTIFICATION_FAILED", "Slack: HTTP 404")),
  };
  const other = new Recorder("failure");
  const summary = failure(new RivetError("SOURCE_QUERY", "bad"));
  await notifyRun([broken, other], summary, [], GO);
  assert.deepEqual(warnings, ["export 'orders': nobody was notified: Slack: HTTP 404"]);
  assert.equal(other.events.length, 1);
});

Deno.test("notifiers that cannot be opened are a WARN when the run begins", async () => {
  const warnings: string[] = [];
  configureLogging({ level: "warn", sink: (entry) => warnings.push(entry.text) });
  const config = { config: { notifications: {} } } as LoadedConfig;
  const opened = await openNotifiers(
    { openNotifiers: () => Promise.reject(new Error("HOOK is not set")) },
    config,
  );
  assert.deepEqual(opened, []);
  assert.deepEqual(warnings, ["nobody will be notified: HOOK is not set"]);
});
