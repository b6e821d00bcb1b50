/** `rivet reconcile`: compares the chunks of an export's latest run with the source. */
import { constant, type InferValue, message, object, option } from "@optique/core";
import { selectExports } from "../core/config/select.ts";
import { RivetError } from "../core/base/errors.ts";
import { logger } from "../core/base/log.ts";
import type { ReconcileReport } from "../core/reconcile/reconcile_report.ts";
import { defineCommand } from "./define.ts";
import { loadConfig } from "./load.ts";
import {
  configOption,
  paramsOption,
  reportFormatOption,
  reportOutputOption,
  requiredExportOption,
} from "./options.ts";
import { parameters } from "./params.ts";
import { toJson } from "./render/json.ts";
import { renderReconcile } from "./render/reconcile.ts";
import type { CommandContext } from "./services.ts";
import { reserveFile } from "./result_file.ts";

const options = object({
  command: constant("reconcile"),
  config: configOption,
  export: requiredExportOption,
  format: reportFormatOption,
  output: reportOutputOption,
  checksum: option("--checksum", {
    description:
      message`Compare every value too, by a checksum per chunk. The run must have kept checksums: reconcile: checksum on the export.`,
  }),
  params: paramsOption,
});

export type ReconcileArgs = InferValue<typeof options>;

export const reconcileCommand = defineCommand("reconcile", options, {
  brief: "Compare the chunks of the latest run with the source.",
  description:
    "Counts each chunk of the export's latest checkpointed run at the source, one short " +
    "statement per chunk, and compares with the rows that were exported: match, mismatch or " +
    "unknown. Exits 1 on a mismatch; unknown only warns. When every chunk matches, the verified " +
    "boundary of 'rivet state progression' moves. Nothing else is written.",
  usage: "--config PATH --export NAME [OPTIONS]",
  examples: [
    ["rivet reconcile -c rivet.yaml -e orders", "what differs"],
    ["rivet reconcile -c rivet.yaml -e orders --checksum", "values too"],
    ["rivet reconcile -c rivet.yaml -e orders --format json -o reconcile.json", "for repair"],
  ],
});

/** @throws RivetError RECONCILE_MISMATCH, after the report is printed. */
export async function executeReconcile(args: ReconcileArgs, ctx: CommandContext): Promise<void> {
  const config = await loadConfig(ctx, args.config, parameters(args.params));
  const [exported] = selectExports(config, args.export);
  const file = args.output === undefined ? null : await reserveFile(args.output);
  try {
    const signal = ctx.interruptSignal();
    const { checksum } = args;
    const report = await ctx.services.reconcileExport({ config, exported, checksum, signal });
    const json = toJson(report);
    await file?.commit(`${json}\n`);
    if (args.format === "json") ctx.screen.json(json);
    else ctx.screen.result(renderReconcile(report));
    judge(report);
  } finally {
    await file?.discard();
  }
}

function judge({ export_name, run_id, summary }: ReconcileReport): void {
  const { mismatches, unknown, total_partitions } = summary;
  if (unknown > 0) {
    logger().warn(
      `export '${export_name}': ${unknown} of ${total_partitions} chunks are unknown; the report ` +
        "says why",
    );
  }
  if (mismatches === 0) return;
  throw new RivetError(
    "RECONCILE_MISMATCH",
    `export '${export_name}': ${mismatches} of ${total_partitions} chunks of run '${run_id}' differ ` +
      "from the source",
    { hint: `Write them again with 'rivet repair -c CONFIG -e ${export_name} --execute'.` },
  );
}
