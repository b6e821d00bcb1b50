/** `rivet run`: runs the exports of a config. */
import { constant, type InferValue, message, object, option } from "@optique/core";
import { selectExports } from "../core/config/select.ts";
import { logger } from "../core/base/log.ts";
import type { RunOptions } from "../core/run/run_options.ts";
import { defineCommand } from "./define.ts";
import { loadConfig } from "./load.ts";
import {
  configOption,
  exportOption,
  lockWaitOption,
  metricsFileOption,
  parallelProcessesOption,
  resumeOption,
  resumeOrRunOption,
  runJsonOption,
  summaryOutputOption,
} from "./options.ts";
import { parameters, paramsOption } from "./params.ts";
import { type ChildRun, lockWaitFlags, processOptions, usesProcesses } from "./process_options.ts";
import { reportRun } from "./report_run.ts";
import type { CommandContext } from "./services.ts";

const options = object({
  command: constant("run"),
  config: configOption,
  export: exportOption,
  validate: option("--validate", {
    description:
      message`Count the rows of every file as it is written, then verify what the destination holds.`,
  }),
  reconcile: option("--reconcile", {
    description: message`Compare with COUNT(*) of the source query.`,
  }),
  resume: resumeOption,
  resumeOrRun: resumeOrRunOption,
  force: option("--force", {
    description:
      message`Run although a safety gate refuses: with --resume, into a destination that is already complete.`,
  }),
  parallelExports: option("--parallel-exports", {
    description: message`Run all exports at the same time.`,
  }),
  parallelExportProcesses: parallelProcessesOption,
  lockWait: lockWaitOption,
  summaryOutput: summaryOutputOption,
  metricsFile: metricsFileOption,
  json: runJsonOption,
  params: paramsOption,
});

export type RunArgs = InferValue<typeof options>;

export const runCommand = defineCommand("run", options, {
  brief: "Run the exports of a config file.",
  description: "Extracts each export's rows into files at its destination and records the run in " +
    "the state. Exits 0 when every export succeeded or was skipped, 1 when one failed, 2 on a " +
    "configuration or usage error, 4 on schema drift under on_schema_drift: fail, 130 when " +
    "interrupted.",
  usage: "--config PATH [OPTIONS]",
  examples: [
    ["rivet run -c rivet.yaml", "all exports"],
    ["rivet run -c rivet.yaml -e orders --validate", "one export, files read back"],
    ["rivet run -c rivet.yaml -e orders --resume", "continue a chunked export"],
    ["rivet run -c rivet.yaml -p region=us-east -p year=2026", "query parameters"],
    ["rivet run -c rivet.yaml --json > run.json", "totals for scripts"],
  ],
});

/** @throws RivetError when the run did not succeed as a whole; everything is printed before. */
export async function executeRun(args: RunArgs, ctx: CommandContext): Promise<void> {
  const alone = args.parallelExports && !args.parallelExportProcesses;
  if (args.parallelExports && !alone) {
    logger().warn("--parallel-export-processes wins over --parallel-exports");
  }
  if (args.force && !args.resume && !args.resumeOrRun && ctx.childEvents !== true) {
    logger().warn(
      "--force has no effect without --resume: nothing else is refused that it lets pass",
    );
  }
  const config = await loadConfig(ctx, args.config, parameters(args.params));
  const exports = selectExports(config, args.export ?? null);
  const processes = !alone &&
    usesProcesses(ctx, args.parallelExportProcesses, config, exports);
  const { json, summaryOutput, metricsFile } = args;
  await reportRun(
    ctx,
    { exports, json, summaryOutput, metricsFile, processes },
    (listener, signal) => {
      const options: RunOptions = {
        config,
        exportName: args.export ?? null,
        validate: args.validate || args.reconcile,
        reconcile: args.reconcile,
        parallelExports: alone || config.config.parallel_exports,
        resume: args.resume || args.resumeOrRun,
        resumeOrRun: args.resumeOrRun,
        force: args.force,
        lockWaitMs: args.lockWait * 1000,
        signal,
        listener,
        partOfRun: ctx.childEvents === true,
      };
      if (!processes) return ctx.services.runExports(options);
      return ctx.services.runProcesses(options, processOptions(ctx, childRun(args)));
    },
  );
}

function childRun(args: RunArgs): ChildRun {
  const flags = (["validate", "reconcile", "force"] as const).filter((flag) => args[flag]);
  return {
    config: args.config,
    params: args.params,
    flags: [...flags.map((flag) => `--${flag}`), ...lockWaitFlags(args)],
  };
}
