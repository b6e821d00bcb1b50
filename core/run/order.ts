/** Where a run stands among the runs of its export. */
import { toRivetError } from "../base/errors.ts";
import { logger } from "../base/log.ts";
import { currentManifest, newestManifest } from "../manifest/find_manifest.ts";
import type { Manifest } from "../manifest/manifest.ts";
import type { LeasedState, RunOrder } from "../ports/state.ts";
import {
  type AnyDestination,
  bound,
  type BoundDestination,
  isStream,
} from "../ports/destination.ts";

/** The run that gets a place. */
export interface BegunRun {
  readonly exportName: string;
  readonly runId: string;
  readonly signal: AbortSignal;
  /** Of the export's last run in its table; null: none, or no table. */
  readonly lastInTable: () => Promise<number | null>;
}

/**
 * The run's place after what the state knows, and after what lies at its destination: a state may have
 * been lost, or restored from a backup that is older than the last manifest there.
 */
export async function beginRun(
  state: LeasedState,
  destination: AnyDestination,
  begun: BegunRun,
): Promise<RunOrder> {
  const order = await afterManifests(state, destination, begun);
  const last = await begun.lastInTable();
  if (last === null || order.sequence > last) return order;
  const { previousRunId } = order;
  return await state.beginRun(begun.runId, { sequence: last, previousRunId });
}

async function afterManifests(
  state: LeasedState,
  destination: AnyDestination,
  { exportName, runId, signal }: BegunRun,
): Promise<RunOrder> {
  const order = await state.beginRun(runId);
  if (isStream(destination)) return order;
  try {
    const before = await lastManifest(bound(destination, signal), exportName, order);
    if (before === null || before.run_id === runId) return order;
    const { sequence = 0, run_id: previousRunId } = before;
    if (order.previousRunId !== null && order.sequence > sequence) return order;
    return await state.beginRun(runId, { sequence, previousRunId });
  } catch (error) {
    // The run itself will find out what is wrong there, and try again where that helps.
    logger().info(
      `export '${exportName}': the manifests of earlier runs cannot be read: ` +
        toRivetError(error).message,
    );
    return order;
  }
}

/** One look where the state knows the run before; a search where it does not. */
async function lastManifest(
  destination: BoundDestination,
  exportName: string,
  { previousRunId }: RunOrder,
): Promise<Manifest | null> {
  if (previousRunId === null) return await newestManifest(destination, exportName);
  return await currentManifest(destination, exportName);
}
