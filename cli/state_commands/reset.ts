/** `rivet state reset`: forgets the cursor of an export. */
import { constant, type InferValue, object } from "@optique/core";
import { selectExports } from "../../core/config/select.ts";
import { defineCommand } from "../define.ts";
import { loadNames, withExportState, withState } from "../load.ts";
import { configOption, requiredExportOption } from "../options.ts";
import type { CommandContext } from "../services.ts";

const options = object({
  command: constant("state reset"),
  config: configOption,
  export: requiredExportOption,
});

type ResetArgs = InferValue<typeof options>;

/** The parser of `rivet state reset`, with its help. */
export const resetCommand = defineCommand("reset", options, {
  brief: "Forget the cursor of an export, so that its next run exports all rows.",
  description:
    "Deletes the stored cursor of one export. Files at the destination stay. Refused while " +
    "a run of the export goes on.",
  usage: "--config PATH --export NAME",
  examples: [["rivet state reset -c rivet.yaml -e orders", "export all rows again"]],
});

/**
 * Deletes the cursor, under the export's lease.
 * @throws RivetError LEASE_HELD, ConfigError for an unknown export, StateError
 */
export async function executeStateReset(args: ResetArgs, ctx: CommandContext): Promise<void> {
  const config = await loadNames(ctx, args.config);
  const { deleted } = await withState(ctx, config, async (state) => ({
    deleted: await withExportState(ctx, state, args.export, (own) => own.resetCursor(args.export)),
  }));
  if (deleted) {
    return ctx.screen.result(`${args.export}: cursor reset; the next run exports all rows`);
  }
  // An export that left the config may still have state; a name known to neither is a typo.
  selectExports(config, args.export);
  ctx.screen.result(`No cursor for '${args.export}'.`);
}
