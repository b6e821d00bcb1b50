/** I3: the cursor moves once, after every part of the read was accepted and logged. */
import { bestEffort, type ExportContext } from "./context.ts";

/** @param cursor the last row's value; null when no row came, which leaves the cursor where it is. */
export async function commitCursor(ctx: ExportContext, cursor: string | null): Promise<void> {
  if (cursor === null) return;
  const { deps: { state }, exported: { name }, runId } = ctx;
  const at = new Date().toISOString();
  await state.saveCursor({ exportName: name, cursor, updatedAt: at, runId });
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
