import { SLACK_SETTINGS, SlackNotifier } from "../../../../adapters/notifiers/slack.ts";
import {
  notifierCases,
  type NotifierUnderTest,
  type Reaction,
} from "../../../conformance/notifier.ts";
import { MemoryNotifier } from "../../../support/memory_notifier.ts";
import { type Answer, webhookDouble } from "../../../support/webhook.ts";

const ANSWERS: Record<Reaction, Answer> = {
  take: { status: 200 },
  busy: { status: 503 },
  refuse: { status: 404 },
  silent: { status: 200, delayMs: 60_000 },
};

const UNDER_TEST: Readonly<Record<string, NotifierUnderTest>> = {
  memory: {
    open(reactions, on) {
      const notifier = new MemoryNotifier(on, reactions);
      const recipient = { received: () => notifier.messages, close: () => Promise.resolve() };
      return Promise.resolve({ notifier, recipient });
    },
  },
  slack: {
    open(reactions, on) {
      const double = webhookDouble(reactions.map((reaction) => ANSWERS[reaction]));
      const settings = { ...SLACK_SETTINGS, backoffMs: 1 };
      const recipient = {
        received: () => double.messages.map(({ text }) => text),
        close: () => double.close(),
      };
      const notifier = new SlackNotifier(new URL(double.url), new Set(on), settings);
      return Promise.resolve({ notifier, recipient });
    },
  },
};

for (const [name, under] of Object.entries(UNDER_TEST)) {
  for (const c of notifierCases) Deno.test(`${name} notifier: ${c.name}`, () => c.run(under));
}
