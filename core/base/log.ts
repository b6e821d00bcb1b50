/**
 * Logging for the whole program, Workers included. A line is one text; where it is shown is decided
 * once per thread by `configureLogging`: the main thread writes to stderr, a Worker posts its entries
 * and the main thread hands them to `relog`. Before it is configured, nothing is logged.
 */
import { configureSync, getLogger } from "@logtape/logtape";
import type { LogLevel as TapeLevel, LogRecord } from "@logtape/logtape";
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

const TAPE_LEVELS: Record<LogLevel, TapeLevel> = {
  error: "error",
  warn: "warning",
  info: "info",
  debug: "debug",
  trace: "trace",
};

const LEVELS: Record<TapeLevel, LogLevel> = {
  fatal: "error",
  error: "error",
  warning: "warn",
  info: "info",
  debug: "debug",
  trace: "trace",
};

/** The program's log. Texts are taken as they are: braces in them mean nothing. */
export function logger(): Log {
  const tape = getLogger(["rivet"]);
  // The template form keeps `{date}` in a text from being read as a placeholder.
  return {
    error: (text) => tape.error`${text}`,
    warn: (text) => tape.warn`${text}`,
    info: (text) => tape.info`${text}`,
    debug: (text) => tape.debug`${text}`,
    trace: (text) => tape.trace`${text}`,
  };
}

let current: LogLevel = "warn";

/** The level in force in this thread, for handing to a Worker. */
export function logLevel(): LogLevel {
  return current;
}

/** Sets this thread's level and where its entries go; may be called again to change both. */
export function configureLogging(
  options: { level: LogLevel; sink: (entry: LogEntry) => void },
): void {
  current = options.level;
  const sink = (record: LogRecord) =>
    options.sink({
      level: LEVELS[record.level],
      text: printable(redact(record.message.map((part) => String(part)).join(""))),
    });
  configureSync({
    reset: true,
    sinks: { entries: sink },
    loggers: [
      { category: ["rivet"], sinks: ["entries"], lowestLevel: TAPE_LEVELS[options.level] },
      { category: ["logtape", "meta"], sinks: ["entries"], lowestLevel: "warning" },
    ],
  });
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
