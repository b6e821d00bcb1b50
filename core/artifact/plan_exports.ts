/** `rivet plan`: every export examined, ranked and sealed. Reads no row and writes no file. */
import type { LoadedConfig, LoadedExport } from "../config/loaded.ts";
import { refuseSharedStdout, selectExports } from "../config/select.ts";
import { logger } from "../base/log.ts";
import type { Adapters } from "../ports/adapters.ts";
import type { SharedSnapshot } from "../ports/source.ts";
import type { StateReader } from "../ports/state.ts";
import { withSource } from "../access/ask.ts";
import { requireVerifiable } from "../preflight/check_destination.ts";
import { type PlanArtifact, sealPlan } from "./artifact.ts";
import { cutColumn, requireSharedGates } from "../plan/shared_gates.ts";
import { taskShares } from "../plan/task_shares.ts";
import { type PlannedExport, planOne } from "./planned.ts";
import { type Campaign, planCampaign } from "./campaign.ts";
import { recommend, type Recommendation } from "./priority.ts";

export interface PlanDeps extends Pick<Adapters, "source" | "destination" | "table"> {
  readonly state: StateReader;
}

/** What `rivet plan` is asked. */
export interface PlanOptions {
  readonly config: LoadedConfig;
  /** Only this export; null for all. */
  readonly exportName: string | null;
  /** Signs the plans; null: they are not signed. */
  readonly signKey: string | null;
  readonly signal: AbortSignal;
  /** Among how many tasks the chunks are to be shared out; absent: among none. */
  readonly tasks?: number;
  /** What exports are planned in, by name; see `hold_plans.ts`. */
  readonly snapshots?: ReadonlyMap<string, SharedSnapshot>;
}

/** A plan with what only people want to see. */
export interface ExportPlanned extends PlannedExport {
  readonly artifact: PlanArtifact;
}

/** The plans in the order of the configuration, and the waves they would run in. */
export interface PlannedExports {
  readonly plans: readonly ExportPlanned[];
  /** null for a single export. */
  readonly campaign: Campaign | null;
}

/** Metrics that the recommendation looks at. */
const HISTORY = 20;

/** @throws ConfigError, SourceError, DestinationError: one export that cannot be planned means that there is no plan. */
export async function planExports(deps: PlanDeps, options: PlanOptions): Promise<PlannedExports> {
  const { config, exportName } = options;
  const planned: PlannedExport[] = [];
  const ranked: { name: string; recommendation: Recommendation }[] = [];
  const selected = selectExports(config, exportName);
  refuseSharedStdout(selected);
  await requireVerifiable(deps, selected, options.signal);
  for (const exported of selected) {
    const one = await planWithRetry(deps, options, exported);
    const history = await deps.state.metrics({ exportName: exported.name, last: HISTORY });
    planned.push(one);
    ranked.push({ name: exported.name, recommendation: recommend(one, history) });
  }
  const { campaign, recommendations } = planCampaign(ranked);
  const shared = planned.length > 1 ? campaign : null;
  const now = new Date();
  const plans = await Promise.all(planned.map(async (one, i) => {
    const artifact = await sealPlan(config, one, recommendations[i], shared, now, options.signKey);
    warnOfRedaction(artifact);
    return { ...one, artifact };
  }));
  return { plans, campaign: shared };
}

async function planWithRetry(
  { state, source }: PlanDeps,
  { config, signal, snapshots, tasks }: PlanOptions,
  exported: LoadedExport,
): Promise<PlannedExport> {
  const { name } = exported;
  const snapshot = snapshots?.get(name) ?? null;
  const stored = exported.mode.kind === "incremental" ? await state.cursor(name) : null;
  const inputs = {
    now: new Date(),
    cursor: stored?.cursor ?? null,
    ties: null,
    chunks: null,
    signal,
  };
  return await withSource(
    {
      ...{ config, exported, factory: source, signal },
      ...(snapshot === null ? {} : { snapshot: snapshot.id }),
    },
    { step: `planning '${name}'`, applicationName: `rivet/plan/${name}` },
    (ask) =>
      ask(async (connection) => {
        const one = await planOne(connection, state, exported, inputs, snapshot);
        const shares = tasks === undefined ? null : await taskShares(connection, one.plan, tasks);
        if (shares === null) return one;
        requireSharedGates(exported, cutColumn(one.plan));
        return { ...one, tasks: shares };
      }),
  );
}

/** PA9. */
function warnOfRedaction({ export_name, resolved_plan: { redacted } }: PlanArtifact): void {
  if (redacted.length === 0) return;
  logger().warn(
    `the plan of '${export_name}' holds no secrets: ${redacted.join(", ")} ` +
      `${
        redacted.length === 1 ? "was" : "were"
      } left out. \`rivet apply\` takes credentials from the ` +
      "environment only: name them with url_env, url_file or password_env",
  );
}

/** What `--format json` writes: the artifact of one export, an array under `plans` for several. */
export function artifactFile({ plans, campaign }: PlannedExports): unknown {
  if (campaign === null && plans.length === 1) return plans[0].artifact;
  return {
    rivet_version: plans[0].artifact.rivet_version,
    created_at: plans[0].artifact.created_at,
    plans: plans.map((plan) => plan.artifact),
    campaign,
  };
}
