/** `rivet run`: runs the exports of a config. */
import { constant, type InferValue, message, object, option, optional } from "@optique/core";
import { path } from "@optique/run/valueparser";
import type { LoadedConfig } from "../core/config/loaded.ts";
import { selectExports } from "../core/config/select.ts";
import { ConfigError } from "../core/errors.ts";
import { parameters, paramsOption } from "./params.ts";
import { aggregateJson } from "../core/report/json.ts";
import type { RunAggregate } from "../core/run/types.ts";
import { defineCommand } from "./define.ts";
import { failureOf, interruption } from "./failure.ts";
import { loadConfig } from "./load.ts";
import { describeFlag, refuseUnavailableFlags } from "./not_available.ts";
import { configOption, exportOption } from "./options.ts";
import { toJson } from "./render/json.ts";
import { ProgressView } from "./render/progress.ts";
import type { CommandContext } from "./services.ts";
import { reserveFile } from "./summary_file.ts";

const options = object({
  command: constant("run"),
  config: configOption,
  export: exportOption,
  validate: option("--validate", {
    description: message`Read every written file back and compare its row count.`,
  }),
  reconcile: option("--reconcile", {
    description: describeFlag("--reconcile", "Compare with COUNT(*) of the source query."),
  }),
  resume: option("--resume", {
    description: message`Continue the unfinished chunked run of an export.`,
  }),
  force: option("--force", {
    description:
      message`Run although a safety gate refuses: with --resume, into a destination that is already complete.`,
  }),
  parallelExports: option("--parallel-exports", {
    description: describeFlag("--parallel-exports", "Run all exports at the same time."),
  }),
  parallelExportProcesses: option("--parallel-export-processes", {
    description: describeFlag(
      "--parallel-export-processes",
      "Run each export in a process of its own.",
    ),
  }),
  summaryOutput: optional(
    option("--summary-output", path({ metavar: "PATH", type: "file" }), {
      description: message`Write the run's totals and summaries to this file as JSON.`,
    }),
  ),
  json: option("--json", {
    description:
      message`Print the run's totals and summaries to stdout as JSON; summary blocks go to stderr.`,
  }),
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
  refuseUnavailableFlags(args);
  const config = await loadConfig(ctx, args.config, parameters(args.params));
  const selected = selectExports(config, args.export ?? null);
  const dataOnStdout = selected.some((e) => e.destination.type === "stdout");
  if (dataOnStdout && args.json) {
    throw new ConfigError("--json and a stdout destination both want stdout", [], {
      code: "USAGE",
      hint: "Use --summary-output PATH for the JSON.",
    });
  }
  const summaryFile = args.summaryOutput === undefined
    ? null
    : await reserveFile(args.summaryOutput);
  try {
    const signal = ctx.interruptSignal();
    const aggregate = await runWithProgress(args, ctx, { config, dataOnStdout, signal });
    const json = toJson(aggregateJson(aggregate));
    await summaryFile?.commit(`${json}\n`);
    if (args.json) ctx.screen.result(json);
    const failure = failureOf(aggregate);
    if (failure !== null) throw failure;
    // A stop between two exports leaves no export that says so.
    if (signal.aborted && aggregate.exports.length < selected.length) {
      throw interruption(`after ${aggregate.exports.length} of ${selected.length} exports`);
    }
  } finally {
    await summaryFile?.discard();
  }
}

async function runWithProgress(
  args: RunArgs,
  ctx: CommandContext,
  run: { config: LoadedConfig; dataOnStdout: boolean; signal: AbortSignal },
): Promise<RunAggregate> {
  // Data that scrolls through the terminal leaves no place for a live block.
  const dataOnTerminal = run.dataOnStdout && ctx.screen.resultWidth !== undefined;
  const view = new ProgressView({
    screen: ctx.screen,
    show: ctx.globals.quiet || dataOnTerminal ? "none" : "auto",
    summaries: args.json || run.dataOnStdout ? "stderr" : "stdout",
  });
  await view.open();
  try {
    return await ctx.services.runExports({
      config: run.config,
      exportName: args.export ?? null,
      validate: args.validate || args.reconcile,
      reconcile: args.reconcile,
      parallelExports: args.parallelExports || run.config.config.parallel_exports,
      resume: args.resume,
      force: args.force,
      signal: run.signal,
      listener: view,
    });
  } finally {
    view.close();
  }
}
