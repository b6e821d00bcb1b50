/**
 * The one redaction: nothing that people or files get to see holds a secret (PA9). It is applied where
 * something leaves the process: state, files, terminal, log, messages. First by place (fields, the
 * grammar of URLs, `key=value`), then every registered value that is long or random enough. Takes time
 * in proportion to the text.
 */
import { hidePairs, hideWebhooks } from "./secret_pairs.ts";
import {
  hideUrlPasswords,
  possiblePasswords,
  type RedactStyle,
  urlCredentials,
} from "./secret_urls.ts";
import { hideSecrets, type Meter, REDACTED, registerPassword } from "./secrets.ts";

export { forgetSecrets, registerNames, registerPassword, registerSecret } from "./secrets.ts";
export { type RedactStyle, urlCredentials } from "./secret_urls.ts";

/** A text without its secrets. Idempotent. */
export function redact(text: string, style: RedactStyle = "log", meter?: Meter): string {
  const byValue = hideSecrets(text, meter);
  return hidePairs(hideUrlPasswords(hideWebhooks(byValue, meter), style, meter), meter);
}

/**
 * At most `length` characters from the start of a text, without its secrets: they are hidden first, since
 * half of a secret is none that is known. @param mark behind what was cut.
 */
export function excerpt(text: string, length: number, mark = ""): string {
  const safe = redact(text);
  return safe.length <= length ? safe : safe.slice(0, length) + mark;
}

/** Registers the password of a connection URL, in each of the ways that it may be meant. */
export function registerUrlSecret(url: string): void {
  const { user, database } = urlCredentials(url);
  for (const password of possiblePasswords(url)) registerPassword(password, [user, database]);
}

/** Fields that are a secret as a whole. */
const SECRET_FIELDS = new Set(["password", "sslpassword", "webhook_url"]);

/**
 * Fields that name or address something and must stay as they are: changed SQL would read other rows, a
 * changed name another table. `*_env` and `*_file` are references.
 */
const EXACT_FIELDS = new Set([
  "query",
  "base_query",
  "name",
  "table",
  "schema",
  "export",
  "export_name",
  "column",
  "columns",
  "cursor_column",
  "cursor_fallback_column",
  "chunk_column",
  "chunk_by_key",
  "time_column",
  "partition_by",
  "partition_name",
  "cursor",
  "cursor_snapshot",
  "chunk_ranges",
  "start_key",
  "end_key",
  "identifier",
  "path",
  "run_id",
  "integrity",
  "signature",
]);

function isExact(field: string): boolean {
  return EXACT_FIELDS.has(field) || /_(env|file)$/.test(field);
}

/**
 * A copy of plain data whose texts are redacted, field by field: keys, numbers and names stay, so that
 * what was JSON is JSON again.
 */
export function redactValue<T>(value: T): T {
  return redactFields(value, "", "log", false) as T;
}

/**
 * The same for configuration data in an artifact (PA9): `password` and `webhook_url` are dropped, a URL's
 * userinfo becomes `REDACTED`.
 */
export function redactConfig<T>(value: T): T {
  return redactFields(value, "", "artifact", true) as T;
}

function redactFields(value: unknown, field: string, style: RedactStyle, drop: boolean): unknown {
  if (typeof value === "string") {
    if (SECRET_FIELDS.has(field)) return REDACTED;
    return isExact(field) ? value : redact(value, style);
  }
  if (Array.isArray(value)) return value.map((item) => redactFields(item, field, style, drop));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name]) => !drop || !SECRET_FIELDS.has(name))
      .map(([name, item]) => [name, redactFields(item, name, style, drop)]),
  );
}
