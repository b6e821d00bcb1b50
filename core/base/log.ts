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

/** One line of the log, without secrets and control characters. Structured-clone safe. */
export interface LogEntry {
  readonly level: LogLevel;
  readonly text: string;
}

export interface Log {
  error(text: string): void;
  warn(text: string): void;
  info(text: string): void;
  debug(text: string): void;
  trace(text: string): void;
}

/** What is in force in this thread; nothing is logged before `configureLogging`. */
let current: { readonly level: LogLevel; readonly sink: (entry: LogEntry) => void } = {
  level: "warn",
  sink: () => {},
};

function log(level: LogLevel, text: string): void {
  if (LOG_LEVELS.indexOf(level) > LOG_LEVELS.indexOf(current.level)) return;
  current.sink({ level, text: printable(redact(text)) });
}

const LOG: Log = {
  error: (text) => log("error", text),
  warn: (text) => log("warn", text),
  info: (text) => log("info", text),
  debug: (text) => log("debug", text),
  trace: (text) => log("trace", text),
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
  logger()[entry.level](entry.text);
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
