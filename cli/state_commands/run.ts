/** `rivet state run`: how far a chunked run is, and who works on it. */
import {
  argument,
  constant,
  type InferValue,
  message,
  object,
  option,
  optional,
} from "@optique/core";
import { string } from "@optique/core/valueparser";
import { RivetError } from "../../core/base/errors.ts";
import { jsonLine } from "../../core/base/json_text.ts";
import { delay } from "../../core/base/wait.ts";
import type { StateReader } from "../../core/ports/state.ts";
import type { RunOverview } from "../../core/report/run_overview.ts";
import { defineCommand } from "../define.ts";
import { loadNames } from "../load.ts";
import { jsonOption } from "../options.ts";
import { filePath } from "../path_value.ts";
import { renderRunOverview } from "../render/run_overview.ts";
import { toJson } from "../render/json.ts";
import type { CommandContext } from "../services.ts";

const options = object({
  command: constant("state run"),
  runId: argument(string({ metavar: "RUN_ID" }), {
    description: message`The run, as \`rivet metrics\` and a task's summary name it.`,
  }),
  config: optional(
    option("-c", "--config", filePath({ metavar: "PATH" }), {
      description:
        message`The YAML config file; without it the state is looked for in this folder.`,
    }),
  ),
  watch: option("--watch", {
    description: message`Show it again every two seconds until the run is finished.`,
  }),
  json: jsonOption,
});

type StateRunArgs = InferValue<typeof options>;

/** The parser of `rivet state run`, with its help. */
export const runStateCommand = defineCommand("run", options, {
  brief: "Show how far a chunked run is, and who works on it.",
  description:
    "Shows the chunks, tasks and workers of a run that is remembered chunk by chunk: what is " +
    "done, how fast, and who holds which chunk since when. With --watch and --json each look is one " +
    "line of JSON.",
  usage: "RUN_ID [OPTIONS]",
  examples: [
    ["rivet state run orders_20260521T120000.123", "where RIVET_STATE_URL points"],
    ["rivet state run orders_20260521T120000.123 -c rivet.yaml --watch", "until it is finished"],
  ],
});

const WATCH_MS = 2000;

/** @throws RivetError CHECKPOINT_MISSING for a run without chunks in the state; INTERRUPTED from --watch. */
export async function executeStateRun(args: StateRunArgs, ctx: CommandContext): Promise<void> {
  const dir = args.config === undefined ? "." : (await loadNames(ctx, args.config)).dir;
  const state = await ctx.services.readState({ dir });
  try {
    if (!args.watch) return show(await look(state, args.runId), args, ctx);
    const signal = ctx.interruptSignal();
    for (;;) {
      const overview = await look(state, args.runId);
      show(overview, args, ctx);
      if (overview.done) return;
      await delay(WATCH_MS, signal);
    }
  } finally {
    await state.close();
  }
}

async function look(state: StateReader, runId: string): Promise<RunOverview> {
  const { runOverview }: typeof import("../../core/report/run_overview.ts") = await import(
    "../../core/report/run_overview.ts" as string
  );
  const overview = await runOverview(state, runId, new Date());
  if (overview !== null) return overview;
  throw new RivetError(
    "CHECKPOINT_MISSING",
    `the state at ${state.location} has no chunks of run '${runId}'`,
    {
      hint:
        "Only runs with chunk_checkpoint: true, and plans that are applied by tasks, have chunks there. " +
        "Give the whole id, as `rivet metrics` shows it.",
    },
  );
}

function show(overview: RunOverview, { json, watch }: StateRunArgs, ctx: CommandContext): void {
  const { done: _, ...fields } = overview;
  if (json) return ctx.screen.json(watch ? jsonLine(fields) : toJson(fields));
  ctx.screen.result(`${renderRunOverview(overview, ctx.screen.resultWidth)}${watch ? "\n" : ""}`);
}
