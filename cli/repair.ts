/** `rivet repair`: writes the chunks again that a reconcile flagged. */
import { constant, type InferValue, message, object, option, optional } from "@optique/core";
import { selectExports } from "../core/config/select.ts";
import { ConfigError, deserializeError, RivetError } from "../core/base/errors.ts";
import type { RepairResult } from "../core/repair/repair.ts";
import type { ReportForRepair } from "../core/repair/repair_plan.ts";
import { defineCommand } from "./define.ts";
import { loadConfig } from "./load.ts";
import {
  configOption,
  lockWaitOption,
  paramsOption,
  reportFormatOption,
  reportOutputOption,
  requiredExportOption,
} from "./options.ts";
import { parameters } from "./params.ts";
import { filePath } from "./path_value.ts";
import { toJson } from "./render/json.ts";
import { renderRepair } from "./render/reconcile.ts";
import type { CommandContext } from "./services.ts";
import { reserveFile } from "./result_file.ts";

const options = object({
  command: constant("repair"),
  config: configOption,
  export: requiredExportOption,
  report: optional(
    option("--report", filePath({ metavar: "PATH" }), {
      description:
        message`A report of rivet reconcile --format json. Without it the latest run is reconciled now.`,
    }),
  ),
  execute: option("--execute", {
    description: message`Write the flagged chunks again. Without it the plan is printed, no more.`,
  }),
  lockWait: lockWaitOption,
  format: reportFormatOption,
  output: reportOutputOption,
  params: paramsOption,
});

export type RepairArgs = InferValue<typeof options>;

export const repairCommand = defineCommand("repair", options, {
  brief: "Write the chunks again that a reconcile flagged.",
  description:
    "Makes a plan from a reconcile report: one action for each chunk that is a mismatch or " +
    "unknown. With --execute these chunks are read again and written as new files beside the old " +
    "ones, and the run's manifest names the new files as its data and the old ones as superseded. " +
    "No file is deleted, and the committed boundary does not move.",
  usage: "--config PATH --export NAME [OPTIONS]",
  examples: [
    ["rivet repair -c rivet.yaml -e orders --report reconcile.json", "the plan"],
    ["rivet repair -c rivet.yaml -e orders --report reconcile.json --execute", "do it"],
    ["rivet repair -c rivet.yaml -e orders --execute", "no report needed"],
  ],
});

/** @throws RivetError after the result is printed, when a chunk could not be repaired. */
export async function executeRepairCommand(args: RepairArgs, ctx: CommandContext): Promise<void> {
  const config = await loadConfig(ctx, args.config, parameters(args.params));
  const [exported] = selectExports(config, args.export);
  const report = args.report === undefined ? null : await readReport(args.report);
  const file = args.output === undefined ? null : await reserveFile(args.output);
  try {
    const signal = ctx.interruptSignal();
    const { execute } = args;
    const lockWaitMs = args.lockWait * 1000;
    const options = { config, exported, report, execute, signal, lockWaitMs };
    const result = await ctx.services.repairExport(options);
    const json = toJson(result);
    await file?.commit(`${json}\n`);
    if (args.format === "json") ctx.screen.json(json);
    else ctx.screen.result(renderRepair(result, execute));
    judge(result);
  } finally {
    await file?.discard();
  }
}

async function readReport(file: string): Promise<ReportForRepair> {
  let text: string;
  try {
    text = await Deno.readTextFile(file);
  } catch (cause) {
    const reason = cause instanceof Deno.errors.NotFound ? "there is no such file" : String(cause);
    throw new ConfigError(`--report ${file}: ${reason}`, [], {
      code: "USAGE",
      hint: "Make one with 'rivet reconcile -c CONFIG -e NAME --format json -o PATH'.",
      cause,
    });
  }
  const { parseReport }: typeof import("../core/repair/repair_plan.ts") = await import(
    "../core/repair/repair_plan.ts" as string
  );
  return parseReport(text, file);
}

function judge({ export_name, actions, execution }: RepairResult): void {
  if (execution === undefined || execution.error === null) return;
  const { error, chunks } = execution;
  const done = `${chunks.length} of ${actions.length} chunks were repaired`;
  const cause = deserializeError(error);
  throw new RivetError(error.code, `export '${export_name}': ${done}: ${error.message}`, {
    hint: error.hint ?? "Run the same command again: what was repaired stays repaired.",
    category: error.category,
    cause,
  });
}
