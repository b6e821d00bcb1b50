/** `rivet schema`: machine-readable forms of the configuration and of the command line. */
import { constant, object, or } from "@optique/core";
import { defineCommand } from "./define.ts";
import type { CommandLine } from "./describe_cli.ts";
import { toJson } from "./render/json.ts";
import type { CommandContext } from "./services.ts";

export const SCHEMA_SUBCOMMANDS = ["config", "cli"] as const;

export const schemaCommand = defineCommand(
  "schema",
  or(
    defineCommand("config", object({ command: constant("schema config") }), {
      brief: "Print the JSON Schema of rivet.yaml.",
      description:
        "Prints the JSON Schema that this version checks rivet.yaml against, for editors: " +
        "save it and write `# yaml-language-server: $schema=./rivet.schema.json` on the file's first line.",
      usage: "",
      examples: [["rivet schema config > rivet.schema.json", "for an editor"]],
    }),
    defineCommand("cli", object({ command: constant("schema cli") }), {
      brief: "Print the command line as JSON.",
      description: "Prints every command with its options, their descriptions and defaults.",
      usage: "",
      examples: [["rivet schema cli | jq '.commands[].name'", "the commands"]],
    }),
  ),
  {
    brief: "Print machine-readable schemas.",
    description: "The schemas come from the definitions that this version itself works with.",
    usage: "COMMAND",
    examples: [
      ["rivet schema config > rivet.schema.json", "the configuration"],
      ["rivet schema cli", "the command line"],
    ],
  },
);

export async function executeSchemaConfig(ctx: CommandContext): Promise<void> {
  const { configJsonSchema }: typeof import("../core/config/json_schema.ts") = await import(
    "../core/config/json_schema.ts" as string
  );
  ctx.screen.json(toJson(configJsonSchema()));
}

export async function executeSchemaCli(ctx: CommandContext, line: CommandLine): Promise<void> {
  const { describeCommandLine }: typeof import("./describe_cli.ts") = await import(
    "./describe_cli.ts" as string
  );
  ctx.screen.json(toJson(describeCommandLine(line)));
}
