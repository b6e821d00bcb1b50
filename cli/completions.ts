/**
 * `rivet completions`: prints a shell's completion script, which asks `rivet completions SHELL WORD...`
 * for suggestions as the user types.
 */
import { constant, type InferValue, message, multiple, object } from "@optique/core";
import { bash, fish, pwsh, type ShellCompletion, zsh } from "@optique/core/completion";
import { argument } from "@optique/core/primitives";
import { choice, string } from "@optique/core/valueparser";
import { defineCommand } from "./define.ts";
import type { CommandContext } from "./services.ts";

export const SHELLS: Readonly<Record<"bash" | "zsh" | "fish" | "powershell", ShellCompletion>> = {
  bash,
  zsh,
  fish,
  powershell: pwsh,
};

export type ShellName = keyof typeof SHELLS;

export function isShell(name: string | undefined): name is ShellName {
  return name !== undefined && Object.hasOwn(SHELLS, name);
}

const options = object({
  command: constant("completions"),
  shell: argument(choice(["bash", "zsh", "fish", "powershell"], { metavar: "SHELL" }), {
    description: message`The shell to complete in.`,
  }),
  words: multiple(
    argument(string({ metavar: "WORD" }), {
      description: message`What is typed so far; given by the script itself.`,
      hidden: true,
    }),
  ),
});

export type CompletionsArgs = InferValue<typeof options>;

export const completionsCommand = defineCommand("completions", options, {
  brief: "Print a shell completion script.",
  description:
    "Prints the script for bash, zsh, fish or powershell. Commands, flags, their values and " +
    "the export names of the config on the command line are completed.",
  usage: "SHELL",
  examples: [
    ["rivet completions bash > ~/.local/share/bash-completion/completions/rivet", "bash"],
    ["rivet completions zsh > ~/.zfunc/_rivet", "zsh"],
    ["rivet completions fish > ~/.config/fish/completions/rivet.fish", "fish"],
    ["rivet completions powershell > _rivet.ps1", "PowerShell"],
  ],
});

/** Suggestions themselves are answered before parsing: see `suggest.ts`. */
export function executeCompletions(args: CompletionsArgs, ctx: CommandContext): Promise<void> {
  ctx.screen.result(SHELLS[args.shell].generateScript("rivet", ["completions", args.shell]));
  return Promise.resolve();
}
