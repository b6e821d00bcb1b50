import assert from "node:assert/strict";
import { slackMessage } from "../../../../adapters/notifiers/slack_message.ts";
import type { NotifyEvent } from "../../../../core/ports/notifier.ts";

const EVENT: NotifyEvent = {
  kinds: ["schema_change", "degraded"],
  exportName: "orders",
  runId: "orders_20260101T000000.000",
  rows: 1_234_567,
  files: 1,
  durationMs: 61_250,
  reasons: ["schema: added note text", "1 retry: SOURCE_TIMEOUT"],
  error: null,
};

Deno.test("a run that succeeded says what about it wants attention", () => {
  assert.equal(
    slackMessage(EVENT).text,
    "*orders*: schema changed, degraded\n" +
      "run orders_20260101T000000.000, 1,234,567 rows, 1 file, 61.3 s\n" +
      "• schema: added note text\n" +
      "• 1 retry: SOURCE_TIMEOUT",
  );
});

Deno.test("a failure has its code, its message and what to do", () => {
  const error = { code: "SOURCE_AUTH" as const, message: "no entry", hint: "Check the user." };
  const { text } = slackMessage({ ...EVENT, kinds: ["failure"], reasons: [], error });
  assert.deepEqual(text.split("\n").slice(2), [
    "*SOURCE_AUTH* no entry",
    "_To do:_ Check the user.",
  ]);
});

Deno.test("no text can mention a channel or make a link", () => {
  const error = {
    code: "SOURCE_QUERY" as const,
    message: "<!channel> a & b",
    hint: "<https://example.org|here>",
  };
  const { text } = slackMessage({ ...EVENT, exportName: "<@U1>", error, reasons: ["<x>"] });
  assert.ok(!/[<>]/.test(text), text);
  assert.ok(text.includes("&lt;!channel&gt; a &amp; b"), text);
});

Deno.test("long texts and long lists are cut", () => {
  const error = { code: "SOURCE_QUERY" as const, message: "x".repeat(100_000), hint: null };
  const reasons = Array.from({ length: 500 }, (_, i) => `schema: added column_${i} text`);
  const { text } = slackMessage({ ...EVENT, error, reasons });
  assert.ok(text.length < 5_000, String(text.length));
  assert.ok(text.endsWith("\n• and 480 more"), text.slice(-40));
});
