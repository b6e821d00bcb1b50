/** The command line as data, read off the grammar: for `rivet schema cli` and the generated reference. */
import { formatMessage, type Message } from "@optique/core";
import { getDocPageSync, type Parser } from "@optique/core/parser";
import { RIVET_VERSION } from "../core/base/version.ts";

export interface OptionInfo {
  /** `["-c", "--config"]`, or `["SHELL"]` for a positional argument. */
  readonly names: readonly string[];
  readonly metavar: string | null;
  readonly description: string;
  readonly default: string | null;
}

export interface CommandInfo {
  readonly name: string;
  readonly description: string;
  readonly options: readonly OptionInfo[];
}

export interface CommandLineInfo {
  readonly rivet_version: string;
  readonly commands: readonly CommandInfo[];
}

/** The commands and their parser; handed in, because the grammar knows the command that prints this. */
export interface CommandLine {
  readonly grammar: Parser<"sync", unknown, unknown>;
  /** Command -> its subcommands; none for a command that runs by itself. */
  readonly tree: Readonly<Record<string, readonly string[]>>;
}

function plain(message: Message | undefined): string {
  return message === undefined ? "" : formatMessage(message, { colors: false, quotes: false });
}

function describeCommand({ grammar }: CommandLine, path: readonly string[]): CommandInfo {
  const page = getDocPageSync(grammar, path);
  const options: OptionInfo[] = [];
  for (
    const { term, description, default: fallback } of page?.sections.flatMap((s) => s.entries) ?? []
  ) {
    const common = { description: plain(description), default: plain(fallback) || null };
    if (term.type === "option") {
      options.push({ names: term.names, metavar: term.metavar ?? null, ...common });
    } else if (term.type === "argument") {
      options.push({ names: [term.metavar], metavar: term.metavar, ...common });
    }
  }
  return { name: path.join(" "), description: plain(page?.description), options };
}

export function describeCommandLine(line: CommandLine): CommandLineInfo {
  const paths = Object.entries(line.tree).flatMap(([name, subcommands]) =>
    subcommands.length === 0 ? [[name]] : subcommands.map((sub) => [name, sub])
  );
  return {
    rivet_version: RIVET_VERSION,
    commands: paths.map((path) => describeCommand(line, path)),
  };
}
