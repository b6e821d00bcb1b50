/** `rivet apply`: executes a sealed plan, or the exports of a config wave by wave. */
import {
  argument,
  constant,
  type InferValue,
  message,
  object,
  option,
  optional,
} from "@optique/core";
import { logger } from "../core/base/log.ts";
import { string } from "@optique/core/valueparser";
import { ConfigError } from "../core/base/errors.ts";
import type { RunOptions } from "../core/run/run_options.ts";
import { defineCommand } from "./define.ts";
import { loadConfig } from "./load.ts";
import {
  exportOption,
  lockWaitOption,
  metricsFileOption,
  parallelProcessesOption,
  paramsOption,
  resumeOption,
  runJsonOption,
  summaryOutputOption,
} from "./options.ts";
import { parameters } from "./params.ts";
import { filePath } from "./path_value.ts";
import { lockWaitFlags, processOptions, usesProcesses } from "./process_options.ts";
import { reportRun } from "./report_run.ts";
import type { CommandContext } from "./services.ts";

const options = object({
  command: constant("apply"),
  file: argument(filePath({ metavar: "FILE" }), {
    description: message`A sealed plan (JSON), or a YAML config file.`,
  }),
  export: exportOption,
  force: option("--force", {
    description:
      message`Apply a plan that is older than 24 hours or whose cursor has moved; with --resume, apply a config that is finished.`,
  }),
  verifyKeyEnv: optional(
    option("--verify-key-env", string({ metavar: "VARIABLE" }), {
      description:
        message`Refuse a plan that was not signed with the key in this environment variable.`,
    }),
  ),
  task: optional(
    option("--task", string({ metavar: "I/N" }), {
      description:
        message`Only the chunks of task I of N, counted from 0; else RIVET_TASK (or JOB_COMPLETION_INDEX) and RIVET_TASKS. Needs RIVET_STATE_URL.`,
    }),
  ),
  claim: option("--claim", {
    description:
      message`Take chunks of the plan that nobody has taken, beside others; whoever commits the last one finishes the run. Needs RIVET_STATE_URL.`,
  }),
  finish: option("--finish", {
    description:
      message`After all tasks: check their parts, write manifest and _SUCCESS. May be repeated. Needs RIVET_STATE_URL.`,
  }),
  resume: resumeOption,
  parallelExportProcesses: parallelProcessesOption,
  lockWait: lockWaitOption,
  summaryOutput: summaryOutputOption,
  metricsFile: metricsFileOption,
  json: runJsonOption,
  params: paramsOption,
});

export type ApplyArgs = InferValue<typeof options>;

export const applyCommand = defineCommand("apply", options, {
  brief: "Execute a sealed plan, or a config wave by wave.",
  description:
    "A sealed plan is executed from its file alone: --export chooses one of several plans in it. A " +
    "config's exports run in ascending waves, each wave after the one before has ended; one without a " +
    "wave runs last. With --task, --claim and --finish several processes share one chunked plan. " +
    "A failed export stops no other one. With --parallel-export-processes the exports " +
    "of a wave that are parallel_safe run at the same time; with --resume those that the last apply " +
    "finished are skipped.",
  usage: "FILE [OPTIONS]",
  examples: [
    ["rivet apply plan.json", "what was planned and reviewed"],
    ["rivet apply plan.json --task 3/8", "one of eight processes, on any machine"],
    ["rivet apply plan.json --finish", "after the eight"],
    ["rivet apply rivet.yaml", "wave by wave"],
    ["rivet apply rivet.yaml --resume", "what the last apply left undone"],
  ],
});

export async function executeApply(args: ApplyArgs, ctx: CommandContext): Promise<void> {
  if (await isPlan(args.file)) await applyPlan(args, ctx);
  else await applyWaves(args, ctx);
}

/** By the name; a file of another name is a plan when it looks like JSON. */
async function isPlan(file: string): Promise<boolean> {
  if (/\.json$/i.test(file)) return true;
  if (/\.ya?ml$/i.test(file)) return false;
  const { readText }: typeof import("../core/config/read.ts") = await import(
    "../core/config/read.ts" as string
  );
  const content = await readText(file);
  return "text" in content && content.text.trimStart().startsWith("{");
}

function refuse(flag: string, hint: string): never {
  throw new ConfigError(`${flag} does not go with this file`, [], { code: "USAGE", hint });
}

async function keyOf(ctx: CommandContext, { verifyKeyEnv: variable }: ApplyArgs) {
  if (variable === undefined) return null;
  return await ctx.services.signingKey("--verify-key-env", variable);
}

/** PA1: nothing but the plan is read. */
async function applyPlan(args: ApplyArgs, ctx: CommandContext): Promise<void> {
  if (args.params.length > 0) {
    refuse("--param", "A plan holds the query as it was planned: give parameters to `rivet plan`.");
  }
  if (args.resume) {
    refuse("--resume", "Continue a chunked export with `rivet run -c CONFIG -e NAME --resume`.");
  }
  if (args.parallelExportProcesses) {
    refuse("--parallel-export-processes", "The plans of a file are executed one after another.");
  }
  const { force, json, summaryOutput, metricsFile } = args;
  const mode = await ctx.services.taskMode(args);
  const { config, sealed } = await ctx.services.loadPlans(args.file, {
    exportName: args.export ?? null,
    force,
    now: new Date(),
    verifyKey: await keyOf(ctx, args),
  });
  const report = {
    exports: config.exports,
    json,
    summaryOutput,
    metricsFile,
    processes: false,
  };
  await reportRun(ctx, report, (listener, signal) => {
    const options: RunOptions = {
      ...{ config, sealed, force, listener, signal, lockWaitMs: args.lockWait * 1000 },
      exportName: null,
      validate: false,
      reconcile: false,
      parallelExports: false,
      resume: false,
    };
    return mode === null ? ctx.services.runExports(options) : ctx.services.runTasks(options, mode);
  });
}

async function applyWaves(args: ApplyArgs, ctx: CommandContext): Promise<void> {
  if (args.verifyKeyEnv !== undefined) {
    refuse("--verify-key-env", "Sealed plans are signed, with `rivet plan --sign-key-env`.");
  }
  if (args.export !== undefined) {
    refuse("--export", `Run one export with \`rivet run -c ${args.file} -e ${args.export}\`.`);
  }
  const tasks = args.task !== undefined ? "--task" : args.claim ? "--claim" : "--finish";
  if (args.task !== undefined || args.claim || args.finish) {
    refuse(tasks, "Tasks share a sealed plan: make one with `rivet plan --format json -o PATH`.");
  }
  if (args.force && !args.resume) {
    logger().warn("--force has no effect without --resume: no sealed plan is applied");
  }
  const config = await loadConfig(ctx, args.file, parameters(args.params));
  const { exports } = config;
  const { force, json, resume, summaryOutput, metricsFile } = args;
  const processes = usesProcesses(ctx, args.parallelExportProcesses, config, exports);
  await reportRun(
    ctx,
    { exports, json, summaryOutput, metricsFile, processes },
    (listener, signal) => {
      const options: RunOptions = {
        ...{ config, force, resume, listener, signal, lockWaitMs: args.lockWait * 1000 },
        exportName: null,
        validate: false,
        reconcile: false,
        parallelExports: false,
      };
      const child = { config: args.file, params: args.params, flags: lockWaitFlags(args) };
      return ctx.services.applyConfig(options, processes ? processOptions(ctx, child) : null);
    },
  );
}
