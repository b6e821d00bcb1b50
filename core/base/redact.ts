/**
 * The one redaction: nothing that people or files get to see holds a secret (PA9). It knows the places
 * where secrets stand by their shape (URLs, DSN pairs, SAS tokens, webhooks), and every value that was
 * registered, wherever it stands. It errs on the side of hiding too much.
 */

/**
 * `log`: a URL keeps its user, `postgres://user:***@host`. `artifact`: the whole userinfo goes,
 * `postgres://REDACTED@host`, since an artifact is passed on (PA9).
 */
export type RedactStyle = "log" | "artifact";

const REDACTED = "REDACTED";

/** Shorter values are ordinary text too often; they are hidden by their place only. */
const MIN_SECRET = 4;
/** Words of Rivet's own output: as a password they hide nothing and would garble everything. */
const PUBLIC_WORDS = new Set(
  "rivet postgres postgresql mysql mariadb mssql password pass user test true false none null data demo"
    .split(" "),
);
/** Below this length a value is hidden only as a whole word. */
const WHOLE_WORD_BELOW = 8;

const secrets = new Map<string, string>();
let pattern: RegExp | null = null;

/**
 * From now on `value` is replaced in every text that is redacted, in percent-encoded and JSON-escaped
 * form too. Values under 4 characters, and those equal to one of `publicValues` (the user or database
 * of the same connection, which is shown anyway), are hidden only in URLs and `password=` pairs.
 */
export function registerSecret(
  value: string | undefined,
  publicValues: readonly (string | undefined)[] = [],
): void {
  if (value === undefined || value.length < MIN_SECRET || secrets.has(value)) return;
  if (publicValues.includes(value) || PUBLIC_WORDS.has(value.toLowerCase())) return;
  secrets.set(value, secretPattern(value));
  pattern = null;
}

/** For tests: forgets every registered value. */
export function forgetSecrets(): void {
  secrets.clear();
  pattern = null;
}

/** Every spelling of a secret, character by character: raw, percent-encoded, escaped in JSON or SQL. */
function secretPattern(value: string): string {
  let source = "";
  for (const char of value) source += charPattern(char);
  if (value.length >= WHOLE_WORD_BELOW) return source;
  // `%40` before the value ends in a digit, but is a character of its own.
  return `(?:(?<![A-Za-z0-9])|(?<=%[0-9A-Fa-f]{2}))${source}(?![A-Za-z0-9])`;
}

function charPattern(char: string): string {
  const raw = char.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&");
  if (/^[A-Za-z0-9]$/.test(char)) return raw;
  const forms = [raw];
  const escaped = JSON.stringify(char).slice(1, -1);
  if (escaped !== char) forms.push(escaped.replace(/[\\"]/g, "\\$&"));
  if (char === "'") forms.push("''");
  if (char === " ") forms.push("\\+");
  const percent = [...new TextEncoder().encode(char)].map((byte) =>
    "%" + [...byte.toString(16).padStart(2, "0")].map(hexDigit).join("")
  );
  forms.push(percent.join(""));
  // Longest first: a "%" must not match the start of its own "%25".
  return `(?:${forms.sort((a, b) => b.length - a.length).join("|")})`;
}

function hexDigit(digit: string): string {
  return /[a-f]/.test(digit) ? `[${digit}${digit.toUpperCase()}]` : digit;
}

function secretsPattern(): RegExp | null {
  if (pattern === null && secrets.size > 0) {
    // Longest first: a secret that contains another is hidden whole.
    const sources = [...secrets].sort(([a], [b]) => b.length - a.length).map(([, source]) =>
      source
    );
    pattern = new RegExp(sources.join("|"), "g");
  }
  return pattern;
}

const URL = /\b([a-z][a-z0-9+.-]*):\/\/([^\s"'<>`]+)/gi;
const WEBHOOK = /(hooks\.slack\.com\/(?:services|workflows|triggers))\/[^\s"'<>`]+/gi;
const KEYS =
  "[a-z0-9_]*(?:password|passwd|pwd)|sig|accountkey|sharedaccesssignature|aws_secret_access_key|" +
  "x-amz-signature|x-amz-security-token";
/** `key=value`, the value plain, quoted ('' and "" with backslash escapes) or in ODBC braces. */
const PAIR = new RegExp(
  `((?<![a-z0-9])(?:${KEYS})\\s*=\\s*)('(?:\\\\.|''|[^'\\\\])*'|"(?:\\\\.|[^"\\\\])*"|\\{[^}]*\\}|[^\\s&;,"')]+)`,
  "gi",
);
const JSON_PAIR = /("(?:password|sslpassword|webhook_url)"\s*:\s*)"(?:\\.|[^"\\])*"/gi;

/** A text without its secrets. Idempotent. */
export function redact(text: string, style: RedactStyle = "log"): string {
  const known = secretsPattern();
  return (known === null ? text : text.replace(known, REDACTED))
    .replace(WEBHOOK, `$1/${REDACTED}`)
    .replace(
      URL,
      (_, scheme: string, rest: string) => `${scheme}://${redactRest(rest, scheme, style)}`,
    )
    .replace(PAIR, `$1${REDACTED}`)
    .replace(JSON_PAIR, `$1"${REDACTED}"`);
}

/** What follows `scheme://`, with the password of its userinfo hidden. */
function redactRest(rest: string, scheme: string, style: RedactStyle): string {
  const at = userinfoEnd(rest, scheme);
  if (at < 0) return rest;
  const host = rest.slice(at);
  if (style === "artifact") return REDACTED + host;
  const userinfo = rest.slice(0, at);
  const colon = userinfo.indexOf(":");
  if (colon >= 0) return `${userinfo.slice(0, colon)}:***${host}`;
  // A lone userinfo of a web URL is a token; of a database URL it is the user.
  return /^https?$/i.test(scheme) ? `***${host}` : rest;
}

/**
 * Index of the `@` that ends the userinfo, or -1. A raw `/`, `?` or `@` in a password makes the end
 * ambiguous: the last `@` before the query string is taken, so that nothing of a password is left over.
 */
function userinfoEnd(rest: string, scheme: string): number {
  const authority = /^[^/?#]*/.exec(rest)?.[0] ?? "";
  // A `name:text` whose text is no port is the start of a userinfo that goes on behind a raw "/" or "?".
  const cutPassword = !authority.includes("@") && /^[^[:]*:(?!\d*$)/.test(authority);
  if (cutPassword) return rest.lastIndexOf("@");
  // An "@" in a path is common on the web and in object stores, and unheard of in a database URL.
  if (/^(https?|s3|gs)$/i.test(scheme) && !authority.includes("@")) return -1;
  const query = rest.search(/[?#][\w.-]+=/);
  return (query < 0 ? rest : rest.slice(0, query)).lastIndexOf("@");
}

/** The password of a connection URL, decoded, with the user and database it belongs to. */
export function urlCredentials(
  url: string,
): { readonly user: string; readonly password: string | undefined; readonly database: string } {
  const [, scheme, rest] = /^(?:([a-z][a-z0-9+.-]*):\/\/)?(.*)$/is.exec(url.trim()) ??
    ["", "", url];
  const at = userinfoEnd(rest, scheme ?? "");
  const userinfo = at < 0 ? "" : rest.slice(0, at);
  const colon = userinfo.indexOf(":");
  const database = /^[^/]*\/([^?#]*)/.exec(rest.slice(at + 1))?.[1] ?? "";
  return {
    user: decode(colon < 0 ? userinfo : userinfo.slice(0, colon)),
    password: colon < 0 ? undefined : decode(userinfo.slice(colon + 1)),
    database: decode(database),
  };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // A raw "%" in a password: it is meant as it stands.
    return text;
  }
}

/** Registers the password of a connection URL. */
export function registerUrlSecret(url: string): void {
  const { user, password, database } = urlCredentials(url);
  registerSecret(password, [user, database]);
}

/**
 * A copy of plain configuration data for an artifact (PA9): `password` and `webhook_url` are dropped,
 * URL userinfo becomes `REDACTED`. `*_env` and `*_file` references stay as they are, and so does
 * `query`: changed SQL would read other rows.
 */
export function redactConfig<T>(value: T): T {
  return redactValue(value, "") as T;
}

function redactValue(value: unknown, key: string): unknown {
  if (typeof value === "string") {
    return key === "query" || /_(env|file)$/.test(key) ? value : redact(value, "artifact");
  }
  if (Array.isArray(value)) return value.map((item) => redactValue(item, key));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name]) => name !== "password" && name !== "webhook_url")
      .map(([name, item]) => [name, redactValue(item, name)]),
  );
}
