/**
 * Logging for the whole program, Workers included. A line is one text; where it is shown is decided
 * once per thread by `configureLogging`: the main thread writes to stderr, a Worker posts its entries
 * and the main thread hands them to `relog`. Before it is configured, nothing is logged.
 */
import { printable } from "./printable.ts";
import { redact } from "./redact.ts";

/** From the least to the most talkative. */
export const LOG_LEVELS = ["error", "warn", "info", "debug", "trace"] as const;
/** Each level shows itself and those before it in `LOG_LEVELS`. */
export type LogLevel = typeof LOG_LEVELS[number];

/** What a line is about, e.g. `export`, `run_id`, `chunk`, `rows`, `bytes`, `ms`. The names are public API. */
export type LogFields = Readonly<Record<string, string | number | boolean | null>>;

/** One line of the log, without secrets and control characters. Structured-clone safe. */
export interface LogEntry {
  readonly level: LogLevel;
  readonly text: string;
  /** Absent: the text says it all. */
  readonly fields?: LogFields;
}

/** A method a level. The text says it to people; `fields` says the same to programs. */
export type Log = Readonly<Record<LogLevel, (text: string, fields?: LogFields) => void>>;

/** What is in force in this thread; nothing is logged before `configureLogging`. */
let current: { readonly level: LogLevel; readonly sink: (entry: LogEntry) => void } = {
  level: "warn",
  sink: () => {},
};

/** Whether `level` shows more than `than` does. */
export function isMoreTalkative(level: LogLevel, than: LogLevel): boolean {
  return LOG_LEVELS.indexOf(level) > LOG_LEVELS.indexOf(than);
}

/** Whether lines of this level are shown, for whoever would have to work for a line. */
export function logs(level: LogLevel): boolean {
  return !isMoreTalkative(level, current.level);
}

const clean = (text: string): string => printable(redact(text));

function log(level: LogLevel, text: string, fields?: LogFields): void {
  if (!logs(level)) return;
  const entry = { level, text: clean(text) };
  current.sink(fields === undefined ? entry : { ...entry, fields: cleanFields(fields) });
}

function cleanFields(fields: LogFields): LogFields {
  return Object.fromEntries(
    Object.entries(fields).map(([key, value]) => [
      key,
      typeof value === "string" ? clean(value) : value,
    ]),
  );
}

const LOG: Log = {
  error: (text, fields) => log("error", text, fields),
  warn: (text, fields) => log("warn", text, fields),
  info: (text, fields) => log("info", text, fields),
  debug: (text, fields) => log("debug", text, fields),
  trace: (text, fields) => log("trace", text, fields),
};

/** The program's log. Texts are taken as they are: braces in them mean nothing. */
export function logger(): Log {
  return LOG;
}

/** The level in force in this thread, for handing to a Worker. */
export function logLevel(): LogLevel {
  return current.level;
}

/** Sets this thread's level and where its entries go; may be called again to change both. */
export function configureLogging(
  options: { level: LogLevel; sink: (entry: LogEntry) => void },
): void {
  current = options;
}

/** Logs an entry that a Worker or a child process sent. */
export function relog(entry: LogEntry): void {
  logger()[entry.level](entry.text, entry.fields);
}

/** What the environment asks for; `problem` says what in it was not understood. */
export interface EnvLevel {
  readonly level: LogLevel | null;
  readonly problem: string | null;
}

/**
 * `RIVET_LOG`, else `RUST_LOG`. Both take a level or a comma-separated filter list such as
 * `warn,rivet=debug`, of which a `rivet` entry wins over the bare level; other targets are ignored.
 */
export function levelFromEnv(env: (name: string) => string | undefined): EnvLevel {
  for (const name of ["RIVET_LOG", "RUST_LOG"]) {
    const value = env(name)?.trim();
    if (!value) continue;
    const level = parseFilter(value);
    if (level !== null) return { level, problem: null };
    // RUST_LOG may well speak to other programs only; RIVET_LOG speaks to this one.
    if (name === "RIVET_LOG") {
      return {
        level: null,
        problem: `RIVET_LOG=${value} is not a level; use one of ${LOG_LEVELS.join(", ")}`,
      };
    }
  }
  return { level: null, problem: null };
}

function parseFilter(value: string): LogLevel | null {
  let bare: LogLevel | null = null;
  for (const directive of value.split(",")) {
    const [target, level] = directive.includes("=")
      ? directive.split("=", 2).map((part) => part.trim())
      : ["", directive.trim()];
    const known = LOG_LEVELS.find((l) => l === level.toLowerCase());
    if (known === undefined) continue;
    if (target === "rivet") return known;
    if (target === "") bare = known;
  }
  return bare;
}

const COLORS: Record<LogLevel, string> = {
  error: "\x1b[31m",
  warn: "\x1b[33m",
  info: "\x1b[32m",
  debug: "\x1b[36m",
  trace: "\x1b[2m",
};

/** `WARN text`, the level coloured when asked to. */
export function formatEntry(entry: LogEntry, color: boolean): string {
  const name = entry.level.toUpperCase();
  return `${color ? `${COLORS[entry.level]}${name}\x1b[0m` : name} ${entry.text}`;
}

/**
 * One JSON object: `time` (ISO 8601 UTC), `level`, `msg`, then the entry's fields.
 * A field cannot take the place of one of the three.
 */
export function jsonEntry({ level, text, fields }: LogEntry, at: Date): string {
  return JSON.stringify({ ...{ time: at.toISOString(), level, msg: text }, ...withoutOwn(fields) });
}

function withoutOwn(fields: LogFields = {}): LogFields {
  const { time: _time, level: _level, msg: _msg, ...rest } = fields;
  return rest;
}

/** How lines are written. */
export const LOG_FORMATS = ["text", "json"] as const;
export type LogFormat = typeof LOG_FORMATS[number];
