/** `rivet state show`: the cursors of incremental exports. */
import { constant, type InferValue, object } from "@optique/core";
import { defineCommand } from "../define.ts";
import { loadNames, readingState } from "../load.ts";
import { configOption, jsonOption } from "../options.ts";
import { formatInstant } from "../render/format.ts";
import { cursorJson, toJson } from "../render/json.ts";
import { renderTable, type TableColumn } from "../render/table.ts";
import type { CommandContext } from "../services.ts";

const options = object({
  command: constant("state show"),
  config: configOption,
  json: jsonOption,
});

type ShowArgs = InferValue<typeof options>;

/** The parser of `rivet state show`, with its help. */
export const showCommand = defineCommand("show", options, {
  brief: "Show the cursors of incremental exports.",
  description: "Shows where each incremental export will continue, and which run moved it there.",
  usage: "--config PATH [OPTIONS]",
  examples: [["rivet state show -c rivet.yaml", "every cursor"]],
});

const COLUMNS: readonly TableColumn[] = [
  { header: "EXPORT", minWidth: 17 },
  { header: "CURSOR", minWidth: 30 },
  { header: "UPDATED", minWidth: 25 },
  { header: "RUN ID" },
];

/**
 * Prints every stored cursor.
 * @throws StateError
 */
export async function executeStateShow(args: ShowArgs, ctx: CommandContext): Promise<void> {
  const config = await loadNames(ctx, args.config);
  const cursors = await readingState(ctx, config, (state) => state.cursors());
  if (args.json) return ctx.screen.json(toJson({ cursors: cursors.map(cursorJson) }));
  if (cursors.length === 0) return ctx.screen.result("No cursors recorded.");
  const rows = cursors.map((c) => [c.exportName, c.cursor, formatInstant(c.updatedAt), c.runId]);
  ctx.screen.result(renderTable(COLUMNS, rows, ctx.screen.resultWidth));
}
