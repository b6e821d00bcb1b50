/** `rivet state progression`: the committed and verified boundaries (PG2, PG5). */
import { constant, type InferValue, object } from "@optique/core";
import { selectExports } from "../../core/config/select.ts";
import type { Progression } from "../../core/ports/state.ts";
import { defineCommand } from "../define.ts";
import { loadNames, readingState } from "../load.ts";
import { configOption, exportOption, jsonOption } from "../options.ts";
import { formatUtc } from "../render/format.ts";
import { progressionJson, toJson } from "../render/json.ts";
import { renderTable, type TableColumn } from "../render/table.ts";
import type { CommandContext } from "../services.ts";

const options = object({
  command: constant("state progression"),
  config: configOption,
  export: exportOption,
  json: jsonOption,
});

type ProgressionArgs = InferValue<typeof options>;

/** The parser of `rivet state progression`, with its help. */
export const progressionCommand = defineCommand("progression", options, {
  brief: "Show what is committed and what is verified.",
  description:
    "Shows per export the boundary that is durably at the destination, and the one that a " +
    "reconcile without mismatch or unknown has verified. Advisory: nothing depends on it.",
  usage: "--config PATH [OPTIONS]",
  examples: [["rivet state progression -c rivet.yaml", "every export"]],
});

const COLUMNS: readonly TableColumn[] = [
  { header: "EXPORT", minWidth: 17 },
  { header: "COMM MODE", minWidth: 12 },
  { header: "COMMITTED", minWidth: 17 },
  { header: "COMMITTED AT", minWidth: 24 },
  { header: "VERI MODE", minWidth: 10 },
  { header: "VERIFIED" },
];

/**
 * Prints both boundaries of each export.
 * @throws ConfigError for an unknown export, StateError
 */
export async function executeProgression(
  args: ProgressionArgs,
  ctx: CommandContext,
): Promise<void> {
  const config = await loadNames(ctx, args.config);
  const found = await readingState(ctx, config, (state) => state.progressions(args.export));
  if (found.length === 0 && args.export !== undefined) selectExports(config, args.export);
  if (args.json) return ctx.screen.json(toJson({ progression: found.map(progressionJson) }));
  if (found.length === 0) return ctx.screen.result("No progression recorded.");
  ctx.screen.result(renderTable(COLUMNS, found.map(row), ctx.screen.resultWidth));
}

function row(p: Progression): string[] {
  return [
    p.exportName,
    p.committedStrategy ?? "-",
    boundary(p.committedStrategy, p.committedValue),
    p.committedAt === null ? "-" : formatUtc(p.committedAt),
    p.verifiedStrategy ?? "-",
    boundary(p.verifiedStrategy, p.verifiedValue),
  ];
}

function boundary(strategy: Progression["committedStrategy"], value: string | null): string {
  if (value === null) return "-";
  return strategy === "chunked" ? `chunk #${value}` : value;
}
