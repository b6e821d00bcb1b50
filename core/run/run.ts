/** A whole invocation: its exports one after another, and the aggregate of their summaries. */
import { openExportDestination } from "../tables/export_destination.ts";
import type { LoadedExport } from "../config/loaded.ts";
import { refuseSharedStdout, selectExports } from "../config/select.ts";
import { Breaker } from "../access/breaker.ts";
import { ConfigError, type RivetError, serializeError, toRivetError } from "../base/errors.ts";
import { logger } from "../base/log.ts";
import type { RunAggregateRecord, StateStore } from "../ports/state.ts";
import { telemetry } from "../ports/telemetry.ts";
import { aggregateJson } from "../report/json.ts";
import { RIVET_VERSION } from "../base/version.ts";
import { bestEffort, coresOf, type RunDeps, type RunServices } from "./context.ts";
import { type ReaderLimit, readerSlots } from "./reader_slots.ts";
import { runExport } from "./export.ts";
import { runId } from "../manifest/names.ts";
import { openLineage } from "../lineage/lineage.ts";
import { tellOfLineage } from "./run_lineage.ts";
import { notifyRun, openNotifiers } from "./notify.ts";
import { exportsToResume } from "./resume.ts";
import { cursorDrift } from "./sealed.ts";
import { tellWaited } from "../lease/lease.ts";
import { runHold } from "../extract/snapshot.ts";
import type { ExportSummary, RunAggregate } from "../report/summary.ts";
import type { RunOptions } from "./run_options.ts";
import { WorkerPool } from "../workers/worker_pool.ts";

/** What is known of a run that cannot tell itself. */
export interface KnownStart {
  readonly startedAt: Date | string;
  /** Absent: it never got one. */
  readonly runId?: string;
}

/** An export that failed before its run could begin, or whose process died, still has a summary. */
export function notStarted(
  exported: LoadedExport,
  thrown: unknown,
  start: KnownStart = { startedAt: new Date() },
): ExportSummary {
  const error: RivetError = toRivetError(thrown);
  const status = error.code === "INTERRUPTED" ? "interrupted" : "failed";
  return { ...emptySummary(exported, start), status, error: serializeError(error) };
}

/** An export that `--resume` passes over. */
function passedOver(exported: LoadedExport, skipReason: string): ExportSummary {
  const summary = emptySummary(exported, { startedAt: new Date() });
  return { ...summary, status: "skipped", error: null, skipReason };
}

/** An export of which nothing was read or written. */
export function emptySummary(
  exported: LoadedExport,
  start: KnownStart,
): Omit<ExportSummary, "status" | "error"> {
  const startedAt = new Date(start.startedAt);
  return {
    exportName: exported.name,
    runId: start.runId ?? runId(exported.name, startedAt),
    mode: exported.config.mode,
    profile: exported.tuning.profile,
    batchSize: exported.tuning.batchRows === 0 ? null : exported.tuning.batchRows,
    format: exported.config.format,
    compression: exported.compression.codec,
    destination: exported.destination.type,
    startedAt: startedAt.toISOString(),
    finishedAt: new Date().toISOString(),
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
  };
}

/** What is done for one export: a run, or one process's share of it. */
export type RunOne = typeof runExport;

/** One export to run, and whether it continues an unfinished run. */
export interface ExportJob {
  readonly exported: LoadedExport;
  readonly resume: boolean;
}

/**
 * A failed export is a summary, not a throw.
 * @throws RivetError for what refuses the run as a whole
 */
export async function runExports(
  deps: RunDeps,
  options: RunOptions,
  run: RunOne = runExport,
): Promise<RunAggregate> {
  const startedAt = new Date();
  const { jobs, skipped } = await selectJobs(deps, options);
  for (const summary of skipped) options.listener.finished(summary);
  const result = aggregate(startedAt, [...skipped, ...await runJobs(deps, options, jobs, run)]);
  if (options.partOfRun !== true) await recordAggregate(deps.state, aggregateRecord(result));
  return result;
}

/** What a run has to do, and the exports that it passes over. */
export interface SelectedJobs {
  readonly jobs: readonly ExportJob[];
  readonly skipped: readonly ExportSummary[];
}

/** @throws what refuses the run as a whole, before anything is read or written. */
export async function selectJobs(deps: RunDeps, options: RunOptions): Promise<SelectedJobs> {
  const { config, exportName, force, resume, sealed } = options;
  const selected = selectExports(config, exportName);
  refuseSharedStdout(selected);
  let forced = false;
  for (const { name } of selected) {
    const inputs = sealed?.get(name);
    if (inputs === undefined) continue;
    const drift = await cursorDrift(deps.state, name, inputs, force);
    forced ||= drift !== null || inputs.forced.length > 0;
  }
  if (force && sealed !== undefined && !forced) {
    logger().warn("--force has no effect: no plan is too old, and no cursor has moved since");
  }
  await checkCredentials(deps, selected, options.signal);
  if (!resume) return { jobs: selected.map((exported) => ({ exported, resume })), skipped: [] };
  const { open, idle } = await exportsToResume(deps, options, selected);
  const again = (exported: LoadedExport) =>
    options.resumeOrRun === true && idle.get(exported) === "nothing to resume";
  const jobs = selected
    .filter((exported) => open.includes(exported) || again(exported))
    .map((exported) => ({ exported, resume: open.includes(exported) }));
  const skipped = [...idle]
    .filter(([exported]) => !again(exported))
    .map(([exported, reason]) => passedOver(exported, reason));
  for (const { exportName, skipReason } of skipped) {
    logger().warn(`export '${exportName}' is skipped: ${skipReason}`);
  }
  return { jobs, skipped };
}

/** What the last export lacks is said before the first one reads; what passes is found when it opens. */
async function checkCredentials(
  deps: RunDeps,
  exports: readonly LoadedExport[],
  signal: AbortSignal,
): Promise<void> {
  for (const exported of exports) {
    try {
      const { destination } = exported;
      await (await openExportDestination(deps, exported, destination, signal, "look")).close();
    } catch (error) {
      if (error instanceof ConfigError) throw error;
    }
  }
}

/** In order, or all at once. A failed export does not stop the next one; an interrupt does. */
export async function runJobs(
  deps: RunDeps,
  options: RunOptions,
  jobs: readonly ExportJob[],
  run: RunOne = runExport,
): Promise<ExportSummary[]> {
  const workers = new WorkerPool(deps.startWorker);
  const runSnapshot = runHold(jobs.map((job) => job.exported));
  const summaries: ExportSummary[] = [];
  try {
    const notifiers = await openNotifiers(deps, options.config);
    const lineage = await openLineage(deps, options.config);
    const readers = readerSlots(options.config, coresOf(deps));
    const services = {
      ...{ ...deps, workers, readers, runSnapshot, notifiers, lineage },
      breaker: new Breaker(),
    };
    if (options.parallelExports) {
      sayLimit(readers.limit, jobs.length);
      summaries.push(...await Promise.all(jobs.map((job) => runOne(services, options, job, run))));
    } else {
      for (const job of jobs) {
        if (options.signal.aborted) break;
        summaries.push(await runOne(services, options, job, run));
      }
    }
  } finally {
    workers.close();
    await runSnapshot.release();
  }
  return summaries;
}

/** Says that the exports wait for each other, where they do. */
function sayLimit({ readers, reason }: ReaderLimit, exports: number): void {
  if (exports <= readers) return;
  logger().warn(
    `${readers} of ${exports} exports at a time, which is all that there is room for: ${reason} ` +
      "(docs/tuning.md)",
  );
}

/** I7: what cannot be written is a WARN. */
export function recordAggregate(state: StateStore, record: RunAggregateRecord): Promise<void> {
  return bestEffort("the run aggregate", () => state.saveAggregate(record));
}

/** What the state keeps of a run, with an id of its own. */
export function aggregateRecord(run: RunAggregate): RunAggregateRecord {
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
  { exported, resume }: ExportJob,
  run: RunOne,
): Promise<ExportSummary> {
  try {
    const asked = performance.now();
    if (await deps.readers.begin(options.signal)) {
      tellWaited(exported.name, "a reader", performance.now() - asked);
    }
    try {
      return await tracedRun(exported, () => run(deps, { ...options, resume }, exported));
    } finally {
      deps.readers.give(1);
    }
  } catch (error) {
    const summary = notStarted(exported, error);
    await Promise.all([
      notifyRun(deps.notifiers, summary, [], options.signal),
      tellOfLineage(deps.lineage, options.config, exported, summary),
    ]);
    options.listener.finished(summary);
    return summary;
  }
}

/** A failed export is no throw; its span fails all the same. */
function tracedRun(
  exported: LoadedExport,
  run: () => Promise<ExportSummary>,
): Promise<ExportSummary> {
  const facts = {
    "rivet.export": exported.name,
    "rivet.mode": exported.config.mode,
    "rivet.format": exported.config.format,
  };
  return telemetry().span("export", facts, async (span) => {
    const summary = await run();
    const { runId, rows, bytes, files, retries, status, error } = summary;
    span.set({ "rivet.run_id": runId, "rivet.status": status, "rivet.retries": retries });
    span.set({ "rivet.rows": rows, "rivet.bytes": bytes, "rivet.files": files });
    if (error !== null) span.fail(error.code);
    return summary;
  });
}

/** The summaries as one run that ends now. */
export function aggregate(startedAt: Date, exports: readonly ExportSummary[]): RunAggregate {
  const finishedAt = new Date();
  const total = (of: (s: ExportSummary) => number) => exports.reduce((sum, s) => sum + of(s), 0);
  return {
    rivetVersion: RIVET_VERSION,
    startedAt: startedAt.toISOString(),
    finishedAt: finishedAt.toISOString(),
    durationMs: Math.max(0, finishedAt.getTime() - startedAt.getTime()),
    succeeded: total((s) => s.status === "success" ? 1 : 0),
    failed: total((s) => s.status === "failed" || s.status === "interrupted" ? 1 : 0),
    skipped: total((s) => s.status === "skipped" ? 1 : 0),
    rows: total((s) => s.rows),
    files: total((s) => s.files),
    bytes: total((s) => s.bytes),
    exports,
  };
}
