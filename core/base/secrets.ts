/**
 * What this process knows to be secret, and what it knows to be a name. A secret is hidden wherever it
 * stands, in every spelling; a name never is, also when somebody chose it as a password: what the
 * configuration shows anyway hides nothing, and a plan whose table reads REDACTED cannot be applied.
 */

export const REDACTED = "REDACTED";

/** Counts the steps of a scan, for the tests that hold it linear. */
export interface Meter {
  steps: number;
}

/** How far a value may be hidden by itself, without a URL or a key around it that tells. */
type Reach = "anywhere" | "whole word";

interface Secret {
  readonly value: string;
  readonly reach: Reach;
  /** Per character, every way it may be written; the longest first. */
  readonly spellings: readonly (readonly string[])[];
}

/** Shorter values are ordinary text too often; they are hidden by their place only. */
const MIN_SECRET = 4;
/** Words of Rivet's own output: as a password they hide nothing and would garble everything. */
const PUBLIC_WORDS = new Set(
  "rivet postgres postgresql mysql mariadb mssql password pass user test true false none null data demo"
    .split(" "),
);
/** Below this length a generated value is hidden only as a whole word. */
const WHOLE_WORD_BELOW = 8;

const secrets = new Map<string, Secret>();
/** Secrets by what a match may start with. */
let byStart: Map<string, Secret[]> | null = null;
const names = new Set<string>();

/**
 * A generated value, e.g. a key or token, is replaced from now on in every text that is redacted, in
 * percent-encoded and escaped form too. Values under 4 characters, and those equal to one of
 * `publicValues`, are hidden only in URLs and `password=` pairs.
 */
export function registerSecret(
  value: string | undefined,
  publicValues: readonly (string | undefined)[] = [],
): void {
  if (value === undefined || value.length < MIN_SECRET) return;
  add(value, value.length < WHOLE_WORD_BELOW ? "whole word" : "anywhere", publicValues);
}

/**
 * A password may be a word: only one that is long or random enough is hidden by itself, the others by
 * their place in URLs, pairs and fields.
 */
export function registerPassword(
  value: string | undefined,
  publicValues: readonly (string | undefined)[] = [],
): void {
  const reach = value === undefined ? null : reachOf(value);
  if (value !== undefined && reach !== null) add(value, reach, publicValues);
}

function add(value: string, reach: Reach, publicValues: readonly (string | undefined)[]): void {
  if (publicValues.includes(value) || PUBLIC_WORDS.has(value.toLowerCase())) return;
  if (secrets.get(value)?.reach === "anywhere") return;
  secrets.set(value, { value, reach, spellings: [...value].map(spellingsOf) });
  byStart = null;
}

/** By length and kinds of characters; null for what may as well be a word or a number. */
function reachOf(value: string): Reach | null {
  const kinds = [/[a-z]/, /[A-Z]/, /[0-9]/, /[^A-Za-z0-9]/].filter((k) => k.test(value)).length;
  // Lower-case words in a row are how tables are named.
  if (/^[a-z_-]+$/i.test(value)) return value.length >= 16 ? "whole word" : null;
  if (/^[0-9]+$/.test(value)) return value.length >= 12 ? "whole word" : null;
  if (value.length >= 8 && kinds >= 3 || value.length >= 16) return "anywhere";
  return value.length >= 6 ? "whole word" : null;
}

/** Names of exports, tables, columns, ...: never hidden, nor a part of one. */
export function registerNames(found: Iterable<string>): void {
  for (const name of found) if (name.length >= MIN_SECRET) names.add(name);
}

/** For tests: forgets every registered value. */
export function forgetSecrets(): void {
  secrets.clear();
  names.clear();
  byStart = null;
}

/** Raw, percent-encoded, escaped in JSON or SQL. */
function spellingsOf(char: string): string[] {
  if (/^[A-Za-z0-9]$/.test(char)) return [char];
  const forms = new Set([char, JSON.stringify(char).slice(1, -1)]);
  if (char === "'") forms.add("''");
  if (char === " ") forms.add("+");
  const codes = [...new TextEncoder().encode(char)].map((byte) =>
    byte.toString(16).padStart(2, "0")
  );
  forms.add(codes.map((code) => `%${code}`).join(""));
  forms.add(codes.map((code) => `%${code.toUpperCase()}`).join(""));
  return [...forms].sort((a, b) => b.length - a.length);
}

function candidates(): Map<string, Secret[]> {
  if (byStart !== null) return byStart;
  byStart = new Map();
  // Longest first: a secret that contains another is hidden whole.
  for (const secret of [...secrets.values()].sort((a, b) => b.value.length - a.value.length)) {
    for (const start of new Set(secret.spellings[0].map((form) => form[0]))) {
      byStart.set(start, [...byStart.get(start) ?? [], secret]);
    }
  }
  return byStart;
}

/** The text with every known secret replaced. Takes as many steps as text times secrets, at most. */
export function hideSecrets(text: string, meter?: Meter): string {
  if (secrets.size === 0) return text;
  const starts = candidates();
  let out = "";
  let done = 0;
  for (let at = 0; at < text.length;) {
    if (meter !== undefined) meter.steps++;
    const end = endOfMatch(text, at, starts.get(text[at]), meter);
    if (end < 0) at++;
    else {
      out += text.slice(done, at) + REDACTED;
      at = done = end;
    }
  }
  return done === 0 ? text : out + text.slice(done);
}

function endOfMatch(
  text: string,
  at: number,
  found: readonly Secret[] | undefined,
  meter: Meter | undefined,
): number {
  for (const secret of found ?? []) {
    const end = matchEnd(text, at, secret, meter);
    if (end >= 0 && (secret.reach === "anywhere" || isWord(text, at, end))) {
      if (!isName(text, at, end, meter)) return end;
    }
  }
  return -1;
}

/** Where a spelling of the secret that starts at `at` ends, or -1. */
function matchEnd(text: string, at: number, secret: Secret, meter: Meter | undefined): number {
  // `%25` is a spelling of "%" and begins with it: all ways to go on are followed.
  let ends = [at];
  for (const forms of secret.spellings) {
    const next: number[] = [];
    for (const from of ends) {
      for (const form of forms) {
        if (meter !== undefined) meter.steps++;
        const to = from + form.length;
        if (text.startsWith(form, from) && !next.includes(to)) next.push(to);
      }
    }
    if (next.length === 0) return -1;
    ends = next;
  }
  return Math.max(...ends);
}

function isWord(text: string, start: number, end: number): boolean {
  const before = text[start - 1] ?? "";
  // `%40` before the value ends in a digit, but is a character of its own.
  const encoded = /%[0-9A-Fa-f]{2}$/.test(text.slice(Math.max(0, start - 3), start));
  return (encoded || !/[A-Za-z0-9]/.test(before)) && !/[A-Za-z0-9]/.test(text[end] ?? "");
}

/** Names are no longer; this also bounds the steps. */
const MAX_NAME = 256;
const WORD_CHAR = /[\p{L}\p{N}_]/u;
const NAME_CHAR = /[\p{L}\p{N}_.$-]/u;

function isName(
  text: string,
  start: number,
  end: number,
  meter: Meter | undefined,
): boolean {
  if (names.size === 0) return false;
  if (names.has(text.slice(start, end)) || names.has(around(text, start, end, WORD_CHAR, meter))) {
    return true;
  }
  const whole = around(text, start, end, NAME_CHAR, meter);
  // A name that ends a sentence, or has its schema before it.
  const bare = whole.replace(/^[.-]+|[.-]+$/g, "");
  return names.has(bare) || names.has(bare.slice(bare.indexOf(".") + 1));
}

function around(
  text: string,
  start: number,
  end: number,
  char: RegExp,
  meter: Meter | undefined,
): string {
  let [from, to] = [start, end];
  while (from > 0 && start - from < MAX_NAME && char.test(text[from - 1])) from--;
  while (to < text.length && to - end < MAX_NAME && char.test(text[to])) to++;
  if (meter !== undefined) meter.steps += start - from + to - end;
  return text.slice(from, to);
}
