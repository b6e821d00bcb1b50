/** `rivet apply <config>`: the exports of a configuration wave by wave. */
import { logger } from "../base/log.ts";
import { refuseSharedStdout } from "../config/select.ts";
import { RivetError } from "../base/errors.ts";
import { refuseSharedSnapshot } from "../processes/run_exports.ts";
import {
  type Launcher,
  type ProcessOptions,
  runInProcesses,
} from "../processes/run_in_processes.ts";
import type { RunDeps } from "../run/context.ts";
import { crashRecorder } from "../run/crash.ts";
import { aggregate, type ExportJob, runJobs } from "../run/run.ts";
import type { ExportSummary, RunAggregate } from "../report/summary.ts";
import type { RunOptions } from "../run/run_options.ts";
import { type CampaignRecord, CampaignRecorder } from "./campaign_record.ts";
import { unfinishedJobs } from "./unfinished.ts";
import { parallelGroups, type Wave, wavesOf } from "./waves.ts";

/** null: one export after another, in this process. */
export type Processes = (ProcessOptions & Launcher) | null;

interface Campaign extends Pick<CampaignRecord, "since" | "since_sequence"> {
  readonly jobs: readonly ExportJob[];
}

/** A failed export stops neither its wave nor later ones; an interrupt does. */
export async function applyConfig(
  deps: RunDeps,
  options: RunOptions,
  processes: Processes,
): Promise<RunAggregate> {
  const { config } = options;
  refuseSharedStdout(config.exports);
  const waves = wavesOf(config);
  if (processes !== null) refuseSharedSnapshot(config.exports);
  const startedAt = new Date();
  const { jobs, ...since } = await campaignOf(deps, options, startedAt);
  const recorder = new CampaignRecorder(deps.state, { config_path: config.path, ...since });
  await recorder.begin(startedAt);
  const summaries = await runWaves(deps, options, processes, waves, jobs);
  const result = aggregate(startedAt, summaries);
  await recorder.end(result);
  return result;
}

async function campaignOf(deps: RunDeps, options: RunOptions, now: Date): Promise<Campaign> {
  const { config, resume, force } = options;
  const fresh: Campaign = {
    since: now.toISOString(),
    since_sequence: await deps.state.lastSequence(),
    jobs: config.exports.map((exported) => ({ exported, resume: false })),
  };
  if (!resume) return fresh;
  try {
    const { campaign, jobs } = await unfinishedJobs(deps, config, options.signal);
    if (force) logger().warn("--force has no effect: not every export is finished already");
    const { since, since_sequence } = campaign;
    return { since, since_sequence, jobs };
  } catch (error) {
    if (force && error instanceof RivetError && error.code === "ALREADY_COMPLETE") return fresh;
    throw error;
  }
}

function runWaves(
  deps: RunDeps,
  options: RunOptions,
  processes: Processes,
  waves: readonly Wave[],
  jobs: readonly ExportJob[],
): Promise<ExportSummary[]> {
  const byName = new Map(jobs.map((job) => [job.exported.name, job]));
  const jobsOf = (exports: Wave["exports"]) =>
    exports.flatMap((exported) => byName.get(exported.name) ?? []);
  if (processes === null) {
    const ordered = waves.flatMap((wave) => jobsOf(wave.exports));
    return runJobs(deps, { ...options, parallelExports: false }, ordered);
  }
  const { listener, signal } = options;
  const groups = parallelGroups(waves).map(jobsOf).filter((group) => group.length > 0);
  const onCrash = crashRecorder(deps, options);
  return runInProcesses({ ...processes, groups, listener, onCrash, signal });
}
