/**
 * Secrets that their key tells: `password=...`, `"password": "..."`, `sig=...`, a webhook's path. One
 * pass from left to right; a value is looked at once.
 */
import { type Meter, REDACTED } from "./secrets.ts";

const KEYS = new Set([
  "sig",
  "accountkey",
  "sharedaccesssignature",
  "aws_secret_access_key",
  "x-amz-signature",
  "x-amz-security-token",
  "webhook_url",
]);
const PASSWORD_KEY = /(?:password|passwd|pwd)$/;
/** Longer words are no keys of ours. */
const MAX_KEY = 64;
const KEY_CHAR = /[A-Za-z0-9_-]/;
const SPACE = /\s/;
const VALUE_END = /[\s&;,"')]/;
const URL_END = /[\s"'<>`]/;

function isSecretKey(key: string): boolean {
  const lower = key.toLowerCase();
  return KEYS.has(lower) || PASSWORD_KEY.test(lower);
}

/** The text with the value of every such key replaced. */
export function hidePairs(text: string, meter?: Meter): string {
  let out = "";
  let done = 0;
  const braces = new Closing(text, "}");
  for (let at = 0; at < text.length; at++) {
    if (meter !== undefined) meter.steps++;
    const sign = text[at];
    if (sign !== "=" && sign !== ":") continue;
    if (!isSecretKey(keyBefore(text, at, done, sign === ":", meter))) continue;
    let start = at + 1;
    while (start < text.length && SPACE.test(text[start])) start++;
    const end = valueEnd(text, start, braces, meter);
    if (end === start) continue;
    // A quoted key is JSON's, whose value stays a text; elsewhere quotes are the value's own spelling.
    out += text.slice(done, start) + (sign === ":" ? `"${REDACTED}"` : REDACTED);
    done = end;
    at = end - 1;
  }
  return done === 0 ? text : out + text.slice(done);
}

/** The word before the sign; before a colon only one in quotes, as prose has colons too. */
function keyBefore(
  text: string,
  sign: number,
  from: number,
  quoted: boolean,
  meter?: Meter,
): string {
  let end = sign;
  while (end > from && SPACE.test(text[end - 1])) end--;
  if (quoted) {
    if (text[end - 1] !== '"' && text[end - 1] !== "'") return "";
    end--;
  }
  let start = end;
  while (start > from && end - start < MAX_KEY && KEY_CHAR.test(text[start - 1])) start--;
  if (meter !== undefined) meter.steps += sign - start;
  return text.slice(start, end);
}

/** Plain, quoted ('' and "" with backslash escapes), or in ODBC's braces. */
function valueEnd(text: string, start: number, braces: Closing, meter?: Meter): number {
  const first = text[start];
  if (first === "{") {
    const close = braces.after(start);
    if (close >= 0) return close + 1;
  }
  const end = first === '"' || first === "'" ? quotedEnd(text, start) : plainEnd(text, start);
  if (meter !== undefined) meter.steps += end - start;
  return end;
}

/** A text that was cut off inside the quotes is secret to its end. */
function quotedEnd(text: string, start: number): number {
  const quote = text[start];
  for (let i = start + 1; i < text.length; i++) {
    if (text[i] === "\\") i++;
    else if (text[i] === quote) {
      if (quote !== "'" || text[i + 1] !== "'") return i + 1;
      i++;
    }
  }
  return text.length;
}

function plainEnd(text: string, start: number): number {
  let end = start;
  while (end < text.length && !VALUE_END.test(text[end])) end++;
  return end;
}

/** Where a character comes next; a search that found nothing is not repeated. */
class Closing {
  readonly #text: string;
  readonly #char: string;
  #next = -2;

  constructor(text: string, char: string) {
    this.#text = text;
    this.#char = char;
  }

  after(at: number): number {
    if (this.#next !== -1 && this.#next < at) this.#next = this.#text.indexOf(this.#char, at);
    return this.#next;
  }
}

const WEBHOOK_HOST = "hooks.slack.com/";
const WEBHOOK_KINDS = ["services/", "workflows/", "triggers/"];

/** The text without the paths of Slack's webhooks, which are all that keeps them from strangers. */
export function hideWebhooks(text: string, meter?: Meter): string {
  let out = "";
  let done = 0;
  for (let at = text.indexOf(WEBHOOK_HOST); at >= 0; at = text.indexOf(WEBHOOK_HOST, at + 1)) {
    const kind = WEBHOOK_KINDS.find((k) => text.startsWith(k, at + WEBHOOK_HOST.length));
    if (kind === undefined || at < done) continue;
    const start = at + WEBHOOK_HOST.length + kind.length;
    let end = start;
    while (end < text.length && !URL_END.test(text[end])) end++;
    if (meter !== undefined) meter.steps += end - start;
    if (end === start) continue;
    out += text.slice(done, start) + REDACTED;
    done = end;
  }
  if (meter !== undefined) meter.steps += text.length;
  return done === 0 ? text : out + text.slice(done);
}
