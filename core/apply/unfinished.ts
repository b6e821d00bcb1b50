/** `rivet apply <config> --resume`: what of the last apply is left to do. */
import type { LoadedConfig, LoadedExport } from "../config/loaded.ts";
import { RivetError } from "../base/errors.ts";
import { logger } from "../base/log.ts";
import type { StateStore } from "../ports/state.ts";
import { runToResume } from "../run/checkpoint.ts";
import type { RunDeps } from "../run/context.ts";
import { runTime } from "../manifest/names.ts";
import { hasEnded } from "../run/resume.ts";
import type { ExportJob } from "../run/run.ts";
import { type CampaignRecord, lastCampaign } from "./campaign_record.ts";

/** How far back the metrics of one export are read. */
const LOOK_BACK = 100;

export interface Unfinished {
  readonly campaign: CampaignRecord;
  readonly jobs: readonly ExportJob[];
}

/** @throws RivetError CHECKPOINT_MISSING without an earlier apply, ALREADY_COMPLETE when all is done. */
export async function unfinishedJobs(
  deps: RunDeps,
  config: LoadedConfig,
  signal: AbortSignal,
): Promise<Unfinished> {
  const campaign = await lastCampaign(deps.state, config.path);
  if (campaign === null) {
    throw new RivetError("CHECKPOINT_MISSING", `--resume: ${config.path} was not applied before`, {
      hint: "Apply it without --resume.",
    });
  }
  const jobs: ExportJob[] = [];
  for (const exported of config.exports) {
    const job = await jobOf(deps, exported, campaign, signal);
    if (job === null) logger().info(`export '${exported.name}' is finished and is left alone`);
    else jobs.push(job);
  }
  if (jobs.length > 0) return { campaign, jobs };
  throw new RivetError(
    "ALREADY_COMPLETE",
    `--resume: every export of ${config.path} is finished since ${campaign.since}`,
    { hint: "Apply it without --resume, or with --force, to export everything afresh." },
  );
}

/** Null when the export is finished; else whether it goes on with its chunks or starts again. */
async function jobOf(
  deps: RunDeps,
  exported: LoadedExport,
  campaign: CampaignRecord,
  signal: AbortSignal,
): Promise<ExportJob | null> {
  if (await succeededSince(deps.state, exported, campaign)) return null;
  const run = await runToResume(deps.state, exported);
  if (run === null) return { exported, resume: false };
  if (run.status === "in_progress") return { exported, resume: true };
  // All chunks are done, and the process died before it could say so.
  const at = runTime(run.runId, exported.name)?.toISOString() ?? "";
  if (!await isOf(deps.state, campaign, run.runId, at)) return { exported, resume: false };
  return await hasEnded(deps, exported, run, signal) ? null : { exported, resume: true };
}

async function succeededSince(
  state: StateStore,
  exported: LoadedExport,
  campaign: CampaignRecord,
): Promise<boolean> {
  const metrics = await state.metrics({ exportName: exported.name, last: LOOK_BACK });
  for (const { status, runId, startedAt } of metrics) {
    if (status !== "success" && status !== "skipped") continue;
    if (await isOf(state, campaign, runId, startedAt)) return true;
  }
  return false;
}

/** Whether a run began after the campaign did: by the order of runs, by the clock where there is none. */
async function isOf(
  state: StateStore,
  { since, since_sequence: last }: CampaignRecord,
  runId: string,
  startedAt: string,
): Promise<boolean> {
  if (last === undefined) return startedAt >= since;
  return (await state.sequenceOf(runId) ?? 0) > last;
}
