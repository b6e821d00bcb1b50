/** One form for every command's help: brief, usage, description, options, examples. */
import { command, lineBreak, type Message, text } from "@optique/core";
import type { Mode, Parser } from "@optique/core";

export interface CommandHelp {
  /** One line, for the list of commands. */
  readonly brief: string;
  readonly description: string;
  /** What follows the command's name in its usage line; every option is listed below it anyway. */
  readonly usage: string;
  /** Command line and what it is for. */
  readonly examples: readonly (readonly [string, string])[];
}

// The return type is the parser's own, which only inference can spell.
/** A command whose help has every section of `CommandHelp`. */
export function defineCommand<M extends Mode, T, S>(
  name: string,
  parser: Parser<M, T, S>,
  help: CommandHelp,
) {
  return command(name, parser, {
    brief: [text(help.brief)],
    description: [text(help.description)],
    footer: renderExamples(help.examples),
    usageLine: help.usage.split(" ").map((value) => ({ type: "literal", value })),
  });
}

function renderExamples(examples: CommandHelp["examples"]): Message {
  const width = Math.max(...examples.map(([line]) => line.length));
  return [
    text("Examples:"),
    ...examples.flatMap(([line, purpose]) => [
      lineBreak(),
      text(`  ${line.padEnd(width)}  # ${purpose}`),
    ]),
  ];
}
