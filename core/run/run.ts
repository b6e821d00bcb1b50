/** A whole invocation: its exports one after another, and the aggregate of their summaries. */
import { assertAvailable } from "../config/availability.ts";
import type { LoadedExport } from "../config/loaded.ts";
import { selectExports } from "../config/select.ts";
import { type RivetError, serializeError, toRivetError } from "../errors.ts";
import type { RunAggregateRecord } from "../ports/state.ts";
import { aggregateJson } from "../report/json.ts";
import { RIVET_VERSION } from "../version.ts";
import { bestEffort, type RunDeps, type RunServices } from "./context.ts";
import { runExport } from "./export.ts";
import { runId } from "./names.ts";
import { exportsToResume } from "./resume.ts";
import { runHold } from "./snapshot.ts";
import type { ExportSummary, RunAggregate, RunOptions } from "./types.ts";
import { WorkerPool } from "./worker_pool.ts";

/** An export that failed before its run could begin still has a summary. */
function notStarted(exported: LoadedExport, thrown: unknown): ExportSummary {
  const error: RivetError = toRivetError(thrown);
  const now = new Date();
  return {
    exportName: exported.name,
    runId: runId(exported.name, now),
    status: error.code === "INTERRUPTED" ? "interrupted" : "failed",
    mode: exported.config.mode,
    profile: exported.tuning.profile,
    batchSize: exported.tuning.batchRows === 0 ? null : exported.tuning.batchRows,
    format: exported.config.format,
    compression: exported.compression.codec,
    destination: exported.destination.type,
    startedAt: now.toISOString(),
    finishedAt: now.toISOString(),
    durationMs: 0,
    rows: 0,
    files: 0,
    bytes: 0,
    peakRssMb: 0,
    retries: 0,
    validated: null,
    reconciled: null,
    schemaChanged: null,
    quality: [],
    chunks: null,
    error: serializeError(error),
  };
}

/** A failed export does not stop the next one; an interrupt does. */
export async function runExports(deps: RunDeps, options: RunOptions): Promise<RunAggregate> {
  const startedAt = new Date();
  assertAvailable(options.config, options.exportName);
  const selected = selectExports(options.config, options.exportName);
  const exports = options.resume ? await exportsToResume(deps, options, selected) : selected;
  const workers = new WorkerPool(deps.startWorker);
  const runSnapshot = runHold(exports);
  const summaries: ExportSummary[] = [];
  try {
    const services = { ...deps, workers, runSnapshot };
    if (options.parallelExports) {
      const running = exports.map((exported) => runOne(services, options, exported));
      summaries.push(...await Promise.all(running));
    } else {
      for (const exported of exports) {
        if (options.signal.aborted) break;
        summaries.push(await runOne(services, options, exported));
      }
    }
  } finally {
    workers.close();
    await runSnapshot.release();
  }
  const result = aggregate(startedAt, summaries);
  await bestEffort("the run aggregate", () => deps.state.saveAggregate(aggregateRecord(result)));
  return result;
}

function aggregateRecord(run: RunAggregate): RunAggregateRecord {
  const { startedAt, finishedAt, succeeded, failed, skipped, rows, bytes } = run;
  return {
    aggregateId: crypto.randomUUID(),
    ...{ startedAt, finishedAt, succeeded, failed, skipped, rows, bytes },
    exports: run.exports.length,
    detail: JSON.stringify(aggregateJson(run)),
  };
}

async function runOne(
  deps: RunServices,
  options: RunOptions,
  exported: LoadedExport,
): Promise<ExportSummary> {
  try {
    return await runExport(deps, options, exported);
  } catch (error) {
    const summary = notStarted(exported, error);
    options.listener.finished(summary);
    return summary;
  }
}

export function aggregate(startedAt: Date, exports: readonly ExportSummary[]): RunAggregate {
  const finishedAt = new Date();
  const total = (of: (s: ExportSummary) => number) => exports.reduce((sum, s) => sum + of(s), 0);
  return {
    rivetVersion: RIVET_VERSION,
    startedAt: startedAt.toISOString(),
    finishedAt: finishedAt.toISOString(),
    durationMs: finishedAt.getTime() - startedAt.getTime(),
    succeeded: total((s) => s.status === "success" ? 1 : 0),
    failed: total((s) => s.status === "failed" || s.status === "interrupted" ? 1 : 0),
    skipped: total((s) => s.status === "skipped" ? 1 : 0),
    rows: total((s) => s.rows),
    files: total((s) => s.files),
    bytes: total((s) => s.bytes),
    exports,
  };
}
