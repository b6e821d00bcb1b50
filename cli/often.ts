/**
 * `rivet run`, which schedulers start all day, read without the grammar of all commands and without the package that
 * it is written with: loading those and trying them takes a tenth of a small run's time. What is no plain `run` (another
 * command, a question for help, a mistake, anything said twice) is left to that grammar, which says what is wrong.
 */
import { LOG_FORMATS } from "../core/base/log.ts";
import type { Globals } from "./globals.ts";
import { executeRun } from "./run.ts";
import type { RunArgs } from "./run_command.ts";
import type { CommandContext } from "./services.ts";

/** A command line that is understood. */
export interface Understood {
  readonly kind: "invocation";
  readonly invocation: Globals;
  /** @throws RivetError when the command did not do what it was asked to. */
  execute(ctx: CommandContext): Promise<void>;
}

type Invocation = RunArgs & Globals;
type Value = Invocation[keyof Invocation];

/** One option as it is written. */
interface Spelled {
  readonly field: keyof Invocation;
  /** Its value, or null: not a plain one. Absent for a flag. */
  readonly read?: (text: string) => Value | null;
  /** Given as often as one likes: a number of times, or a list of values. */
  readonly repeated?: true;
}

const word = (text: string): string | null => text.trim() === "" ? null : text;

function seconds(text: string): number | null {
  return /^\d{1,9}$/.test(text) ? Number(text) : null;
}

function logFormat(text: string): Globals["logFormat"] | null {
  return LOG_FORMATS.find((format) => format === text) ?? null;
}

/** @returns a list of the one pair. */
function parameter(text: string): RunArgs["params"] | null {
  const at = text.indexOf("=");
  return at < 1 ? null : [[text.slice(0, at), text.slice(at + 1)]];
}

const ANYWHERE: Readonly<Record<string, Spelled>> = {
  "--json-errors": { field: "jsonErrors" },
  "--exit-class": { field: "exitClass" },
  "-q": { field: "quiet" },
  "--quiet": { field: "quiet" },
  "-v": { field: "verbose", repeated: true },
  "--verbose": { field: "verbose", repeated: true },
  "--log-format": { field: "logFormat", read: logFormat },
};

const OF_RUN: Readonly<Record<string, Spelled>> = {
  "-c": { field: "config", read: word },
  "--config": { field: "config", read: word },
  "-e": { field: "export", read: word },
  "--export": { field: "export", read: word },
  "--validate": { field: "validate" },
  "--reconcile": { field: "reconcile" },
  "--resume": { field: "resume" },
  "--resume-or-run": { field: "resumeOrRun" },
  "--force": { field: "force" },
  "--parallel-exports": { field: "parallelExports" },
  "--parallel-export-processes": { field: "parallelExportProcesses" },
  "--lock-wait": { field: "lockWait", read: seconds },
  "--summary-output": { field: "summaryOutput", read: word },
  "--metrics-file": { field: "metricsFile", read: word },
  "--json": { field: "json" },
  "-p": { field: "params", read: parameter, repeated: true },
  "--param": { field: "params", read: parameter, repeated: true },
};

/** Every spelling that is read here, for whoever compares it with the grammar. */
export const OFTEN_SPELLINGS: readonly string[] = [ANYWHERE, OF_RUN].flatMap(Object.keys);

/** As nothing but `--config` is given. */
function unsaid(): Omit<Invocation, "config"> {
  return {
    ...{ command: "run", export: undefined, validate: false, reconcile: false, force: false },
    ...{ resume: false, resumeOrRun: false, parallelExports: false, json: false, lockWait: 0 },
    ...{ parallelExportProcesses: false, summaryOutput: undefined, metricsFile: undefined },
    ...{ params: [], jsonErrors: false, exitClass: false, quiet: false, verbose: 0 },
    logFormat: "text",
  };
}

/** What is said so far; `config` is there when the whole line is read. */
class Reading {
  readonly #values = new Map<keyof Invocation, Value>();
  /** False after anything that is not plain. */
  plain = true;

  /** @param text of the option's value; null where there is none. */
  take(spelled: Spelled | undefined, text: string | null): void {
    const value = spelled === undefined ? null : valueOf(spelled, text);
    if (spelled === undefined || value === null) {
      this.plain = false;
      return;
    }
    const before = this.#values.get(spelled.field);
    if (before === undefined) this.#values.set(spelled.field, value);
    else if (spelled.repeated !== true) this.plain = false;
    else this.#values.set(spelled.field, joined(before, value));
  }

  invocation(): Invocation | null {
    const config = this.#values.get("config");
    if (!this.plain || typeof config !== "string") return null;
    return { ...unsaid(), ...Object.fromEntries(this.#values), config };
  }
}

function valueOf({ read, repeated }: Spelled, text: string | null): Value | null {
  if (read === undefined) return text !== null ? null : repeated === true ? 1 : true;
  return text === null || text.startsWith("-") ? null : read(text);
}

function joined(before: Value, value: Value): Value {
  if (typeof before === "number" && typeof value === "number") return before + value;
  return [...before as RunArgs["params"], ...value as RunArgs["params"]];
}

/** Questions that are answered instead of the command, and spellings that only the whole grammar resolves. */
const NOT_PLAIN = /^(--help|--version|--|-[hV]|-[^-].+)$/;

/** What the whole grammar would make of the arguments, or null: ask it. */
export function parseOften(args: readonly string[]): Understood | null {
  if (args.some((arg) => NOT_PLAIN.test(arg))) return null;
  const reading = new Reading();
  let known = ANYWHERE;
  for (let i = 0; i < args.length && reading.plain; i++) {
    if (args[i] === "run" && known === ANYWHERE) {
      known = { ...ANYWHERE, ...OF_RUN };
      continue;
    }
    const [, name, text] = /^([^=]*)(?:=(.*))?$/s.exec(args[i]) as RegExpExecArray;
    const spelled = Object.hasOwn(known, name) ? known[name] : undefined;
    const follows = spelled?.read !== undefined && text === undefined;
    // `-c=x` is a spelling of its own, which `NOT_PLAIN` has seen.
    reading.take(spelled, follows ? args[++i] ?? null : text ?? null);
  }
  const invocation = known === ANYWHERE ? null : reading.invocation();
  if (invocation === null) return null;
  return { kind: "invocation", invocation, execute: (ctx) => executeRun(invocation, ctx) };
}
