/**
 * `rivet run`, which schedulers start all day, read by its own parser: the grammar of all commands takes a tenth
 * of a small run's time to load and to try. What is no plain `run` (another command, a question for help, a
 * mistake) is left to that grammar, which says what is wrong.
 */
import { merge } from "@optique/core";
import { parseSync } from "@optique/core/parser";
import { globalOptions, type Globals } from "./globals.ts";
import { executeRun, runCommand } from "./run.ts";
import type { CommandContext } from "./services.ts";

/** A command line that is understood. */
export interface Understood {
  readonly kind: "invocation";
  readonly invocation: Globals;
  /** @throws RivetError when the command did not do what it was asked to. */
  execute(ctx: CommandContext): Promise<void>;
}

/** Questions that are answered instead of the command, and spellings that only the whole grammar resolves. */
const NOT_PLAIN = /^(--help|--version|--|-[hV]|-[^-].+)$/;

/** What the whole grammar would make of the arguments, or null: ask it. */
export function parseOften(args: readonly string[]): Understood | null {
  if (args.some((arg) => NOT_PLAIN.test(arg))) return null;
  if (args.find((arg) => !arg.startsWith("-")) !== "run") return null;
  const parsed = parseSync(merge(runCommand, globalOptions), args);
  if (!parsed.success) return null;
  const invocation = parsed.value;
  return { kind: "invocation", invocation, execute: (ctx) => executeRun(invocation, ctx) };
}
