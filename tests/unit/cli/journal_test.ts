import { equal, match } from "node:assert/strict";
import { executeJournal } from "../../../cli/journal.ts";
import { renderJournal } from "../../../cli/render/journal.ts";
import { executeProgression } from "../../../cli/state_commands/progression.ts";
import { executeStateReset } from "../../../cli/state_commands/reset.ts";
import { executeStateShow } from "../../../cli/state_commands/show.ts";
import type { JournalEvent, JournalRun } from "../../../core/ports/state.ts";
import { fakeConfig, fakeContext } from "./fakes.ts";

const RUN_ID = "orders_20260513T120000.123";

function run(...events: [string, Record<string, unknown>][]): JournalRun {
  const list = events.map(([event, data], i): JournalEvent => ({
    runId: RUN_ID,
    exportName: "orders",
    seq: i + 1,
    at: "2026-05-13T12:00:00.123Z",
    event,
    data: JSON.stringify(data),
  }));
  return { runId: RUN_ID, exportName: "orders", events: list };
}

const FINISHED = { status: "success", rows: 150000, files: 3, bytes: 4404019, duration_ms: 12345 };

Deno.test("journal: a run is two lines when nothing was out of the ordinary", () => {
  equal(
    renderJournal(run(["started", {}], ["finished", { ...FINISHED, error: null }])),
    `✓ ${RUN_ID}  succeeded  12.3s\n  files: 3  rows: 150,000  bytes: 4.2 MB`,
  );
});

Deno.test("journal: retries, schema changes and the whole error are appended", () => {
  const block = renderJournal(run(
    ["retry", { step: "read", unit: "chunk 3 [1..2]", code: "SOURCE_DISCONNECTED" }],
    ["schema_changed", { changes: ["added x text"] }],
    ["quality_failed", { failures: ["row_count_min: 0 rows"] }],
    ["finished", { ...FINISHED, status: "failed", error: "2 problems:\n  one\n  two" }],
  ));
  match(block, /^✗ /);
  match(block, /retry: read chunk 3 \[1\.\.2\] \(SOURCE_DISCONNECTED\)/);
  match(block, /schema: added x text/);
  match(block, /quality: row_count_min: 0 rows/);
  match(block, /\n {2}error: 2 problems:\n {11}one\n {11}two$/);
});

Deno.test("journal: a run that never finished is neither success nor failure", () => {
  match(renderJournal(run(["started", {}])), new RegExp(`^• ${RUN_ID}  unknown  -$`));
});

const config = fakeConfig("orders");
const COMMON = { quiet: false, verbose: 0, jsonErrors: false, config: "c.yaml" };

Deno.test("journal --json gives every event with its data", async () => {
  const state = { journal: () => Promise.resolve([run(["finished", FINISHED])]), close };
  const ctx = fakeContext({ config, state });
  const args = { ...COMMON, command: "journal", export: "orders", last: 5, runId: undefined };
  await executeJournal({ ...args, command: "journal", json: true }, ctx);
  equal(JSON.parse(ctx.out.text)[0].events[0].data.rows, 150000);
});

Deno.test("state show lists cursors in full precision", async () => {
  const cursor = {
    exportName: "orders",
    cursor: "2026-04-18 00:05:00.123456+00",
    updatedAt: "2026-04-18T12:21:02.000Z",
    runId: RUN_ID,
  };
  const ctx = fakeContext({ config, state: { cursors: () => Promise.resolve([cursor]), close } });
  await executeStateShow({ ...COMMON, command: "state show", json: false }, ctx);
  match(ctx.out.text, /^EXPORT +CURSOR +UPDATED +RUN ID\n/);
  match(ctx.out.text, /orders +2026-04-18 00:05:00\.123456\+00 +2026-04-18T12:21:02\+00:00/);
});

Deno.test("state reset says what it did, and refuses a name that nobody knows", async () => {
  const ctx = fakeContext({ config, state: { resetCursor: () => Promise.resolve(true), close } });
  await executeStateReset({ ...COMMON, command: "state reset", export: "orders" }, ctx);
  match(ctx.out.text, /^orders: cursor reset/);
});

Deno.test("state progression prints both boundaries as the pilot page shows them", async () => {
  const row = {
    exportName: "orders",
    committedStrategy: "chunked" as const,
    committedValue: "9",
    committedRunId: RUN_ID,
    committedAt: "2026-04-18T12:20:15.000Z",
    verifiedStrategy: null,
    verifiedValue: null,
    verifiedRunId: null,
    verifiedAt: null,
  };
  const ctx = fakeContext({ config, state: { progressions: () => Promise.resolve([row]), close } });
  const args = { ...COMMON, command: "state progression" as const, export: undefined, json: false };
  await executeProgression(args, ctx);
  match(ctx.out.text, /^EXPORT +COMM MODE +COMMITTED +COMMITTED AT +VERI MODE +VERIFIED\n/);
  match(ctx.out.text, /orders +chunked +chunk #9 +2026-04-18 12:20:15 UTC +- +-/);
});

function close(): Promise<void> {
  return Promise.resolve();
}
