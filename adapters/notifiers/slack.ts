/** Messages to a Slack channel through an incoming webhook, whose URL is a secret as a whole. */
import type { NotificationsConfig } from "../../core/config/schema.ts";
import { ConfigError, RivetError } from "../../core/base/errors.ts";
import { addressOfUrl, type NeedsOf } from "../../core/ports/needs.ts";
import type { Notifier, NotifyEvent, NotifyKind } from "../../core/ports/notifier.ts";
import { redact, redactValue, registerPassword, registerSecret } from "../../core/base/redact.ts";
import { jsonLine } from "../../core/base/json_text.ts";
import { delay } from "../../core/base/wait.ts";
import { slackMessage } from "./slack_message.ts";

/** A shorter path keeps no stranger out, and is a word. */
const MIN_SECRET_PATH = 8;

export type SlackConfig = NonNullable<NotificationsConfig["slack"]>;

export interface SlackSettings {
  readonly attempts: number;
  /** Of one attempt, its answer included. */
  readonly timeoutMs: number;
  /** Before the second attempt; doubles with each. */
  readonly backoffMs: number;
  /** A `Retry-After` beyond this ends the attempts: a run does not wait that long for a message. */
  readonly maxWaitMs: number;
}

export const SLACK_SETTINGS: SlackSettings = {
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

/** An attempt that did not get the message through. */
interface Refusal {
  readonly reason: string;
  readonly again: boolean;
  /** What the server asks for; null: it does not say. */
  readonly retryAfterMs: number | null;
}

export class SlackNotifier implements Notifier {
  readonly on: ReadonlySet<NotifyKind>;
  readonly #url: URL;
  readonly #settings: SlackSettings;

  constructor(url: URL, on: ReadonlySet<NotifyKind>, settings: SlackSettings = SLACK_SETTINGS) {
    this.#url = url;
    this.on = on;
    this.#settings = settings;
  }

  async notify(event: NotifyEvent, signal: AbortSignal): Promise<void> {
    const { attempts, backoffMs, maxWaitMs } = this.#settings;
    // Before texts are cut: half a secret is no longer known as one.
    const body = jsonLine(slackMessage(redactValue(event)));
    for (let attempt = 1;; attempt++) {
      const refusal = await this.#post(body, signal);
      if (refusal === null) return;
      const waitMs = refusal.retryAfterMs ?? backoffMs * 2 ** (attempt - 1);
      if (!refusal.again || attempt >= attempts || waitMs > maxWaitMs) {
        const tries = attempt === 1 ? "" : ` after ${attempt} attempts`;
        throw new RivetError("NOTIFICATION_FAILED", `Slack${tries}: ${refusal.reason}`);
      }
      await delay(waitMs, signal);
    }
  }

  /** Null when the message was taken. */
  async #post(body: string, signal: AbortSignal): Promise<Refusal | null> {
    const timeout = AbortSignal.timeout(this.#settings.timeoutMs);
    try {
      const response = await fetch(this.#url, {
        method: "POST",
        headers: { "content-type": "application/json; charset=utf-8" },
        body,
        // The message is for this address and no other.
        redirect: "manual",
        signal: AbortSignal.any([timeout, signal]),
      });
      // Reading to the end also gives the connection back.
      const answer = await response.text();
      return response.ok ? null : refusalOf(response, answer);
    } catch (error) {
      const reason = timeout.aborted
        ? `no answer for ${this.#settings.timeoutMs / 1000} s`
        : originOf(error);
      return { reason, again: !signal.aborted, retryAfterMs: null };
    }
  }
}

/** What the network said: `fetch failed` alone helps nobody. */
function originOf(error: unknown): string {
  let origin = error;
  while (origin instanceof Error && origin.cause instanceof Error) origin = origin.cause;
  return redact(origin instanceof Error ? origin.message : String(origin));
}

/** Slack's answers are words such as `no_service`; a proxy's may be a page. */
const ANSWER_SHOWN = 100;

function refusalOf({ status, headers }: Response, answer: string): Refusal {
  const word = redact(answer).trim().split("\n", 1)[0].slice(0, ANSWER_SHOWN);
  return {
    reason: `HTTP ${status}${word === "" ? "" : ` ${word}`}`,
    again: status === 429 || status >= 500,
    retryAfterMs: retryAfterMs(headers.get("retry-after")),
  };
}

/** `Retry-After`: seconds, or an HTTP date. */
function retryAfterMs(header: string | null): number | null {
  if (header === null) return null;
  if (/^\d+$/.test(header)) return Number(header) * 1000;
  const at = Date.parse(header);
  return Number.isNaN(at) ? null : Math.max(0, at - Date.now());
}
