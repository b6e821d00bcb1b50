/** `rivet state locks`: which exports are being run, and by whom. */
import { constant, type InferValue, object } from "@optique/core";
import type { Lease } from "../../core/ports/state.ts";
import { defineCommand } from "../define.ts";
import { loadNames, readingState } from "../load.ts";
import { configOption, jsonOption } from "../options.ts";
import { formatInstant } from "../render/format.ts";
import { leaseJson, toJson } from "../render/json.ts";
import { renderTable, type TableColumn } from "../render/table.ts";
import type { CommandContext } from "../services.ts";

const options = object({
  command: constant("state locks"),
  config: configOption,
  json: jsonOption,
});

type LocksArgs = InferValue<typeof options>;

/** The parser of `rivet state locks`, with its help. */
export const locksCommand = defineCommand("locks", options, {
  brief: "Show which exports are being run, and by whom.",
  description:
    "One run of an export at a time: shows who holds the lease of which export. live: the " +
    "run goes on; dead: its process is gone from this host; expired: its process has given no " +
    "sign of life for too long. The next run takes over what is dead or expired.",
  usage: "--config PATH [OPTIONS]",
  examples: [["rivet state locks -c rivet.yaml", "every lease"]],
});

const COLUMNS: readonly TableColumn[] = [
  { header: "EXPORT", minWidth: 17 },
  { header: "STATUS", minWidth: 7 },
  { header: "RUN ID", minWidth: 35 },
  { header: "HOST" },
  { header: "PID", align: "right" },
  { header: "SINCE", minWidth: 25 },
  { header: "RENEWED", minWidth: 25 },
  { header: "EXPIRES", minWidth: 25 },
];

/**
 * Prints every lease, also those that have expired.
 * @throws StateError
 */
export async function executeStateLocks(args: LocksArgs, ctx: CommandContext): Promise<void> {
  const config = await loadNames(ctx, args.config);
  const leases = await readingState(ctx, config, (state) => state.leases());
  if (args.json) return ctx.screen.result(toJson({ locks: leases.map(leaseJson) }));
  if (leases.length === 0) return ctx.screen.result("No export is in use.");
  ctx.screen.result(renderTable(COLUMNS, leases.map(row), ctx.screen.resultWidth));
}

function row(lease: Lease): string[] {
  return [
    lease.exportName,
    lease.status,
    lease.runId ?? "-",
    lease.owner.host,
    String(lease.owner.pid),
    formatInstant(lease.acquiredAt),
    formatInstant(lease.renewedAt),
    formatInstant(lease.expiresAt),
  ];
}
