/** What `run` and `apply` share: progress, summaries, JSON, and what the outcome means for the caller. */
import type { LoadedExport } from "../core/config/loaded.ts";
import { ConfigError } from "../core/base/errors.ts";
import { aggregateJson } from "../core/report/json.ts";
import type { RunAggregate } from "../core/report/summary.ts";
import type { RunListener } from "../core/run/run_options.ts";
import { failureOf, interruption, ReportedError } from "./failure.ts";
import { CardsView } from "./render/cards.ts";
import { toJson } from "./render/json.ts";
import { ProgressView, showSummary } from "./render/progress.ts";
import { renderRunSummary } from "./render/run_summary.ts";
import type { CommandContext } from "./services.ts";
import { type MetricsFile, reserveMetrics } from "./metrics_file.ts";
import { reserveFile } from "./result_file.ts";

export interface RunReport {
  readonly exports: readonly LoadedExport[];
  readonly json: boolean;
  readonly summaryOutput: string | undefined;
  readonly metricsFile: string | undefined;
  /** An export is a process of its own. */
  readonly processes: boolean;
}

export type RunBody = (listener: RunListener, signal: AbortSignal) => Promise<RunAggregate>;

/** @throws RivetError when the run did not succeed as a whole; everything is printed before. */
export async function reportRun(
  ctx: CommandContext,
  report: RunReport,
  body: RunBody,
): Promise<void> {
  if (ctx.childEvents === true) return await reportAsChild(ctx, body);
  const { exports, json, summaryOutput, metricsFile } = report;
  const dataOnStdout = exports.some((e) => e.destination.type === "stdout");
  if (dataOnStdout && json) {
    throw new ConfigError("--json and a stdout destination both want stdout", [], {
      code: "USAGE",
      hint: "Use --summary-output PATH for the JSON.",
    });
  }
  const file = summaryOutput === undefined ? null : await reserveFile(summaryOutput);
  let metrics: MetricsFile | null = null;
  try {
    if (metricsFile !== undefined) metrics = await reserveMetrics(metricsFile);
    const signal = ctx.interruptSignal();
    const run = await runWithView(ctx, { ...report, dataOnStdout }, (l) => body(l, signal));
    const text = toJson(aggregateJson(run));
    await file?.commit(`${text}\n`);
    await metrics?.commit(run);
    if (json) ctx.screen.json(text);
    const failure = failureOf(run);
    if (failure !== null) throw failure;
    // A stop between two exports leaves no export that says so.
    if (signal.aborted && run.exports.length < exports.length) {
      throw interruption(`after ${run.exports.length} of ${exports.length} exports`);
    }
  } finally {
    await file?.discard();
    await metrics?.discard();
  }
}

/** The parent prints: here are only events. */
async function reportAsChild(ctx: CommandContext, body: RunBody): Promise<void> {
  const { EventEmitter }: typeof import("../core/processes/events.ts") = await import(
    "../core/processes/events.ts" as string
  );
  const listener = new EventEmitter((line) => ctx.screen.json(line));
  const failure = failureOf(await body(listener, ctx.interruptSignal()));
  if (failure !== null) throw new ReportedError(failure);
}

async function runWithView(
  ctx: CommandContext,
  { exports, json, dataOnStdout, processes }: RunReport & { dataOnStdout: boolean },
  body: (listener: RunListener) => Promise<RunAggregate>,
): Promise<RunAggregate> {
  const { screen, globals } = ctx;
  const summaries = json && globals.quiet ? "none" : json || dataOnStdout ? "stderr" : "stdout";
  // Data that scrolls through the terminal leaves no place for a live block.
  const silent = globals.quiet || dataOnStdout && screen.resultWidth !== undefined;
  const view = processes && !silent && screen.interactive
    ? new CardsView({ screen, exportNames: exports.map(({ name }) => name), summaries })
    : new ProgressView({ screen, show: silent ? "none" : "auto", summaries });
  await view.open();
  let run: RunAggregate;
  try {
    run = await body(view);
  } finally {
    view.close();
  }
  if (processes) {
    showSummary(screen, summaries, renderRunSummary(run));
  }
  return run;
}
