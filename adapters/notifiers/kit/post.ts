/** Sending one JSON text to an address, again where that may help, in bounded time. */
import { type ErrorCode, RivetError } from "../../../core/base/errors.ts";
import { redact } from "../../../core/base/redact.ts";
import { delay } from "../../../core/base/wait.ts";

/** Where and how a message is posted. */
export interface PostSettings {
  readonly attempts: number;
  /** Of one attempt, its answer included. */
  readonly timeoutMs: number;
  /** Before the second attempt; doubles with each. */
  readonly backoffMs: number;
  /** A `Retry-After` beyond this ends the attempts: a run does not wait that long for a message. */
  readonly maxWaitMs: number;
}

/** Who gets it. */
export interface Recipient {
  /** For messages, e.g. `Slack`. */
  readonly name: string;
  readonly url: URL;
  readonly headers?: Readonly<Record<string, string>>;
  /** Of the error when it did not get through. */
  readonly code: ErrorCode;
}

/** An attempt that did not get through. */
interface Refusal {
  readonly reason: string;
  readonly again: boolean;
  /** What the server asks for; null: it does not say. */
  readonly retryAfterMs: number | null;
}

/**
 * Delivery is at least once: an attempt without an answer may have arrived. The signal ends the waiting.
 * @throws RivetError of the recipient's code, INTERRUPTED
 */
export async function postJson(
  recipient: Recipient,
  body: string,
  { attempts, timeoutMs, backoffMs, maxWaitMs }: PostSettings,
  signal: AbortSignal,
): Promise<void> {
  for (let attempt = 1;; attempt++) {
    const refusal = await postOnce(recipient, body, timeoutMs, signal);
    if (refusal === null) return;
    const waitMs = refusal.retryAfterMs ?? backoffMs * 2 ** (attempt - 1);
    if (!refusal.again || attempt >= attempts || waitMs > maxWaitMs) {
      const tries = attempt === 1 ? "" : ` after ${attempt} attempts`;
      throw new RivetError(recipient.code, `${recipient.name}${tries}: ${refusal.reason}`);
    }
    await delay(waitMs, signal);
  }
}

/** Null when it was taken. */
async function postOnce(
  { url, headers }: Recipient,
  body: string,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<Refusal | null> {
  const timeout = AbortSignal.timeout(timeoutMs);
  try {
    const response = await fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json; charset=utf-8", ...headers },
      body,
      // The message is for this address and no other.
      redirect: "manual",
      signal: AbortSignal.any([timeout, signal]),
    });
    // Reading to the end also gives the connection back.
    const answer = await response.text();
    return response.ok ? null : refusalOf(response, answer);
  } catch (error) {
    const reason = timeout.aborted ? `no answer for ${timeoutMs / 1000} s` : originOf(error);
    return { reason, again: !signal.aborted, retryAfterMs: null };
  }
}

/** What the network said: `fetch failed` alone helps nobody. */
export function originOf(error: unknown): string {
  let origin = error;
  while (origin instanceof Error && origin.cause instanceof Error) origin = origin.cause;
  return redact(origin instanceof Error ? origin.message : String(origin));
}

/** Answers are words such as `no_service`; a proxy's may be a page. */
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
