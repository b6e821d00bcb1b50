/** `rivet plan`: seals what would be executed; exports nothing. */
import { constant, type InferValue, message, object, option, optional } from "@optique/core";
import { integer, string } from "@optique/core/valueparser";
import { ConfigError } from "../core/base/errors.ts";
import type { HeldPlans } from "../core/artifact/hold_plans.ts";
import type { PlannedExports } from "../core/artifact/plan_exports.ts";
import { defineCommand } from "./define.ts";
import { loadConfig } from "./load.ts";
import { configOption, exportOption, paramsOption, reportFormatOption } from "./options.ts";
import { parameters } from "./params.ts";
import { filePath } from "./path_value.ts";
import { toJson } from "./render/json.ts";
import { renderPlans } from "./render/plan.ts";
import type { CommandContext } from "./services.ts";
import { reserveFile } from "./result_file.ts";

const options = object({
  command: constant("plan"),
  config: configOption,
  export: exportOption,
  output: optional(
    option("-o", "--output", filePath({ metavar: "PATH" }), {
      description: message`Write the sealed plan to this file as JSON.`,
    }),
  ),
  format: reportFormatOption,
  signKeyEnv: optional(
    option("--sign-key-env", string({ metavar: "VARIABLE" }), {
      description:
        message`Sign the plan with the key in this environment variable, for apply --verify-key-env.`,
    }),
  ),
  tasks: optional(
    option("--tasks", integer({ min: 1, metavar: "N" }), {
      description:
        message`Say how even N tasks of a chunked export would be (rivet apply --task I/N).`,
    }),
  ),
  hold: option("--hold", {
    description:
      message`Stay, and keep the snapshot of consistency: snapshot for whoever applies the plan, until they have finished.`,
  }),
  noAnnotate: option("--no-annotate", {
    description: message`Do not write wave and parallel_safe into the config file.`,
  }),
  params: paramsOption,
});

export type PlanArgs = InferValue<typeof options>;

export const planCommand = defineCommand("plan", options, {
  brief: "Seal what a run would do, for review.",
  description:
    "Examines the exports without reading a row, computes chunk boundaries, takes the cursor, and " +
    "prints a summary or the sealed plan that `rivet apply` executes. Planning several exports also " +
    "writes their wave and parallel_safe into the config file, and nothing else of it changes.",
  usage: "--config PATH [OPTIONS]",
  examples: [
    ["rivet plan -c rivet.yaml", "a summary of every export"],
    ["rivet plan -c rivet.yaml --format json -o plan.json", "the sealed plan"],
    ["rivet plan -c rivet.yaml -o plan.json --hold", "keep its snapshot until it is applied"],
    ["rivet plan -c rivet.yaml -e orders", "one export; the config stays as it is"],
  ],
});

export async function executePlan(args: PlanArgs, ctx: CommandContext): Promise<void> {
  if (args.hold && args.output === undefined) throw nobodyCanApply();
  const config = await loadConfig(ctx, args.config, parameters(args.params));
  const file = args.output === undefined ? null : await reserveFile(args.output);
  let held: HeldPlans | null = null;
  try {
    const options = {
      config,
      exportName: args.export ?? null,
      signKey: await keyOf(ctx, args),
      signal: ctx.interruptSignal(),
      ...(args.tasks === undefined ? {} : { tasks: args.tasks }),
    };
    held = args.hold ? await ctx.services.holdPlans(options) : null;
    const planned = held?.planned ?? await ctx.services.planExports(options);
    const { artifactFile }: typeof import("../core/artifact/plan_exports.ts") = await import(
      "../core/artifact/plan_exports.ts" as string
    );
    const json = toJson(artifactFile(planned));
    await file?.commit(`${json}\n`);
    if (args.format === "pretty") ctx.screen.result(renderPlans(planned));
    else if (file === null) ctx.screen.json(json);
    if (!args.noAnnotate) await annotate(args, ctx, planned);
    if (held !== null) await keep(held, ctx);
  } finally {
    await held?.release();
    await file?.discard();
  }
}

function nobodyCanApply(): ConfigError {
  return new ConfigError(
    "--hold needs --output: the plan is applied while this command waits",
    [],
    {
      code: "USAGE",
      hint: "Give the plan a file with -o PATH, and apply that.",
    },
  );
}

async function keep({ planned, untilApplied }: HeldPlans, ctx: CommandContext): Promise<void> {
  const names = planned.plans.filter(({ snapshot }) => snapshot !== null)
    .map(({ exported: { name } }) => `'${name}'`);
  const quiet = ctx.globals.quiet;
  if (!quiet) ctx.screen.line(`Holding the snapshot of ${names.join(", ")} until it is applied`);
  await untilApplied();
  if (!quiet) ctx.screen.line(`Applied: the snapshot is given back`);
}

async function keyOf(ctx: CommandContext, { signKeyEnv: variable }: PlanArgs) {
  if (variable === undefined) return null;
  return await ctx.services.signingKey("--sign-key-env", variable);
}

/** Several exports have an order; one has none. */
async function annotate(args: PlanArgs, ctx: CommandContext, planned: PlannedExports) {
  if (planned.campaign === null) return;
  const { writeSchedule }: typeof import("../core/artifact/write_back.ts") = await import(
    "../core/artifact/write_back.ts" as string
  );
  const schedules = new Map(
    planned.plans.map(({ artifact: { export_name, prioritization: p } }) => [
      export_name,
      { wave: p.recommended_wave, parallelSafe: p.parallel_safe },
    ]),
  );
  const changed = await writeSchedule(args.config, schedules);
  if (changed && !ctx.globals.quiet) {
    ctx.screen.line(
      `Wrote wave and parallel_safe of ${schedules.size} exports into ${args.config}`,
    );
  }
}
