/** `rivet state chunks`: how far a checkpointed export came. */
import { constant, type InferValue, object } from "@optique/core";
import { selectExports } from "../../core/config/select.ts";
import type { ChunkRun, ChunkTask, StateReader } from "../../core/ports/state.ts";
import { defineCommand } from "../define.ts";
import { loadNames, readingState } from "../load.ts";
import { configOption, jsonOption, requiredExportOption } from "../options.ts";
import { formatInstant } from "../render/format.ts";
import { chunkRunJson, chunkTaskJson, toJson } from "../render/json.ts";
import { renderTable, type TableColumn } from "../render/table.ts";
import type { CommandContext } from "../services.ts";

const options = object({
  command: constant("state chunks"),
  config: configOption,
  export: requiredExportOption,
  json: jsonOption,
});

type ChunksArgs = InferValue<typeof options>;

/** The parser of `rivet state chunks`, with its help. */
export const chunksCommand = defineCommand("chunks", options, {
  brief: "Show the chunk checkpoint of an export.",
  description: "Shows the chunks of the export's latest checkpointed run.",
  usage: "--config PATH --export NAME [OPTIONS]",
  examples: [["rivet state chunks -c rivet.yaml -e orders", "every chunk and its status"]],
});

const COLUMNS: readonly TableColumn[] = [
  { header: "CHUNK", minWidth: 6, align: "right" },
  { header: "START", minWidth: 12 },
  { header: "END", minWidth: 12 },
  { header: "STATUS", minWidth: 9 },
  { header: "ATTEMPTS", align: "right" },
  { header: "ROWS", minWidth: 10, align: "right" },
  { header: "UPDATED", minWidth: 25 },
  { header: "ERROR" },
];

/**
 * Prints the chunks of the latest run; none is a sentence, or null in JSON.
 * @throws ConfigError for an unknown export, StateError
 */
export async function executeStateChunks(args: ChunksArgs, ctx: CommandContext): Promise<void> {
  const config = await loadNames(ctx, args.config);
  const { run, tasks } = await readingState(ctx, config, (state) => chunksOf(state, args.export));
  if (run === null) {
    selectExports(config, args.export);
    const nothing = `No chunk checkpoint for '${args.export}'.`;
    if (args.json) return ctx.screen.json(toJson({ run: null, chunks: [] }));
    return ctx.screen.result(nothing);
  }
  if (args.json) {
    const json = { run: chunkRunJson(run), chunks: tasks.map(chunkTaskJson) };
    return ctx.screen.json(toJson(json));
  }
  const table = renderTable(COLUMNS, tasks.map(chunkRow), ctx.screen.resultWidth);
  ctx.screen.result(`${chunkRunLine(run, tasks)}\n${table}`);
}

async function chunksOf(state: StateReader, exportName: string): Promise<
  { run: ChunkRun | null; tasks: ChunkTask[] }
> {
  const run = await state.latestChunkRun(exportName);
  return { run, tasks: run === null ? [] : await state.chunkTasks(run.runId) };
}

/** `orders_20260329T125143.912: in_progress, 3/5 chunks completed, 1 failed`. */
function chunkRunLine(run: ChunkRun, tasks: readonly ChunkTask[]): string {
  const count = (status: ChunkTask["status"]) => tasks.filter((t) => t.status === status).length;
  const failed = count("failed");
  const parts = [run.status, `${count("completed")}/${tasks.length} chunks completed`];
  if (failed > 0) parts.push(`${failed} failed`);
  return `${run.runId}: ${parts.join(", ")}`;
}

function chunkRow(task: ChunkTask): string[] {
  return [
    String(task.chunkIndex),
    task.startKey ?? "-",
    task.endKey ?? "-",
    task.status,
    String(task.attempts),
    task.rowsWritten === null ? "-" : String(task.rowsWritten),
    formatInstant(task.updatedAt),
    task.error ?? "",
  ];
}
