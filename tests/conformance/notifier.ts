/** What every notifier must do, as cases that each adapter's test runs. */
import assert from "node:assert/strict";
import { forgetSecrets, registerSecret } from "../../core/base/redact.ts";
import { RivetError } from "../../core/base/errors.ts";
import type { Notifier, NotifyEvent, NotifyKind } from "../../core/ports/notifier.ts";
import { until } from "../support/until.ts";

/** Whoever gets the messages. */
export interface Recipient {
  /** What came so far, as text. */
  received(): readonly string[];
  close(): Promise<void>;
}

/** What a recipient does with each message in turn; the last one again for all that follow. */
export type Reaction = "take" | "busy" | "refuse" | "silent";

export interface NotifierUnderTest {
  /** A notifier without waits between its attempts, and who it tells. */
  open(
    reactions: readonly Reaction[],
    on: readonly NotifyKind[],
  ): Promise<{ readonly notifier: Notifier; readonly recipient: Recipient }>;
}

export interface NotifierCase {
  readonly name: string;
  run(under: NotifierUnderTest): Promise<void>;
}

const FAILED: NotifyEvent = {
  kinds: ["failure"],
  exportName: "orders",
  runId: "orders_20260101T000000.000",
  rows: 7,
  files: 1,
  durationMs: 10,
  reasons: [],
  error: { code: "SOURCE_TIMEOUT", message: "too slow", hint: "make chunks smaller" },
};

const DEGRADED: NotifyEvent = {
  ...FAILED,
  kinds: ["schema_change", "degraded"],
  reasons: ["schema: added column note", "2 retries: SOURCE_DISCONNECTED"],
  error: null,
};

const GO = new AbortController().signal;

async function opened(
  under: NotifierUnderTest,
  reactions: readonly Reaction[],
  use: (notifier: Notifier, recipient: Recipient) => Promise<void>,
): Promise<void> {
  const { notifier, recipient } = await under.open(reactions, ["failure", "degraded"]);
  try {
    await use(notifier, recipient);
  } finally {
    await recipient.close();
  }
}

const failed = (error: unknown) =>
  error instanceof RivetError && error.code === "NOTIFICATION_FAILED";

export const notifierCases: readonly NotifierCase[] = [
  {
    name: "it is for the kinds that it was opened for",
    run: (under) =>
      opened(under, ["take"], (notifier) => {
        assert.deepEqual([...notifier.on].sort(), ["degraded", "failure"]);
        return Promise.resolve();
      }),
  },
  {
    name: "one event is one message, with the export, the run and what went wrong",
    run: (under) =>
      opened(under, ["take"], async (notifier, recipient) => {
        await notifier.notify(FAILED, GO);
        const messages = recipient.received();
        assert.equal(messages.length, 1);
        for (const text of ["orders", FAILED.runId, "SOURCE_TIMEOUT", "too slow"]) {
          assert.ok(messages[0].includes(text), `${text} is not in ${messages[0]}`);
        }
      }),
  },
  {
    name: "every reason of a run that succeeded is in its message",
    run: (under) =>
      opened(under, ["take"], async (notifier, recipient) => {
        await notifier.notify(DEGRADED, GO);
        const messages = recipient.received();
        for (const reason of DEGRADED.reasons) assert.ok(messages[0].includes(reason), messages[0]);
      }),
  },
  {
    name: "events at the same time are a message each",
    run: (under) =>
      opened(under, ["take"], async (notifier, recipient) => {
        const names = ["orders", "items", "users"];
        await Promise.all(
          names.map((exportName) => notifier.notify({ ...FAILED, exportName }, GO)),
        );
        const messages = recipient.received();
        const told = names.map((name) => messages.filter((m) => m.includes(name)).length);
        // The run id of all of them names the first.
        assert.deepEqual([messages.length, told[1], told[2]], [3, 1, 1]);
      }),
  },
  {
    name: "who is busy is told again",
    run: (under) =>
      opened(under, ["busy", "take"], async (notifier, recipient) => {
        await notifier.notify(FAILED, GO);
        const messages = recipient.received();
        assert.equal(messages.length, 2);
        assert.equal(messages[0], messages[1]);
      }),
  },
  {
    name: "who stays busy is given up after a few attempts",
    run: (under) =>
      opened(under, ["busy"], async (notifier, recipient) => {
        await assert.rejects(notifier.notify(FAILED, GO), failed);
        const messages = recipient.received();
        assert.ok(messages.length > 1 && messages.length < 10, `${messages.length} attempts`);
      }),
  },
  {
    name: "a refusal is final",
    run: (under) =>
      opened(under, ["refuse"], async (notifier, recipient) => {
        await assert.rejects(notifier.notify(FAILED, GO), failed);
        const messages = recipient.received();
        assert.equal(messages.length, 1);
      }),
  },
  {
    name: "an abort ends the waiting for who does not answer",
    run: (under) =>
      opened(under, ["silent"], async (notifier, recipient) => {
        const stop = new AbortController();
        const sent = notifier.notify(FAILED, stop.signal);
        await until("the message", () => recipient.received().length > 0);
        stop.abort();
        await assert.rejects(
          sent,
          (error) => failed(error) || (error as RivetError).code === "INTERRUPTED",
        );
        assert.equal(recipient.received().length, 1);
      }),
  },
  {
    name: "no secret leaves in a message",
    run: (under) =>
      opened(under, ["take"], async (notifier, recipient) => {
        registerSecret("k1ng-0f-th3-h1ll");
        try {
          const error = { ...FAILED.error, message: "no login with k1ng-0f-th3-h1ll" };
          await notifier.notify({ ...FAILED, error } as NotifyEvent, GO);
          const messages = recipient.received();
          assert.ok(!messages[0].includes("k1ng-0f"), messages[0]);
        } finally {
          forgetSecrets();
        }
      }),
  },
];
