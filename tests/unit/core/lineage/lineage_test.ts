import assert from "node:assert/strict";
import { configureLogging } from "../../../../core/base/log.ts";
import { ConfigError, RivetError } from "../../../../core/base/errors.ts";
import type { RunEvent } from "../../../../core/lineage/facets.ts";
import { Lineage, openLineage } from "../../../../core/lineage/lineage.ts";
import { runUuid } from "../../../../core/lineage/run_uuid.ts";
import type { LoadedConfig } from "../../../../core/config/loaded.ts";
import type { ExportSummary } from "../../../../core/report/summary.ts";
import { assertOpenLineage, type ReceivedEvent } from "../../../support/openlineage.ts";

const STARTED = new Date("2026-03-29T12:51:09.336Z");
const SUBJECT = {
  exportName: "orders",
  runId: "orders_20260329T125109.336",
  startedAt: STARTED,
  dialect: "postgres",
  query: null,
  destination: { type: "s3", bucket: "lake", prefix: "orders" } as const,
  uri: "s3://lake/orders",
};
const END = { fileColumns: null, gates: [] };

const summary = (fields: Partial<ExportSummary>) =>
  ({
    ...{ exportName: "orders", runId: SUBJECT.runId, status: "success", rows: 1, bytes: 2 },
    ...{ files: 1, finishedAt: "2026-03-29T12:52:00.000Z", error: null, ...fields },
  }) as ExportSummary;

/** @param take what the receiver does with each event. */
function lineage(take: (event: RunEvent) => Promise<void> = () => Promise.resolve()) {
  const events: RunEvent[] = [];
  const warnings: string[] = [];
  configureLogging({ level: "warn", sink: ({ text }) => warnings.push(text) });
  const told = new Lineage({
    ...{ namespace: "shop", parent: null, address: "there" },
    probe: () => Promise.resolve({ answer: "", doubt: null }),
    send: async (event) => {
      events.push(event as RunEvent);
      await take(event as RunEvent);
    },
  });
  return { told, events, warnings };
}

Deno.test("every end of a run is an event of its kind, as the published schemas have it", async () => {
  const error = { error: "too slow", code: "SOURCE_TIMEOUT", message: "too slow" };
  for (
    const [fields, type] of [
      [{}, "COMPLETE"],
      [{ status: "skipped", rows: 0 }, "COMPLETE"],
      [{ status: "failed", error }, "FAIL"],
      [{ status: "interrupted", error }, "ABORT"],
    ] as const
  ) {
    const { told, events } = lineage();
    const run = told.of(SUBJECT);
    run.begin();
    await run.ended(summary(fields as Partial<ExportSummary>), END);
    assert.deepEqual(events.map(({ eventType }) => eventType), ["START", type]);
    assert.deepEqual(events[0].run.runId, events[1].run.runId);
    for (const event of events) await assertOpenLineage(event as unknown as ReceivedEvent);
  }
});

Deno.test("a run that never began is told with its beginning", async () => {
  const { told, events } = lineage();
  await told.of({ ...SUBJECT, uri: null }).ended(summary({ status: "failed" }), END);
  assert.deepEqual(events.map(({ eventType }) => eventType), ["START", "FAIL"]);
  assert.equal(events[0].eventTime, STARTED.toISOString());
});

Deno.test("processes of one run name it alike, and a resumed one is another", async () => {
  const ids = async (subject: typeof SUBJECT, join: boolean) => {
    const { told, events } = lineage();
    const run = told.of(subject);
    if (join) run.join();
    await run.ended(summary({}), END);
    return events.map(({ run }) => run.runId);
  };
  const later = { ...SUBJECT, startedAt: new Date("2026-03-29T14:00:00Z") };
  const [started, ended] = await ids(SUBJECT, false);
  assert.equal(started, ended);
  assert.deepEqual(await ids(later, true), [started], "the finish of a shared run");
  const [resumed] = await ids(later, false);
  assert.notEqual(resumed, started);
});

Deno.test("the end waits for the beginning to be sent first", async () => {
  const gate = Promise.withResolvers<void>();
  const { told, events } = lineage(({ eventType }) =>
    eventType === "START" ? gate.promise : Promise.resolve()
  );
  const run = told.of(SUBJECT);
  run.begin();
  const ended = run.ended(summary({}), END);
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal(events.length, 1);
  gate.resolve();
  await ended;
  assert.equal(events.length, 2);
});

Deno.test("a receiver that fails twice in a row is left alone, and told of", async () => {
  const { told, events, warnings } = lineage(() =>
    Promise.reject(new RivetError("LINEAGE_FAILED", "OpenLineage at there: HTTP 500"))
  );
  for (let i = 0; i < 3; i++) {
    await told.of(SUBJECT).ended(summary({}), END);
  }
  assert.equal(events.length, 2);
  assert.equal(warnings.length, 3);
  assert.match(warnings[0], /lineage: START of orders was not taken: .*HTTP 500/);
  assert.match(warnings[2], /nothing more is sent for a minute/);
});

Deno.test("one failure between two events that were taken changes nothing", async () => {
  let n = 0;
  const { told, events } = lineage(() =>
    n++ % 2 === 0 ? Promise.reject(new RivetError("LINEAGE_FAILED", "x")) : Promise.resolve()
  );
  for (let i = 0; i < 3; i++) await told.of(SUBJECT).ended(summary({}), END);
  assert.equal(events.length, 6);
});

Deno.test("a block that names no receiver is a warning", async () => {
  const { warnings } = lineage();
  const config = { config: { lineage: { timeout_s: 5 } } } as unknown as LoadedConfig;
  const open = () => Promise.reject(new ConfigError("lineage.url: not set"));
  assert.equal(await openLineage({ openLineage: open }, config), null);
  assert.match(warnings[0], /no lineage will be sent: lineage\.url: not set/);
});

Deno.test("a run's UUID is of version 5, and follows from its key alone", async () => {
  // As Python's uuid.uuid5 makes it.
  assert.equal(await runUuid("a"), "a8b82e40-f370-5c18-a19c-3c882daa6bca");
  assert.notEqual(await runUuid("b"), await runUuid("a"));
});
