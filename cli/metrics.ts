/** `rivet metrics`: the history of runs. */
import { constant, type InferValue, object } from "@optique/core";
import { selectExports } from "../core/config/select.ts";
import type { RunMetric } from "../core/ports/state.ts";
import { defineCommand } from "./define.ts";
import { loadNames, readingState } from "./load.ts";
import { configOption, exportOption, jsonOption, lastOption } from "./options.ts";
import { formatBytes, formatDuration, formatInstant } from "./render/format.ts";
import { metricJson, toJson } from "./render/json.ts";
import { renderTable, type TableColumn } from "./render/table.ts";
import type { CommandContext } from "./services.ts";

const options = object({
  command: constant("metrics"),
  config: configOption,
  export: exportOption,
  last: lastOption("runs", 20),
  json: jsonOption,
});

export type MetricsArgs = InferValue<typeof options>;

export const metricsCommand = defineCommand("metrics", options, {
  brief: "Show the history of runs.",
  description: "Shows status, rows, files, bytes, duration, memory and retries of past runs, " +
    "newest first.",
  usage: "--config PATH [OPTIONS]",
  examples: [
    ["rivet metrics -c rivet.yaml --last 10", "the last 10 runs"],
    ["rivet metrics -c rivet.yaml -e orders", "one export"],
    ["rivet metrics -c rivet.yaml --json", "for scripts"],
  ],
});

const COLUMNS: readonly TableColumn[] = [
  { header: "RUN ID", minWidth: 35 },
  { header: "STATUS", minWidth: 11 },
  { header: "ROWS", minWidth: 10, align: "right" },
  { header: "FILES", align: "right" },
  { header: "BYTES", minWidth: 10, align: "right" },
  { header: "DURATION", align: "right" },
  { header: "PEAK RSS", align: "right" },
  { header: "RETRIES", align: "right" },
  { header: "STARTED", minWidth: 25 },
  { header: "ERROR" },
];

export async function executeMetrics(args: MetricsArgs, ctx: CommandContext): Promise<void> {
  const config = await loadNames(ctx, args.config);
  const filter = { exportName: args.export, last: args.last };
  const metrics = await readingState(ctx, config, (state) => state.metrics(filter));
  if (metrics.length === 0 && args.export !== undefined) selectExports(config, args.export);
  if (args.json) return ctx.screen.json(toJson(metrics.map(metricJson)));
  if (metrics.length === 0) return ctx.screen.result("No runs recorded.");
  ctx.screen.result(renderTable(COLUMNS, metrics.map(row), ctx.screen.resultWidth));
}

function row(metric: RunMetric): string[] {
  return [
    metric.runId,
    metric.status,
    String(metric.rows),
    String(metric.files),
    formatBytes(metric.bytes),
    formatDuration(metric.durationMs),
    `${Math.round(metric.peakRssMb)}MB`,
    String(metric.retries),
    formatInstant(metric.startedAt),
    metric.errorCode ?? "",
  ];
}
