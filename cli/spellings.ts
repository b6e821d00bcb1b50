/** Ways of writing the same arguments that users bring along: `-cFILE`, `-c=FILE`, `rivet help run`. */
import { getDocPageSync } from "@optique/core/parser";
import { COMMAND_TREE, grammar } from "./grammar.ts";

/** The arguments as the grammar takes them. Everything behind `--` stays. */
export function usualSpelling(args: readonly string[]): string[] {
  const end = args.indexOf("--");
  const own = end < 0 ? args : args.slice(0, end);
  const rest = end < 0 ? [] : args.slice(end);
  const spelled = helpCommand(own);
  // Looking up which options take a value takes longer than parsing.
  if (!spelled.some(isAttached)) return [...spelled, ...rest];
  const taking = shortOptionsWithValue(spelled);
  return [...spelled.flatMap((arg) => detached(arg, taking)), ...rest];
}

/** `help state files` -> `state files --help`. */
function helpCommand(args: readonly string[]): readonly string[] {
  return args[0] === "help" ? [...args.slice(1), "--help"] : args;
}

/** A letter's option with something behind it. */
function isAttached(arg: string): boolean {
  return arg.length > 2 && arg.startsWith("-") && !arg.startsWith("--");
}

/** `-cFILE` and `-c=FILE` -> `-c FILE`, for options that take a value. */
function detached(arg: string, taking: ReadonlySet<string>): string[] {
  const name = arg.slice(0, 2);
  if (!isAttached(arg) || !taking.has(name)) return [arg];
  return [name, arg.slice(arg[2] === "=" ? 3 : 2)];
}

/** `-c`, `-e`, ...: of the command that is named. */
function shortOptionsWithValue(args: readonly string[]): ReadonlySet<string> {
  const [first, second] = args.filter((arg) => !arg.startsWith("-"));
  if (first === undefined || !(first in COMMAND_TREE)) return new Set();
  const path = COMMAND_TREE[first].includes(second) ? [first, second] : [first];
  const entries = getDocPageSync(grammar, path)?.sections.flatMap((s) => s.entries) ?? [];
  return new Set(
    entries.flatMap(({ term }) =>
      term.type === "option" && term.metavar !== undefined
        ? term.names.filter((name) => /^-[a-zA-Z]$/.test(name))
        : []
    ),
  );
}
