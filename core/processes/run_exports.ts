/** `rivet run --parallel-export-processes`: what `runExports` does, with a process per export. */
import type { LoadedExport } from "../config/loaded.ts";
import { ConfigError } from "../base/errors.ts";
import type { RunDeps } from "../run/context.ts";
import { crashRecorder } from "../run/crash.ts";
import { aggregate, aggregateRecord, recordAggregate, selectJobs } from "../run/run.ts";
import type { RunAggregate } from "../report/summary.ts";
import type { RunOptions } from "../run/run_options.ts";
import { type Launcher, type ProcessOptions, runInProcesses } from "./run_in_processes.ts";

/** As `runExports`: a child that dies is a failed export, never a missing one. */
export async function runExportsInProcesses(
  deps: RunDeps,
  options: RunOptions,
  processes: ProcessOptions & Launcher,
): Promise<RunAggregate> {
  const { listener, signal } = options;
  const startedAt = new Date();
  const { jobs, skipped } = await selectJobs(deps, options);
  for (const summary of skipped) listener.finished(summary);
  refuseSharedSnapshot(jobs.map((job) => job.exported));
  const onCrash = crashRecorder(deps, options);
  const run = { ...processes, groups: [jobs], listener, onCrash, signal };
  const summaries = [...skipped, ...await runInProcesses(run)];
  const order = new Map(jobs.map((job, i) => [job.exported.name, i]));
  summaries.sort((a, b) => (order.get(a.exportName) ?? 0) - (order.get(b.exportName) ?? 0));
  const result = aggregate(startedAt, summaries);
  await recordAggregate(deps.state, aggregateRecord(result));
  return result;
}

/** @throws ConfigError: what one connection holds open cannot be seen by several processes. */
export function refuseSharedSnapshot(exports: readonly LoadedExport[]): void {
  const shared = exports.filter((e) => e.consistency.kind === "run_snapshot");
  if (shared.length === 0) return;
  throw new ConfigError(
    `export '${shared[0].name}': consistency: run_snapshot is one snapshot of one process, and ` +
      "parallel_export_processes gives every export its own",
    [],
    { hint: "Use --parallel-exports instead, or consistency: snapshot." },
  );
}
