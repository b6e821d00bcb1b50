/** Takes another tool's state over, one export after another, each under its lease. */
import { withLease } from "../lease/lease.ts";
import { runId } from "../manifest/names.ts";
import type { LeasedState, Progression, StateStore } from "../ports/state.ts";
import type { ImportStep } from "./plan_import.ts";

/** @throws RivetError LEASE_HELD while a run of one of the exports goes on; those before it are done. */
export async function importState(
  state: StateStore,
  steps: readonly ImportStep[],
  signal: AbortSignal,
): Promise<void> {
  for (const step of steps) {
    if (step.action !== "import") continue;
    await withLease(state, step.exportName, { signal }, (lease) => write(lease.state, step));
  }
}

/** I3: the cursor comes last, so that an import that was cut short is seen as one and done again. */
async function write(own: LeasedState, step: ImportStep): Promise<void> {
  for (const file of step.files) await own.logFile(file);
  if (step.progression !== null) await writeProgression(own, step.progression);
  if (step.cursor === null) return;
  const now = new Date();
  const { exportName, cursor, updatedAt } = step.cursor;
  await own.saveCursor({
    exportName,
    cursor,
    updatedAt: updatedAt ?? now.toISOString(),
    runId: runId(exportName, now),
  });
}

async function writeProgression(own: LeasedState, progression: Progression): Promise<void> {
  const { exportName } = progression;
  const now = new Date().toISOString();
  if (progression.committedStrategy !== null) {
    await own.commitProgress({
      exportName,
      strategy: progression.committedStrategy,
      value: progression.committedValue ?? "",
      runId: progression.committedRunId ?? "",
      at: progression.committedAt ?? now,
    });
  }
  if (progression.verifiedStrategy === null) return;
  await own.verifyProgress({
    exportName,
    strategy: progression.verifiedStrategy,
    value: progression.verifiedValue ?? "",
    runId: progression.verifiedRunId ?? "",
    at: progression.verifiedAt ?? now,
  });
}
