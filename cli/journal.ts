/** `rivet journal`: what happened in an export's runs, event by event. */
import { constant, type InferValue, message, object, option, optional } from "@optique/core";
import { string } from "@optique/core/valueparser";
import { selectExports } from "../core/config/select.ts";
import { defineCommand } from "./define.ts";
import { loadNames, readingState } from "./load.ts";
import { configOption, jsonOption, lastOption, requiredExportOption } from "./options.ts";
import { journalJson, toJson } from "./render/json.ts";
import { renderJournal } from "./render/journal.ts";
import type { CommandContext } from "./services.ts";

const options = object({
  command: constant("journal"),
  config: configOption,
  export: requiredExportOption,
  last: lastOption("runs", 5),
  runId: optional(
    option("--run-id", string({ metavar: "ID" }), {
      description: message`Show this run only.`,
    }),
  ),
  json: jsonOption,
});

export type JournalArgs = InferValue<typeof options>;

export const journalCommand = defineCommand("journal", options, {
  brief: "Show the journal of an export's runs.",
  description:
    "Shows status, files, rows and bytes of past runs, newest first, with retries, quality " +
    "issues, schema changes and the error.",
  usage: "--config PATH --export NAME [OPTIONS]",
  examples: [
    ["rivet journal -c rivet.yaml -e orders", "the last 5 runs"],
    ["rivet journal -c rivet.yaml -e orders --run-id orders_20260513T120000.123", "one run"],
  ],
});

export async function executeJournal(args: JournalArgs, ctx: CommandContext): Promise<void> {
  const config = await loadNames(ctx, args.config);
  const filter = { exportName: args.export, runId: args.runId, last: args.last };
  const runs = await readingState(ctx, config, (state) => state.journal(filter));
  if (runs.length === 0) selectExports(config, args.export);
  if (args.json) return ctx.screen.json(toJson(runs.map(journalJson)));
  ctx.screen.result(
    runs.length === 0 ? "No runs recorded." : runs.map(renderJournal).join("\n\n"),
  );
}
