/** `rivet state unlock`: takes a lease away from a run that will not come back. */
import { constant, type InferValue, message, object, option } from "@optique/core";
import { selectExports } from "../../core/config/select.ts";
import { RivetError } from "../../core/base/errors.ts";
import type { Lease } from "../../core/ports/state.ts";
import { defineCommand } from "../define.ts";
import { loadNames, withState } from "../load.ts";
import { configOption, jsonOption, requiredExportOption } from "../options.ts";
import { leaseJson, toJson } from "../render/json.ts";
import type { CommandContext } from "../services.ts";

const options = object({
  command: constant("state unlock"),
  config: configOption,
  export: requiredExportOption,
  force: option("--force", {
    description: message`Also when the run that holds it seems to go on.`,
  }),
  json: jsonOption,
});

type UnlockArgs = InferValue<typeof options>;

/** The parser of `rivet state unlock`, with its help. */
export const unlockCommand = defineCommand("unlock", options, {
  brief: "Take the lease of an export away from its run.",
  description: "Ends the lease of an export, so that another run may begin. Without --force only " +
    "when its process is dead or has given no sign of life for too long, which the next run " +
    "would notice by itself. The run that held it writes nothing to the state any more and " +
    "fails.",
  usage: "--config PATH --export NAME [OPTIONS]",
  examples: [
    ["rivet state unlock -c rivet.yaml -e orders", "of a dead run"],
    ["rivet state unlock -c rivet.yaml -e orders --force", "whoever holds it"],
  ],
});

/** @throws RivetError LEASE_HELD without `--force` while the run seems to go on. */
export async function executeStateUnlock(args: UnlockArgs, ctx: CommandContext): Promise<void> {
  const config = await loadNames(ctx, args.config);
  const ended = await withState(ctx, config, async (state) => {
    const lease = (await state.leases()).find((l) => l.exportName === args.export);
    if (lease === undefined) return null;
    if (lease.status === "live" && !args.force) await refuse(lease);
    // Of exactly the run that was looked at: another one may have begun since.
    return await state.endLease(lease.exportName, lease.number) ? lease : null;
  });
  // An export that left the config may still be in use; a name known to neither is a typo.
  if (ended === null) selectExports(config, args.export);
  if (args.json) {
    return ctx.screen.result(toJson({ unlocked: ended === null ? null : leaseJson(ended) }));
  }
  ctx.screen.result(ended === null ? `'${args.export}' is not in use.` : await told(ended));
}

async function refuse(lease: Lease): Promise<never> {
  const { holderText }: typeof import("../../core/lease/lease.ts") = await import(
    "../../core/lease/lease.ts" as string
  );
  throw new RivetError(
    "LEASE_HELD",
    `export '${lease.exportName}' is in use by ${holderText(lease)}`,
    {
      hint: "Wait for it to end, or stop it. --force takes the lease away nevertheless: that run " +
        "then fails at its next write to the state.",
    },
  );
}

async function told(lease: Lease): Promise<string> {
  const { holderText }: typeof import("../../core/lease/lease.ts") = await import(
    "../../core/lease/lease.ts" as string
  );
  return `${lease.exportName}: taken away from ${holderText(lease)}, ${lease.status}`;
}
