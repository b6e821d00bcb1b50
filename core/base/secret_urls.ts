/**
 * Passwords inside URLs, found by the grammar of a URL in running text. A raw `/`, `?`, `#` or `@` in a
 * password makes its end ambiguous; then more is hidden, so that nothing of a password is left over.
 * One pass: every character is looked at a bounded number of times.
 */
import { type Meter, REDACTED } from "./secrets.ts";

/**
 * `log`: a URL keeps its user, `postgres://user:***@host`. `artifact`: the whole userinfo goes,
 * `postgres://REDACTED@host`, since an artifact is passed on (PA9).
 */
export type RedactStyle = "log" | "artifact";

/** Schemes whose paths and queries hold an "@" every day; those of databases never do. */
const PATHS_WITH_AT = new Set(
  ["http", "https", "s3", "gs", "gcs", "az", "azure", "abfs", "abfss", "wasb", "wasbs", "file"],
);
const SCHEME_CHAR = /[A-Za-z0-9+.-]/;
const URL_END = /[\s"'<>`]/;

/** One URL in a text: from behind its `://` to the end of the run of characters it stands in. */
interface Place {
  readonly scheme: string;
  readonly start: number;
  readonly end: number;
  /** Of the run, or -1. */
  readonly lastAt: number;
}

/** The text with the password of every URL hidden. */
export function hideUrlPasswords(text: string, style: RedactStyle, meter?: Meter): string {
  let out = "";
  let done = 0;
  let run = { end: 0, lastAt: -1 };
  for (let at = text.indexOf("://"); at >= 0; at = text.indexOf("://", Math.max(at + 3, done))) {
    const scheme = schemeBefore(text, at, done, meter);
    const start = at + 3;
    if (start >= run.end) run = runFrom(text, start, meter);
    if (scheme === "") continue;
    const userEnd = userinfoEnd(text, { scheme, start, ...run }, meter);
    if (userEnd < 0) continue;
    out += text.slice(done, start) + shown(text.slice(start, userEnd), scheme, style);
    done = userEnd;
  }
  if (meter !== undefined) meter.steps += text.length;
  return done === 0 ? text : out + text.slice(done);
}

function schemeBefore(text: string, at: number, from: number, meter?: Meter): string {
  let start = at;
  while (start > from && SCHEME_CHAR.test(text[start - 1])) {
    start--;
    if (meter !== undefined) meter.steps++;
  }
  while (start < at && !/[A-Za-z]/.test(text[start])) start++;
  return text.slice(start, at).toLowerCase();
}

function runFrom(text: string, start: number, meter?: Meter): { end: number; lastAt: number } {
  let lastAt = -1;
  let end = start;
  for (; end < text.length && !URL_END.test(text[end]); end++) if (text[end] === "@") lastAt = end;
  if (meter !== undefined) meter.steps += end - start;
  return { end, lastAt };
}

/** Index of the `@` that ends the userinfo, or -1. */
function userinfoEnd(text: string, { scheme, start, end, lastAt }: Place, meter?: Meter): number {
  if (lastAt < start) return -1;
  if (!PATHS_WITH_AT.has(scheme)) return lastAt;
  let authorityAt = -1;
  let stop = start;
  for (; stop < end && !"/?#".includes(text[stop]); stop++) {
    if (text[stop] === "@") authorityAt = stop;
  }
  if (meter !== undefined) meter.steps += stop - start;
  // `user:aa@bb?rest@host`: a host is followed by a path before a query, as these are written.
  if (authorityAt >= 0) return stop < end && text[stop] !== "/" ? lastAt : authorityAt;
  // A `name:text` whose text is no port is the start of a userinfo that goes on behind a raw "/" or "?".
  return /^[^[:]*:(?!\d*$)/.test(text.slice(start, stop)) ? lastAt : -1;
}

function shown(userinfo: string, scheme: string, style: RedactStyle): string {
  if (style === "artifact") return REDACTED;
  const colon = userinfo.indexOf(":");
  if (colon >= 0) return `${userinfo.slice(0, colon)}:***`;
  // A lone userinfo of a web URL is a token; of a database URL it is the user.
  return /^https?$/.test(scheme) ? "***" : userinfo;
}

export interface UrlCredentials {
  readonly user: string;
  readonly password: string | undefined;
  readonly database: string;
}

/** The password of a connection URL, decoded, with the user and database it belongs to. */
export function urlCredentials(url: string): UrlCredentials {
  const rest = restOf(url);
  const query = rest.search(/[?#][\w.-]+=/);
  return credentialsAt(rest, (query < 0 ? rest : rest.slice(0, query)).lastIndexOf("@"));
}

/** Every password that the URL may be meant to hold: raw special characters leave a choice. */
export function possiblePasswords(url: string): string[] {
  const rest = restOf(url);
  const readings = [urlCredentials(url), credentialsAt(rest, rest.lastIndexOf("@"))];
  return [...new Set(readings.flatMap(({ password }) => password ?? []))];
}

function restOf(url: string): string {
  return url.trim().replace(/^[a-z][a-z0-9+.-]{0,63}:\/\//i, "");
}

function credentialsAt(rest: string, at: number): UrlCredentials {
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
