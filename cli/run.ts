/** `rivet run`: runs the exports of a config. */
import { selectExports } from "../core/config/select.ts";
import { logger } from "../core/base/log.ts";
import type { RunOptions } from "../core/run/run_options.ts";
import { loadConfig } from "./load.ts";
import { parameters } from "./params.ts";
import { type ChildRun, lockWaitFlags, processOptions, usesProcesses } from "./process_options.ts";
import { reportRun } from "./report_run.ts";
import type { RunArgs } from "./run_command.ts";
import type { CommandContext } from "./services.ts";

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
