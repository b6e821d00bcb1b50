/** The whole command line: every command, and who executes it. */
import { type InferValue, merge, or } from "@optique/core";
import { globalOptions } from "./globals.ts";
import { executeMetrics, metricsCommand } from "./metrics.ts";
import { executeRun, runCommand } from "./run.ts";
import type { CommandContext } from "./services.ts";
import {
  executeResetChunks,
  executeStateChunks,
  executeStateFiles,
  STATE_SUBCOMMANDS,
  stateCommand,
} from "./state.ts";
import { executeValidate, validateCommand } from "./validate.ts";

export const grammar = merge(
  or(runCommand, validateCommand, stateCommand, metricsCommand),
  globalOptions,
);

export type Invocation = InferValue<typeof grammar>;

/** Command -> its subcommands; none for a command that runs by itself. */
export const COMMAND_TREE: Readonly<Record<string, readonly string[]>> = {
  run: [],
  validate: [],
  state: STATE_SUBCOMMANDS,
  metrics: [],
};

/** @throws RivetError when the command did not do what it was asked to. */
export function execute(invocation: Invocation, ctx: CommandContext): Promise<void> {
  switch (invocation.command) {
    case "run":
      return executeRun(invocation, ctx);
    case "validate":
      return executeValidate(invocation, ctx);
    case "state files":
      return executeStateFiles(invocation, ctx);
    case "state chunks":
      return executeStateChunks(invocation, ctx);
    case "state reset-chunks":
      return executeResetChunks(invocation, ctx);
    case "metrics":
      return executeMetrics(invocation, ctx);
    default:
      return invocation satisfies never;
  }
}
