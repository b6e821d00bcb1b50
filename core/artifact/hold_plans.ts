/**
 * `rivet plan --hold`: plans that were made in a snapshot, by a process that keeps it for those who apply
 * them, on this machine or others.
 */
import { loggedRetrier } from "../access/logged_retrier.ts";
import { ConfigError, toRivetError } from "../base/errors.ts";
import { logger } from "../base/log.ts";
import { delay, interrupted } from "../base/wait.ts";
import type { LoadedExport } from "../config/loaded.ts";
import { selectExports } from "../config/select.ts";
import { exportHold, type ExportSnapshot, runHold, usesSnapshot } from "../extract/snapshot.ts";
import type { SharedSnapshot } from "../ports/source.ts";
import type { StateReader } from "../ports/state.ts";
import { EXPIRES_AFTER_MS, type PlanArtifact } from "./artifact.ts";
import {
  type PlanDeps,
  planExports,
  type PlannedExports,
  type PlanOptions,
} from "./plan_exports.ts";

/** How often the state is asked whether the runs are finished. */
const ASK_MS = 2_000;
/** Runs of an export that may have begun since the plan was made. */
const RUNS = 20;

/** Plans, and the snapshots that they are read in. */
export interface HeldPlans {
  readonly planned: PlannedExports;
  /**
   * Keeps the snapshots until every plan that needs one was applied with success.
   * @throws RivetError SNAPSHOT_ENDED, INTERRUPTED
   */
  untilApplied(): Promise<void>;
  /** Gives the snapshots back. Idempotent; never throws. */
  release(): Promise<void>;
}

/** @throws ConfigError when no export has a snapshot; what `planExports` throws. */
export async function holdPlans(deps: PlanDeps, options: PlanOptions): Promise<HeldPlans> {
  const { config, exportName, signal } = options;
  const exports = selectExports(config, exportName).filter(usesSnapshot).map(limited);
  if (exports.length === 0) throw nothingToHold();
  const ofRun = runHold(exports);
  const holds = new Map<string, ExportSnapshot>();
  for (const exported of exports) holds.set(exported.name, exportHold(exported, ofRun) ?? ofRun);
  const release = async (): Promise<void> => {
    for (const hold of holds.values()) await hold.release();
  };
  try {
    const snapshots = new Map<string, SharedSnapshot>();
    for (const exported of exports) {
      const hold = holds.get(exported.name) ?? ofRun;
      snapshots.set(exported.name, await take(deps, options, exported, hold));
    }
    const planned = await planExports(deps, { ...options, snapshots });
    const held = planned.plans.filter(({ snapshot }) => snapshot !== null);
    const artifacts = held.map(({ artifact }) => artifact);
    const untilApplied = () => keep(deps.state, artifacts, [...holds.values()], signal);
    return { planned, untilApplied, release };
  } catch (error) {
    // Who cannot join a snapshot does not know why it has ended.
    const [failure = error] = failures([...holds.values()]);
    await release();
    throw failure;
  }
}

const failures = (holds: readonly ExportSnapshot[]) => holds.flatMap((hold) => hold.failure ?? []);

/** A plan that has expired is applied by nobody. */
function limited(exported: LoadedExport): LoadedExport {
  const expires = EXPIRES_AFTER_MS / 1000;
  const { kind, maxSeconds } = exported.consistency;
  return {
    ...exported,
    consistency: { kind, maxSeconds: Math.min(maxSeconds ?? expires, expires) },
  };
}

function nothingToHold(): ConfigError {
  return new ConfigError("--hold: no export that is planned reads a snapshot", [], {
    code: "USAGE",
    hint: "Set consistency: snapshot on the export, or plan without --hold.",
  });
}

function take(
  { source }: PlanDeps,
  { config, signal }: PlanOptions,
  { name, tuning }: LoadedExport,
  hold: ExportSnapshot,
): Promise<SharedSnapshot> {
  return loggedRetrier(tuning, signal).run(
    { step: `the snapshot of '${name}'` },
    () =>
      hold.take(async () => {
        const factory = await source(config.source.type);
        const applicationName = "rivet/snapshot";
        return await factory.connect({ source: config.source, tuning, applicationName, signal });
      }),
  );
}

async function keep(
  state: StateReader,
  plans: readonly PlanArtifact[],
  holds: readonly ExportSnapshot[],
  signal: AbortSignal,
): Promise<void> {
  const ended = AbortSignal.any([signal, ...holds.map((hold) => hold.signal)]);
  let open = plans;
  while (open.length > 0) {
    await delay(ASK_MS, ended).catch(() => undefined);
    if (signal.aborted) throw interrupted();
    for (const hold of holds) await hold.check();
    for (const failure of failures(holds)) throw failure;
    open = await stillOpen(state, open);
  }
}

/** A state that does not answer for a while costs nobody the snapshot. */
async function stillOpen(
  state: StateReader,
  plans: readonly PlanArtifact[],
): Promise<readonly PlanArtifact[]> {
  try {
    const applied = await Promise.all(plans.map((plan) => isApplied(state, plan)));
    return plans.filter((_, i) => !applied[i]);
  } catch (error) {
    logger().warn(`whether the plan was applied is not known: ${toRivetError(error).message}`);
    return plans;
  }
}

/** Whether a run of the plan has ended with success: the only end after which nobody reads any more. */
async function isApplied(
  state: StateReader,
  { export_name: exportName, plan_id }: PlanArtifact,
): Promise<boolean> {
  const shared = (await state.chunkRuns({ status: "completed" }))
    .find(({ planId }) => planId === plan_id);
  if (shared !== undefined) return shared.finishedAt !== null;
  const runs = await state.journal({ exportName, last: RUNS });
  return runs.some(({ events }) => {
    const says = (event: string, key: string, value: string) =>
      events.some((e) => e.event === event && JSON.parse(e.data)[key] === value);
    return says("started", "plan_id", plan_id) && says("finished", "status", "success");
  });
}
