import assert from "node:assert/strict";
import { openNotifiers } from "../../../../adapters/notifiers/mod.ts";
import { SLACK_SETTINGS, SlackNotifier } from "../../../../adapters/notifiers/slack.ts";
import { ConfigError, RivetError } from "../../../../core/base/errors.ts";
import type { NotifyEvent } from "../../../../core/ports/notifier.ts";
import { forgetSecrets, redact, registerSecret } from "../../../../core/base/redact.ts";
import { type Answer, WEBHOOK_SECRET, webhookDouble } from "../../../support/webhook.ts";

const EVENT: NotifyEvent = {
  kinds: ["failure"],
  exportName: "orders",
  runId: "orders_20260101T000000.000",
  rows: 0,
  files: 0,
  durationMs: 10,
  reasons: [],
  error: { code: "SOURCE_TIMEOUT", message: "too slow", hint: null },
};
const GO = new AbortController().signal;
const QUICK = { ...SLACK_SETTINGS, backoffMs: 1 };

/** Sends one message to a double; the error, if any, and how often the double was asked. */
async function send(
  answers: readonly Answer[],
  settings = QUICK,
  signal = GO,
  event = EVENT,
): Promise<{ error: string | null; requests: number; ms: number; texts: string[] }> {
  const double = webhookDouble(answers);
  const began = performance.now();
  const outcome = (error: string | null) => ({
    error,
    requests: double.messages.length,
    ms: performance.now() - began,
    texts: double.messages.map(({ text }) => text),
  });
  try {
    const config = { slack: { webhook_url: double.url, on: ["failure" as const] } };
    // Registers the secret, as a run does.
    await openNotifiers(config, () => undefined);
    await new SlackNotifier(new URL(double.url), new Set(["failure"]), settings)
      .notify(event, signal);
    return outcome(null);
  } catch (error) {
    assert.ok(error instanceof RivetError, String(error));
    assert.ok(["NOTIFICATION_FAILED", "INTERRUPTED"].includes(error.code));
    return outcome(error.message);
  } finally {
    await double.close();
  }
}

Deno.test("a message arrives as Slack's JSON", async () => {
  const double = webhookDouble();
  try {
    const env = (name: string) => name === "HOOK" ? ` ${double.url}\n` : undefined;
    const config = { slack: { webhook_url_env: "HOOK", on: ["failure" as const] } };
    const [notifier] = await openNotifiers(config, env);
    assert.deepEqual([...notifier.on], ["failure"]);
    await notifier.notify(EVENT, GO);
    assert.deepEqual(double.messages, [{
      text: "*orders*: failed\nrun orders_20260101T000000.000, 0 rows, 0 files, 0.0 s\n" +
        "*SOURCE_TIMEOUT* too slow",
      unfurl_links: false,
    }]);
  } finally {
    await double.close();
  }
});

Deno.test("a busy or failing server is asked again, three times in all", async () => {
  assert.deepEqual(await requests([{ status: 503 }, { status: 200 }]), [null, 2]);
  const [error, asked] = await requests([{ status: 500, body: "oops" }]);
  assert.equal(error, "Slack after 3 attempts: HTTP 500 oops");
  assert.equal(asked, 3);
});

async function requests(answers: readonly Answer[]): Promise<[string | null, number]> {
  const { error, requests } = await send(answers);
  return [error, requests];
}

Deno.test("a refusal is final", async () => {
  const answer = { status: 404, body: "no_service" };
  assert.deepEqual(await requests([answer]), ["Slack: HTTP 404 no_service", 1]);
  assert.deepEqual(await requests([{ status: 400 }]), ["Slack: HTTP 400 ok", 1]);
});

Deno.test("a redirect is not followed", async () => {
  const elsewhere = webhookDouble();
  try {
    const answer = { status: 307, body: "", headers: { location: elsewhere.url } };
    assert.deepEqual(await requests([answer]), ["Slack: HTTP 307", 1]);
    assert.deepEqual(elsewhere.messages, []);
  } finally {
    await elsewhere.close();
  }
});

Deno.test("Retry-After is waited for, up to a limit", async () => {
  const limited = (seconds: string) => ({ status: 429, headers: { "retry-after": seconds } });
  const waited = await send([limited("1"), { status: 200 }]);
  assert.equal(waited.error, null);
  assert.ok(waited.ms >= 1000, `${waited.ms} ms`);
  const [error, asked] = await requests([limited("600"), { status: 200 }]);
  assert.equal(error, "Slack: HTTP 429 ok");
  assert.equal(asked, 1);
});

Deno.test("a server that does not answer is given up, attempt by attempt", async () => {
  const late = { status: 200, delayMs: 60_000 };
  const settings = { ...QUICK, attempts: 2, timeoutMs: 1000 };
  const { error, requests } = await send([late], settings);
  assert.equal(error, "Slack after 2 attempts: no answer for 1 s");
  assert.equal(requests, 2);
});

Deno.test("an interrupt ends the waiting", async () => {
  const stop = new AbortController();
  setTimeout(() => stop.abort(), 50);
  const { ms, error } = await send([{ status: 200, delayMs: 60_000 }], QUICK, stop.signal);
  assert.notEqual(error, null);
  assert.ok(ms < 30_000, `${ms} ms`);
});

Deno.test("an unreachable server's error does not show the address", async () => {
  const double = webhookDouble();
  await double.close();
  const [notifier] = await openNotifiers(
    { slack: { webhook_url: double.url, on: ["failure"] } },
    () => undefined,
  );
  const sent = new SlackNotifier(new URL(double.url), notifier.on, { ...QUICK, attempts: 1 });
  await assert.rejects(sent.notify(EVENT, GO), (error) => {
    assert.ok(error instanceof RivetError);
    assert.match(error.message, /refused/);
    assert.ok(!error.message.includes("k3y0f"), error.message);
    return true;
  });
  assert.equal(redact(`see ${double.url}`), "see REDACTED");
  assert.ok(double.url.endsWith(WEBHOOK_SECRET));
});

Deno.test("an address that cannot be used is a configuration error", async () => {
  const refused = (slack: { webhook_url?: string; webhook_url_env?: string }, message: string) =>
    assert.rejects(
      openNotifiers({ slack: { ...slack, on: ["failure"] } }, () => undefined),
      (error) => error instanceof ConfigError && error.message === message,
    );
  await refused(
    { webhook_url_env: "HOOK" },
    "notifications.slack.webhook_url_env: the environment variable HOOK is not set",
  );
  const problem = "notifications.slack.webhook_url: not a http:// or https:// address";
  await refused({ webhook_url: "file:///etc/passwd" }, problem);
  await refused({ webhook_url: "hooks.slack.com" }, problem);
});

Deno.test("no slack: no notifier", async () => {
  assert.deepEqual(await openNotifiers({}, () => undefined), []);
});

Deno.test("an endpoint that repeats its path, and an error that holds it, do not give it away", async () => {
  const secret = new URL(`http://127.0.0.1/${WEBHOOK_SECRET}`).pathname;
  const { error } = await send([{
    status: 404,
    body: `${"x".repeat(80)} no route for ${secret}, token ${WEBHOOK_SECRET}`,
  }]);
  assert.notEqual(error, null);
  assert.ok(!error?.includes(WEBHOOK_SECRET.slice(0, 12)), error ?? "");
});

Deno.test("a message is without secrets and control characters, also where it is cut", async () => {
  registerSecret("Hunter2-Hunter2-Hunter2");
  try {
    const message = `${"x".repeat(1490)}Hunter2-Hunter2-Hunter2\u202e\x9b`;
    const { texts } = await send([{ status: 200 }], QUICK, GO, {
      ...EVENT,
      error: { code: "SOURCE_AUTH", message, hint: "see postgres://u:p@h/db" },
    });
    assert.doesNotMatch(texts[0], /Hunter2|u:p@|\u202e|\x9b/);
    assert.match(texts[0], /REDACT/);
  } finally {
    forgetSecrets();
  }
});
