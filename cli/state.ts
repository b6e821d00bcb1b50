/** `rivet state`: what Rivet remembers between runs. */
import { constant, type InferValue, message, object, option, optional, or } from "@optique/core";
import { string } from "@optique/core/valueparser";
import { selectExports } from "../core/config/select.ts";
import type { LoadedConfig } from "../core/config/loaded.ts";
import { ConfigError } from "../core/errors.ts";
import type { ChunkRun, ChunkTask, FileRecord, StateStore } from "../core/ports/state.ts";
import { redact } from "../core/redact.ts";
import { defineCommand } from "./define.ts";
import { loadConfig, withState } from "./load.ts";
import {
  configOption,
  exportOption,
  jsonOption,
  lastOption,
  requiredExportOption,
} from "./options.ts";
import { formatBytes, formatInstant } from "./render/format.ts";
import { chunkRunJson, chunkTaskJson, fileJson, toJson } from "./render/json.ts";
import { renderTable, type TableColumn } from "./render/table.ts";
import type { CommandContext } from "./services.ts";

const filesOptions = object({
  command: constant("state files"),
  config: configOption,
  export: exportOption,
  last: lastOption("files", 50),
  json: jsonOption,
});

const chunksOptions = object({
  command: constant("state chunks"),
  config: configOption,
  export: requiredExportOption,
  json: jsonOption,
});

const resetChunksOptions = object({
  command: constant("state reset-chunks"),
  config: configOption,
  export: optional(
    option("-e", "--export", string({ metavar: "NAME" }), {
      description: message`Clear the checkpoint of this export.`,
    }),
  ),
  stuckCheckpoints: option("--stuck-checkpoints", "--failed", {
    description:
      message`Clear every checkpoint of this config's exports that is still in progress.`,
  }),
});

type FilesArgs = InferValue<typeof filesOptions>;
type ChunksArgs = InferValue<typeof chunksOptions>;
type ResetChunksArgs = InferValue<typeof resetChunksOptions>;

export const STATE_SUBCOMMANDS = ["files", "chunks", "reset-chunks"] as const;

export const stateCommand = defineCommand(
  "state",
  or(
    defineCommand("files", filesOptions, {
      brief: "List the files that exports produced.",
      description: "Lists the files that a destination accepted, newest first.",
      usage: "--config PATH [OPTIONS]",
      examples: [
        ["rivet state files -c rivet.yaml", "the last 50"],
        ["rivet state files -c rivet.yaml -e orders -l 5", "the last 5 of one export"],
      ],
    }),
    defineCommand("chunks", chunksOptions, {
      brief: "Show the chunk checkpoint of an export.",
      description: "Shows the chunks of the export's latest checkpointed run.",
      usage: "--config PATH --export NAME [OPTIONS]",
      examples: [["rivet state chunks -c rivet.yaml -e orders", "every chunk and its status"]],
    }),
    defineCommand("reset-chunks", resetChunksOptions, {
      brief: "Clear chunk checkpoints, so that the next run starts afresh.",
      description: "Deletes the stored chunk checkpoint of one export, or with " +
        "--stuck-checkpoints those of the config's exports whose run never finished. Files at " +
        "the destination stay.",
      usage: "--config PATH (--export NAME | --stuck-checkpoints)",
      examples: [
        ["rivet state reset-chunks -c rivet.yaml -e orders", "one export"],
        ["rivet state reset-chunks -c rivet.yaml --stuck-checkpoints", "all unfinished ones"],
      ],
    }),
  ),
  {
    brief: "Show and manage what Rivet remembers between runs.",
    description:
      "The state lies beside the config in .rivet_state.db, or where RIVET_STATE_URL points.",
    usage: "COMMAND [OPTIONS]",
    examples: [
      ["rivet state files -c rivet.yaml", "what was written"],
      ["rivet state chunks -c rivet.yaml -e orders", "how far a chunked export came"],
    ],
  },
);

const FILE_COLUMNS: readonly TableColumn[] = [
  { header: "RUN ID", minWidth: 35 },
  { header: "FILE", minWidth: 40 },
  { header: "ROWS", minWidth: 9, align: "right" },
  { header: "BYTES", minWidth: 10, align: "right" },
  { header: "CREATED" },
];

export async function executeStateFiles(args: FilesArgs, ctx: CommandContext): Promise<void> {
  const config = await loadConfig(ctx, args.config);
  const filter = { exportName: args.export, last: args.last };
  const files = await withState(ctx, config, (state) => state.files(filter));
  if (files.length === 0 && args.export !== undefined) selectExports(config, args.export);
  if (args.json) return ctx.screen.result(toJson({ files: files.map(fileJson) }));
  if (files.length === 0) return ctx.screen.result("No files recorded.");
  ctx.screen.result(renderTable(FILE_COLUMNS, files.map(fileRow), ctx.screen.resultWidth));
}

function fileRow(file: FileRecord): string[] {
  return [
    file.runId,
    file.fileName,
    String(file.rows),
    formatBytes(file.sizeBytes),
    formatInstant(file.createdAt),
  ];
}

const CHUNK_COLUMNS: readonly TableColumn[] = [
  { header: "CHUNK", minWidth: 6, align: "right" },
  { header: "START", minWidth: 12 },
  { header: "END", minWidth: 12 },
  { header: "STATUS", minWidth: 9 },
  { header: "ATTEMPTS", align: "right" },
  { header: "ROWS", minWidth: 10, align: "right" },
  { header: "UPDATED", minWidth: 25 },
  { header: "ERROR" },
];

export async function executeStateChunks(args: ChunksArgs, ctx: CommandContext): Promise<void> {
  const config = await loadConfig(ctx, args.config);
  const { run, tasks } = await withState(ctx, config, (state) => chunksOf(state, args.export));
  if (run === null) {
    selectExports(config, args.export);
    const nothing = `No chunk checkpoint for '${args.export}'.`;
    return ctx.screen.result(args.json ? toJson({ run: null, chunks: [] }) : nothing);
  }
  if (args.json) {
    const json = { run: chunkRunJson(run), chunks: tasks.map(chunkTaskJson) };
    return ctx.screen.result(toJson(json));
  }
  const table = renderTable(CHUNK_COLUMNS, tasks.map(chunkRow), ctx.screen.resultWidth);
  ctx.screen.result(`${chunkRunLine(run, tasks)}\n${table}`);
}

async function chunksOf(state: StateStore, exportName: string): Promise<
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
    task.error === null ? "" : redact(task.error.split("\n", 1)[0]),
  ];
}

export async function executeResetChunks(
  args: ResetChunksArgs,
  ctx: CommandContext,
): Promise<void> {
  if ((args.export === undefined) !== args.stuckCheckpoints) {
    throw new ConfigError("give either --export NAME or --stuck-checkpoints", [], {
      code: "USAGE",
      hint: "See `rivet state reset-chunks --help`.",
    });
  }
  const config = await loadConfig(ctx, args.config);
  const lines = await withState(
    ctx,
    config,
    (state) =>
      args.export === undefined ? resetStuck(state, config) : resetOne(state, config, args.export),
  );
  ctx.screen.result(lines.join("\n"));
}

async function resetOne(state: StateStore, config: LoadedConfig, name: string): Promise<string[]> {
  const deleted = await state.resetChunks(name);
  if (deleted > 0) return [cleared(name, deleted)];
  // An export that left the config may still have state; a name known to neither is a typo.
  selectExports(config, name);
  return [`No chunk checkpoint for '${name}'.`];
}

async function resetStuck(state: StateStore, config: LoadedConfig): Promise<string[]> {
  const known = new Set(config.exports.map((e) => e.name));
  const stuck = await state.chunkRuns({ status: "in_progress" });
  const names = [...new Set(stuck.map((run) => run.exportName))];
  if (names.length === 0) return ["No chunk checkpoint is in progress."];
  const lines: string[] = [];
  for (const name of names) {
    lines.push(
      known.has(name)
        ? cleared(name, await state.resetChunks(name, { stuckOnly: true }))
        : `${name}: skipped, not in this config`,
    );
  }
  return lines;
}

function cleared(name: string, runs: number): string {
  return `${name}: cleared ${runs} chunk ${runs === 1 ? "checkpoint" : "checkpoints"}`;
}
