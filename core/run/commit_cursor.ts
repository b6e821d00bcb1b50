/** I3: the cursor moves once, after every part of the read was accepted and logged. */
import { logger } from "../base/log.ts";
import type { IncrementalStrategy } from "../plan/strategy.ts";
import { bestEffort, type ExportContext } from "./context.ts";
import type { ReadResult } from "../extract/read.ts";
import { MAX_TIES } from "../extract/ties.ts";

export type CursorRead = Pick<ReadResult, "rows" | "lastValue" | "lastTies">;

/** The trailing window of `cursor_lag` may end before the cursor, when the last rows were deleted. */
function isBehind({ after, window }: IncrementalStrategy, value: string): boolean {
  const lagging = after !== null && window.after !== null && window.after.value !== after;
  // Times in the form that cursors are stored in have the order of their text.
  return lagging && value < after;
}

/** The cursor stays where it is when no row came, or none but those that were exported before. */
export async function commitCursor(
  ctx: ExportContext,
  strategy: IncrementalStrategy,
  read: CursorRead,
): Promise<void> {
  const { rows, lastValue: cursor, lastTies } = read;
  if (cursor === null || rows === 0 || isBehind(strategy, cursor)) return;
  const { deps: { state }, exported: { name }, runId } = ctx;
  const at = new Date().toISOString();
  const ties = lastTies === null ? {} : { ties: JSON.stringify(lastTies) };
  await state.saveCursor({ exportName: name, cursor, updatedAt: at, runId, ...ties });
  if (strategy.ties !== null && lastTies === null) warnOfTies(name, cursor);
  await bestEffort("the progression", async () => {
    await state.commitProgress({
      exportName: name,
      strategy: "incremental",
      value: cursor,
      runId,
      at,
    });
  });
}

function warnOfTies(exportName: string, cursor: string): void {
  logger().warn(
    `export '${exportName}': more than ${MAX_TIES} rows share the cursor's last value ${cursor}; the ` +
      "next run writes all of them again. Choose a cursor_column with finer values to avoid that",
  );
}
