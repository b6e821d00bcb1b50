/** `reference/cli.md`: every command and option, from the grammar. */
import { type CommandInfo, describeCommandLine, type OptionInfo } from "../../cli/describe_cli.ts";
import { COMMAND_LINE } from "../../cli/grammar.ts";
import { cell, code, GENERATED, table } from "./markdown.ts";

export function cliPage(): string {
  const { commands } = describeCommandLine(COMMAND_LINE);
  const everywhere = commonOptions(commands);
  return [
    GENERATED,
    "# Command line\n",
    `\`rivet COMMAND --help\` shows the same with examples. Results go to stdout, logs and progress to
stderr. Exit codes: 0 all good, 1 an export or check failed, 2 configuration or usage error, 4 schema
drift under \`on_schema_drift: fail\`, 130 interrupted.\n`,
    "Every command takes:\n",
    `${optionTable(everywhere)}\n`,
    ...commands.map((command) => commandSection(command, everywhere)),
  ].join("\n");
}

const key = ({ names }: OptionInfo): string => names.join(" ");

function commonOptions(commands: readonly CommandInfo[]): OptionInfo[] {
  const [first, ...rest] = commands;
  return first.options.filter((option) =>
    rest.every(({ options }) => options.some((other) => key(other) === key(option)))
  );
}

function commandSection({ name, description, options }: CommandInfo, everywhere: OptionInfo[]) {
  const common = new Set(everywhere.map(key));
  const own = options.filter((option) => !common.has(key(option)));
  const lines = [`## \`rivet ${name}\`\n`, `${description}\n`];
  if (own.length > 0) lines.push(`${optionTable(own)}\n`);
  return lines.join("\n");
}

function optionTable(options: readonly OptionInfo[]): string {
  return table(
    ["option", "meaning"],
    options.map(({ names, metavar, description, default: fallback }) => {
      const flag = names.length === 1 && names[0] === metavar
        ? code(metavar)
        : code(`${names.join(", ")}${metavar === null ? "" : ` ${metavar}`}`);
      return [cell(flag), cell(description + (fallback === null ? "" : ` Default: ${fallback}.`))];
    }),
  );
}
