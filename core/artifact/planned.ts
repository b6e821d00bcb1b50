/** One export, planned and examined, before it is ranked among the others and sealed. */
import type { LoadedExport } from "../config/loaded.ts";
import type { ExportPlan, PlanInputs } from "../plan/strategy.ts";
import { planWithoutWaiting } from "../plan/export_plan.ts";
import type { TaskShares } from "../plan/task_shares.ts";
import type { SharedSnapshot, Source } from "../ports/source.ts";
import type { StateReader } from "../ports/state.ts";
import { driftOf } from "../preflight/schema_drift.ts";
import { type Diagnostics, preflight } from "../preflight/preflight.ts";

/** What is known of one export before it is ranked among the others. */
export interface PlannedExport {
  readonly exported: LoadedExport;
  readonly plan: ExportPlan;
  readonly diagnostics: Diagnostics;
  readonly cursorSnapshot: string | null;
  /** What it was planned in, and has to be read in; null: each statement sees its own moment. */
  readonly snapshot: SharedSnapshot | null;
  /** What of its columns is not as the last successful run saw it; null when none has succeeded yet. */
  readonly drift: readonly string[] | null;
  /** With `--tasks`, where it has chunks. */
  readonly tasks?: TaskShares;
}

/** Plans one export on a connection of its own; reads no row. */
export async function planOne(
  source: Source,
  state: Pick<StateReader, "schema">,
  exported: LoadedExport,
  inputs: PlanInputs,
  snapshot: SharedSnapshot | null = null,
): Promise<PlannedExport> {
  const plan = await planWithoutWaiting(source, exported, inputs);
  const diagnostics = await preflight(source, exported, plan);
  const drift = await driftOf(state, exported, plan, source.dialect);
  return { exported, plan, diagnostics, cursorSnapshot: inputs.cursor, snapshot, drift };
}
