/** Messages to a Slack channel through an incoming webhook, whose URL is a secret as a whole. */
import type { NotificationsConfig } from "../../core/config/schema.ts";
import { ConfigError } from "../../core/base/errors.ts";
import { addressOfUrl, type NeedsOf } from "../../core/ports/needs.ts";
import type { Notifier, NotifyEvent, NotifyKind } from "../../core/ports/notifier.ts";
import { redactValue, registerPassword, registerSecret } from "../../core/base/redact.ts";
import { jsonLine } from "../../core/base/json_text.ts";
import { postJson, type PostSettings } from "./kit/post.ts";
import { slackMessage } from "./slack_message.ts";

/** A shorter path keeps no stranger out, and is a word. */
const MIN_SECRET_PATH = 8;

export type SlackConfig = NonNullable<NotificationsConfig["slack"]>;

export const SLACK_SETTINGS: PostSettings = {
  attempts: 3,
  timeoutMs: 10_000,
  backoffMs: 1_000,
  maxWaitMs: 30_000,
};

/** @throws ConfigError for a variable that is not set, or an address that is not http(s). */
export function openSlack(
  config: SlackConfig,
  env: (name: string) => string | undefined,
): SlackNotifier {
  return new SlackNotifier(webhook(config, env), new Set(config.on));
}

/** @throws ConfigError for a variable that is not set, or an address that is not http(s). */
function webhook(config: SlackConfig, env: (name: string) => string | undefined): URL {
  const { webhook_url_env: name } = config;
  const key = `notifications.slack.${name === undefined ? "webhook_url" : "webhook_url_env"}`;
  const text = (name === undefined ? config.webhook_url : env(name))?.trim();
  if (text === undefined || text === "") {
    throw new ConfigError(`${key}: the environment variable ${name} is not set`);
  }
  registerSecret(text);
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw new ConfigError(`${key}: not a http:// or https:// address`);
  }
  // What the network stack's messages name, and what an endpoint's answer may repeat.
  const path = url.pathname + url.search;
  for (const text of [url.href, path, url.pathname]) {
    if (text.length >= MIN_SECRET_PATH) registerSecret(text);
  }
  for (const step of path.split(/[/?&=]/)) registerPassword(step);
  return url;
}

/** The webhook's host. The runtime itself takes proxies from the environment. */
export const slackNeeds: NeedsOf<SlackConfig> = (config, env) => ({
  net: [addressOfUrl(webhook(config, env).href) ?? "*"],
  env: config.webhook_url_env === undefined ? [] : [config.webhook_url_env],
});

export class SlackNotifier implements Notifier {
  readonly on: ReadonlySet<NotifyKind>;
  readonly #url: URL;
  readonly #settings: PostSettings;

  constructor(url: URL, on: ReadonlySet<NotifyKind>, settings: PostSettings = SLACK_SETTINGS) {
    this.#url = url;
    this.on = on;
    this.#settings = settings;
  }

  async notify(event: NotifyEvent, signal: AbortSignal): Promise<void> {
    // Before texts are cut: half a secret is no longer known as one.
    const body = jsonLine(slackMessage(redactValue(event)));
    const recipient = { name: "Slack", url: this.#url, code: "NOTIFICATION_FAILED" } as const;
    await postJson(recipient, body, this.#settings, signal);
  }
}
