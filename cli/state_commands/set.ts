/** `rivet state set`: puts the cursor of an export where another tool, or a person, left off. */
import { constant, type InferValue, message, object, option } from "@optique/core";
import { string } from "@optique/core/valueparser";
import { selectExports } from "../../core/config/select.ts";
import { defineCommand } from "../define.ts";
import { loadNames, withExportState, withState } from "../load.ts";
import { configOption, requiredExportOption } from "../options.ts";
import type { CommandContext } from "../services.ts";

const options = object({
  command: constant("state set"),
  config: configOption,
  export: requiredExportOption,
  cursor: option("--cursor", string({ metavar: "VALUE" }), {
    description:
      message`The last value that is exported already, as rivet state show prints it. The next run reads the rows behind it.`,
  }),
});

type SetArgs = InferValue<typeof options>;

/** The parser of `rivet state set`, with its help. */
export const setCommand = defineCommand("set", options, {
  brief: "Set the cursor of an export, so that its next run begins behind it.",
  description:
    "For moving an incremental export over from another tool. Files at the destination stay. " +
    "Refused while a run of the export goes on.",
  usage: "--config PATH --export NAME --cursor VALUE",
  examples: [[
    'rivet state set -c rivet.yaml -e orders --cursor "2026-01-31 10:00:00.123456+00"',
    "go on behind this moment",
  ]],
});

/**
 * Stores the cursor, under the export's lease.
 * @throws RivetError LEASE_HELD, ConfigError for an unknown export, StateError
 */
export async function executeStateSet(args: SetArgs, ctx: CommandContext): Promise<void> {
  const config = await loadNames(ctx, args.config);
  selectExports(config, args.export);
  const { runId }: typeof import("../../core/manifest/names.ts") = await import(
    "../../core/manifest/names.ts" as string
  );
  const { before } = await withState(ctx, config, async (state) => {
    const now = new Date();
    const before = (await state.cursor(args.export))?.cursor ?? "none";
    await withExportState(ctx, state, args.export, (own) =>
      own.saveCursor({
        exportName: args.export,
        cursor: args.cursor,
        updatedAt: now.toISOString(),
        runId: runId(args.export, now),
      }));
    return { before };
  });
  ctx.screen.result(`${args.export}: cursor set to ${args.cursor} (was ${before})`);
}
