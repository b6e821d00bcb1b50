/** Arguments to an invocation, a text to print, or a usage error that says what was meant. */
import { formatMessage, type Message, message } from "@optique/core";
import { runParser } from "@optique/core/facade";
import { getDocPageSync } from "@optique/core/parser";
import { extractOptionNames, type Usage } from "@optique/core/usage";
import { ConfigError } from "../core/base/errors.ts";
import { nearest } from "../core/base/suggest.ts";
import { RIVET_VERSION } from "../core/base/version.ts";
import { globalOptions } from "./global_options.ts";
import { COMMAND_TREE, grammar, type Invocation } from "./grammar.ts";
import { usualSpelling } from "./spellings.ts";

export type Parsed =
  | { readonly kind: "invocation"; readonly invocation: Invocation }
  /** Help or version, asked for. */
  | { readonly kind: "text"; readonly text: string }
  /** No command, or a group without its subcommand: a usage error that deserves the help page. */
  | { readonly kind: "incomplete"; readonly help: string; readonly error: ConfigError };

export interface ParseOptions {
  /** Help is wrapped to this many columns. */
  readonly width: number;
  readonly color: boolean;
}

/** @throws ConfigError USAGE */
export function parseArgs(given: readonly string[], options: ParseOptions): Parsed {
  const args = usualSpelling(given);
  const path = commandPath(args);
  if (isIncomplete(args, path)) return incomplete(path, options);
  return parse(args, path, options);
}

function parse(args: readonly string[], path: readonly string[], options: ParseOptions): Parsed {
  const printed: string[] = [];
  let shown = false;
  const onShow = () => {
    shown = true;
  };
  const group = "Global options";
  const invocation = runParser(grammar, "rivet", args, {
    brief: message`Extract tables and queries from databases into Parquet and CSV files.`,
    footer: message`Run ${{
      type: "commandLine",
      commandLine: "rivet COMMAND --help",
    }} for a command's options and examples.`,
    usageLine: ROOT_USAGE,
    help: { option: { names: ["-h", "--help"], group }, onShow },
    version: {
      value: `rivet ${RIVET_VERSION}`,
      option: { names: ["-V", "--version"], group },
      onShow,
    },
    aboveError: "none",
    colors: options.color,
    maxWidth: Math.max(60, options.width),
    termWidth: "auto",
    showDefault: { prefix: " (default: ", suffix: ")" },
    commandList: "top-level",
    stdout: (chunk) => printed.push(chunk),
    stderr: () => {}, // `onError` throws the same text
    onError: (_code, error) => {
      throw usageError(error, args, path);
    },
  });
  if (shown) return { kind: "text", text: trimLines(printed.join("\n")) };
  return { kind: "invocation", invocation };
}

/** Wrapping leaves blanks at the ends of lines. */
function trimLines(text: string): string {
  return text.replace(/[ \t]+$/gm, "").trimEnd();
}

const ROOT_USAGE: Usage = ["[--json-errors]", "COMMAND", "[OPTIONS]"]
  .map((value) => ({ type: "literal", value }));

/** The words that name a command, e.g. `["state", "files"]`; flags may stand between them. */
function commandPath(args: readonly string[]): string[] {
  const [first, second] = args.filter((arg) => !arg.startsWith("-"));
  if (first === undefined || !(first in COMMAND_TREE)) return [];
  return COMMAND_TREE[first].includes(second) ? [first, second] : [first];
}

/** True when there is nothing but a command group, or nothing at all, beside global flags. */
function isIncomplete(args: readonly string[], path: readonly string[]): boolean {
  const complete = path.length === 2 || (path.length === 1 && COMMAND_TREE[path[0]].length === 0);
  if (complete) return false;
  const flags = extractOptionNames(globalOptions.usage);
  return args.every((arg) => path.includes(arg) || flags.has(arg));
}

function incomplete(path: readonly string[], options: ParseOptions): Parsed {
  const help = parse([...path, "--help"], path, options);
  const name = ["rivet", ...path].join(" ");
  const words = path.length === 0 ? Object.keys(COMMAND_TREE) : COMMAND_TREE[path[0]];
  const error = new ConfigError(`\`${name}\` needs a command`, [], {
    code: "USAGE",
    hint: `Use one of: ${words.join(", ")}.`,
  });
  return { kind: "incomplete", help: help.kind === "text" ? help.text : "", error };
}

function usageError(error: Message, args: readonly string[], path: readonly string[]): Error {
  const [reason, suggestion] = formatMessage(error).split("\n\n");
  const help = `See \`${["rivet", ...path].join(" ")} --help\`.`;
  const elsewhere = commandElsewhere(args, path);
  if (elsewhere !== undefined) return elsewhere;
  const meant = meantFlag(args, path) ?? meantCommand(args, path) ?? unlessTyped(suggestion, args);
  return new ConfigError(reason.replace(/\.$/, ""), [], {
    code: "USAGE",
    hint: meant === undefined ? help : `${meant.replace(/\s*\n\s*/g, " ")} ${help}`,
  });
}

/** `rivet state metrics`: the word is a command, but not one of this group. */
function commandElsewhere(
  args: readonly string[],
  path: readonly string[],
): ConfigError | undefined {
  const word = unknownWord(args, path);
  if (word === undefined || path.length === 0 || !(word in COMMAND_TREE)) return undefined;
  const [group] = path;
  return new ConfigError(`\`rivet ${group}\` has no command \`${word}\``, [], {
    code: "USAGE",
    hint: `\`rivet ${word}\` is a command of its own; those of \`rivet ${group}\` are: ` +
      `${COMMAND_TREE[group].join(", ")}.`,
  });
}

/** The grammar may suggest the very word that stands in a place where it cannot. */
function unlessTyped(
  suggestion: string | undefined,
  args: readonly string[],
): string | undefined {
  const words = [...suggestion?.matchAll(/`([^`]+)`/g) ?? []].map((match) => match[1]);
  // `-l5` is `-l`, too.
  const typed = (word: string) =>
    args.some((arg) => arg === word || (/^-[a-zA-Z]$/.test(word) && arg.startsWith(word)));
  return words.some(typed) ? undefined : suggestion;
}

/** The grammar's own suggestion also names commands that look like a mistyped flag. */
function meantFlag(args: readonly string[], path: readonly string[]): string | undefined {
  const page = getDocPageSync(grammar, path);
  const entries = page?.sections.flatMap((section) => section.entries) ?? [];
  const flags: string[] = entries.flatMap(({ term }) =>
    term.type === "option" ? [...term.names] : []
  );
  const end = args.indexOf("--");
  const given = (end < 0 ? args : args.slice(0, end)).filter((arg) => arg.startsWith("--"));
  const unknown = given.map((arg) => arg.split("=", 1)[0]).find((name) => !flags.includes(name));
  const near = unknown === undefined ? undefined : nearest(unknown, flags);
  return near === undefined ? undefined : `Did you mean \`${near}\`?`;
}

function meantCommand(args: readonly string[], path: readonly string[]): string | undefined {
  const word = unknownWord(args, path);
  if (word === undefined) return undefined;
  const known = path.length === 0 ? Object.keys(COMMAND_TREE) : COMMAND_TREE[path[0]];
  const near = nearest(word, known);
  return near === undefined ? undefined : `Did you mean \`${near}\`?`;
}

/** The word that stands where a command or subcommand is expected. */
function unknownWord(args: readonly string[], path: readonly string[]): string | undefined {
  const complete = path.length === 2 || (path.length === 1 && COMMAND_TREE[path[0]].length === 0);
  if (complete) return undefined;
  return args.filter((arg) => !arg.startsWith("-"))[path.length];
}
