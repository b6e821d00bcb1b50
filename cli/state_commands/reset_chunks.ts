/** `rivet state reset-chunks`: clears chunk checkpoints. */
import { constant, type InferValue, message, object, option, optional } from "@optique/core";
import { string } from "@optique/core/valueparser";
import type { NamedConfig } from "../../core/config/loaded.ts";
import { selectExports } from "../../core/config/select.ts";
import { ConfigError, RivetError } from "../../core/base/errors.ts";
import type { LeasedState, StateStore } from "../../core/ports/state.ts";
import { defineCommand } from "../define.ts";
import { loadNames, withExportState, withState } from "../load.ts";
import { configOption } from "../options.ts";
import type { CommandContext } from "../services.ts";

const options = object({
  command: constant("state reset-chunks"),
  config: configOption,
  export: optional(
    option("-e", "--export", string({ metavar: "NAME" }), {
      description: message`Clear the checkpoint of this export.`,
    }),
  ),
  stuckCheckpoints: option("--stuck-checkpoints", "--failed", {
    description:
      message`Clear every checkpoint of this config's exports that is still in progress.`,
  }),
});

type ResetChunksArgs = InferValue<typeof options>;

/** The parser of `rivet state reset-chunks`, with its help. */
export const resetChunksCommand = defineCommand("reset-chunks", options, {
  brief: "Clear chunk checkpoints, so that the next run starts afresh.",
  description: "Deletes the stored chunk checkpoint of one export, or with " +
    "--stuck-checkpoints those of the config's exports whose run never finished. Files at " +
    "the destination stay. What a run that goes on is working through is left alone.",
  usage: "--config PATH (--export NAME | --stuck-checkpoints)",
  examples: [
    ["rivet state reset-chunks -c rivet.yaml -e orders", "one export"],
    ["rivet state reset-chunks -c rivet.yaml --stuck-checkpoints", "all unfinished ones"],
  ],
});

/**
 * Deletes checkpoints, each under its export's lease.
 * @throws RivetError LEASE_HELD, ConfigError, StateError
 */
export async function executeResetChunks(
  args: ResetChunksArgs,
  ctx: CommandContext,
): Promise<void> {
  if ((args.export === undefined) !== args.stuckCheckpoints) {
    throw new ConfigError("give either --export NAME or --stuck-checkpoints", [], {
      code: "USAGE",
      hint: "See `rivet state reset-chunks --help`.",
    });
  }
  const config = await loadNames(ctx, args.config);
  const lines = await withState(
    ctx,
    config,
    (state) =>
      args.export === undefined
        ? resetStuck(ctx, state, config)
        : resetOne(ctx, state, config, args.export),
  );
  ctx.screen.result(lines.join("\n"));
}

async function resetOne(
  ctx: CommandContext,
  state: StateStore,
  config: NamedConfig,
  name: string,
): Promise<string[]> {
  const deleted = await withExportState(ctx, state, name, (own) => own.resetChunks(name));
  if (deleted > 0) return [cleared(name, deleted)];
  // An export that left the config may still have state; a name known to neither is a typo.
  selectExports(config, name);
  return [`No chunk checkpoint for '${name}'.`];
}

async function resetStuck(
  ctx: CommandContext,
  state: StateStore,
  config: NamedConfig,
): Promise<string[]> {
  const known = new Set(config.exports.map((e) => e.name));
  const stuck = await state.chunkRuns({ status: "in_progress" });
  const names = [...new Set(stuck.map((run) => run.exportName))];
  if (names.length === 0) return ["No chunk checkpoint is in progress."];
  const lines: string[] = [];
  for (const name of names) {
    lines.push(
      known.has(name)
        ? await resetUnlessHeld(ctx, state, name)
        : `${name}: skipped, not in this config`,
    );
  }
  return lines;
}

/** A checkpoint in progress is not stuck while its run goes on. */
async function resetUnlessHeld(
  ctx: CommandContext,
  state: StateStore,
  name: string,
): Promise<string> {
  try {
    const stuckOnly = { stuckOnly: true };
    const reset = (own: LeasedState) => own.resetChunks(name, stuckOnly);
    return cleared(name, await withExportState(ctx, state, name, reset));
  } catch (error) {
    if (error instanceof RivetError && error.code === "LEASE_HELD") {
      return `${name}: skipped, ${error.message}`;
    }
    throw error;
  }
}

function cleared(name: string, runs: number): string {
  return `${name}: cleared ${runs} chunk ${runs === 1 ? "checkpoint" : "checkpoints"}`;
}
