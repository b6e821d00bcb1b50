/** `rivet permissions`: the narrowest permission flags that a configuration runs with. */
import { constant, type InferValue, message, multiple, object, option } from "@optique/core";
import { defineCommand } from "./define.ts";
import { filePath } from "./path_value.ts";
import { loadConfig } from "./load.ts";
import { configOption, jsonOption, parallelProcessesOption, paramsOption } from "./options.ts";
import { parameters } from "./params.ts";
import { toJson } from "./render/json.ts";
import type { CommandContext } from "./services.ts";

const options = object({
  command: constant("permissions"),
  config: configOption,
  params: paramsOption,
  paths: multiple(
    option("--path", filePath({ metavar: "PATH" }), {
      description:
        message`A further file or folder that commands read and write: plans, reports, --summary-output. Repeatable.`,
    }),
  ),
  processes: parallelProcessesOption,
  compile: option("--compile", {
    description: message`Flags for deno compile: without the program's own files.`,
  }),
  json: jsonOption,
});

export type PermissionsArgs = InferValue<typeof options>;

export const permissionsCommand = defineCommand("permissions", options, {
  brief: "Print the narrowest deno permission flags for a config.",
  description: "One flag per line for `deno run` (or `deno compile` with --compile): the hosts, " +
    "files, variables and programs that the config's source, destinations, state and notifications " +
    "need, as the environment of this moment has them, and nothing else. What a flag leaves out " +
    "fails with an error that names it. Connects to nothing.",
  usage: "--config PATH [OPTIONS]",
  examples: [
    ["rivet permissions -c rivet.yaml", "one flag per line"],
    ["rivet permissions -c rivet.yaml --compile", "for an executable of this config"],
    ["rivet permissions -c rivet.yaml --json", "also as a permission set of a deno.json"],
  ],
});

/** @throws ConfigError for a configuration that cannot be opened as it is. */
export async function executePermissions(
  args: PermissionsArgs,
  ctx: CommandContext,
): Promise<void> {
  const config = await loadConfig(ctx, args.config, parameters(args.params));
  const { flags, permissions, notes } = await ctx.services.permissions({
    config,
    paths: args.paths,
    processes: args.processes || config.config.parallel_export_processes === true,
    compile: args.compile,
  });
  if (args.json) {
    ctx.screen.json(toJson({ flags, permissions, notes }));
    return;
  }
  ctx.screen.result(flags.join("\n"));
  for (const note of notes) ctx.screen.line(`note: ${note}`);
}
