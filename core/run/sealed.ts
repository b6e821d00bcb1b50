/** What an export takes from a sealed plan instead of asking for it (PA1), and its cursor check (PA4). */
import { RivetError } from "../base/errors.ts";
import type { PlanInputs, PlannedChunk } from "../plan/strategy.ts";
import type { SharedSnapshot } from "../ports/source.ts";
import type { StateReader } from "../ports/state.ts";

/** Gates that `--force` can open. */
export type Gate = "stale_plan" | "cursor_drift";

/** What `rivet apply` need not ask the source for. */
export interface SealedInputs {
  readonly planId: string;
  /** When the plan was made. */
  readonly createdAt: string;
  readonly incremental: boolean;
  /** The stored cursor when the plan was made. */
  readonly cursor: string | null;
  readonly chunks: readonly PlannedChunk[];
  readonly rowEstimate: number | null;
  /** What the plan was made with, which the process that made it holds; null: it has none. */
  readonly snapshot: SharedSnapshot | null;
  /** What `--force` has let pass already. */
  readonly forced: readonly Gate[];
}

const shown = (cursor: string | null) => (cursor === null ? "none" : `'${cursor}'`);

/**
 * PA4: null while the cursor is where it was when the plan was made; else, with `force`, what has changed.
 * @throws RivetError CURSOR_DRIFT with both values, without `force`.
 */
export async function cursorDrift(
  state: StateReader,
  exportName: string,
  sealed: SealedInputs,
  force: boolean,
): Promise<string | null> {
  if (!sealed.incremental) return null;
  const stored = (await state.cursor(exportName))?.cursor ?? null;
  if (stored === sealed.cursor) return null;
  const text =
    `export '${exportName}': the cursor is ${shown(stored)}, and the plan was made when it ` +
    `was ${shown(sealed.cursor)}: another run has moved it since`;
  if (force) return text;
  throw new RivetError("CURSOR_DRIFT", text, {
    hint: "Make a new plan with `rivet plan`. --force reads from the plan's cursor again.",
  });
}

/** @param inputs what a run would plan with. */
export function sealedInputs(inputs: PlanInputs, sealed: SealedInputs): PlanInputs {
  const { cursor, chunks, rowEstimate } = sealed;
  // The rows at another cursor than the stored one are not remembered.
  const ties = cursor === inputs.cursor ? inputs.ties : null;
  return { ...inputs, cursor, ties, chunks, rowEstimate };
}
