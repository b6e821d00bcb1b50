/** I3: the cursor moves once, after every part was accepted and the manifest that lists them is there. */
import { logger } from "../base/log.ts";
import type { IncrementalStrategy } from "../plan/strategy.ts";
import { bestEffort, type ExportContext } from "./context.ts";
import type { ReadResult } from "../extract/read.ts";
import { MAX_TIES } from "../extract/ties.ts";
import type { CursorState, LeasedState } from "../ports/state.ts";

export type CursorRead = Pick<ReadResult, "rows" | "lastValue" | "lastTies">;

/** The trailing window of `cursor_lag` may end before the cursor, when the last rows were deleted. */
function isBehind({ after, window }: IncrementalStrategy, value: string): boolean {
  const lagging = after !== null && window.after !== null && window.after.value !== after;
  // Times in the form that cursors are stored in have the order of their text.
  return lagging && value < after;
}

/** The cursor before and after a run; `before` is null when there was none. */
export interface CursorMove {
  readonly before: CursorState | null;
  readonly after: CursorState;
}

/** null: the cursor stays, because no row came, or none but those that were exported before. */
export async function cursorMove(
  ctx: ExportContext,
  strategy: IncrementalStrategy,
  read: CursorRead,
): Promise<CursorMove | null> {
  const { rows, lastValue: cursor, lastTies } = read;
  if (cursor === null || rows === 0 || isBehind(strategy, cursor)) return null;
  const { state, exported: { name }, runId } = ctx;
  if (strategy.ties !== null && lastTies === null) warnOfTies(name, cursor);
  const ties = lastTies === null ? {} : { ties: JSON.stringify(lastTies) };
  const updatedAt = new Date().toISOString();
  return {
    before: await state.cursor(name),
    after: { exportName: name, cursor, updatedAt, runId, ...ties },
  };
}

/** Saves the cursor, then the progression (PG2). */
export async function commitCursor(
  state: Pick<LeasedState, "saveCursor" | "commitProgress">,
  after: CursorState,
): Promise<void> {
  const { exportName, cursor: value, runId, updatedAt: at } = after;
  await state.saveCursor(after);
  logger().info(`export '${exportName}': cursor moved to ${value}`, {
    ...{ export: exportName, run_id: runId, cursor: value },
  });
  await bestEffort("the progression", async () => {
    await state.commitProgress({ exportName, strategy: "incremental", value, runId, at });
  });
}

/** I3: after a failure the cursor is where it was; the next run reads the rows again. */
export async function restoreCursor(
  state: LeasedState,
  { before, after }: CursorMove,
): Promise<void> {
  const stored = await state.cursor(after.exportName);
  if (stored?.runId !== after.runId) return;
  if (before === null) await state.resetCursor(after.exportName);
  else await state.saveCursor(before);
}

function warnOfTies(exportName: string, cursor: string): void {
  logger().warn(
    `export '${exportName}': more than ${MAX_TIES} rows share the cursor's last value ${cursor}; the ` +
      "next run writes all of them again. Choose a cursor_column with finer values to avoid that",
  );
}
