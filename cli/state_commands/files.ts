/** `rivet state files`: what destinations accepted. */
import { constant, type InferValue, object } from "@optique/core";
import { selectExports } from "../../core/config/select.ts";
import type { FileRecord } from "../../core/ports/state.ts";
import { defineCommand } from "../define.ts";
import { loadNames, readingState } from "../load.ts";
import { configOption, exportOption, jsonOption, lastOption } from "../options.ts";
import { formatBytes, formatInstant } from "../render/format.ts";
import { fileJson, toJson } from "../render/json.ts";
import { renderTable, type TableColumn } from "../render/table.ts";
import type { CommandContext } from "../services.ts";

const options = object({
  command: constant("state files"),
  config: configOption,
  export: exportOption,
  last: lastOption("files", 50),
  json: jsonOption,
});

type FilesArgs = InferValue<typeof options>;

/** The parser of `rivet state files`, with its help. */
export const filesCommand = defineCommand("files", options, {
  brief: "List the files that exports produced.",
  description: "Lists the files that a destination accepted, newest first.",
  usage: "--config PATH [OPTIONS]",
  examples: [
    ["rivet state files -c rivet.yaml", "the last 50"],
    ["rivet state files -c rivet.yaml -e orders -l 5", "the last 5 of one export"],
  ],
});

const COLUMNS: readonly TableColumn[] = [
  { header: "RUN ID", minWidth: 35 },
  { header: "FILE", minWidth: 40 },
  { header: "ROWS", minWidth: 9, align: "right" },
  { header: "BYTES", minWidth: 10, align: "right" },
  { header: "CREATED" },
];

/**
 * Prints the newest rows of the file log.
 * @throws ConfigError for an unknown export, StateError
 */
export async function executeStateFiles(args: FilesArgs, ctx: CommandContext): Promise<void> {
  const config = await loadNames(ctx, args.config);
  const filter = { exportName: args.export, last: args.last };
  const files = await readingState(ctx, config, (state) => state.files(filter));
  if (files.length === 0 && args.export !== undefined) selectExports(config, args.export);
  if (args.json) return ctx.screen.json(toJson({ files: files.map(fileJson) }));
  if (files.length === 0) return ctx.screen.result("No files recorded.");
  ctx.screen.result(renderTable(COLUMNS, files.map(fileRow), ctx.screen.resultWidth));
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
