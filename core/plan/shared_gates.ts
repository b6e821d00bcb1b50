/** Gates of `quality:` over the chunks of a run that no process has read as a whole. */
import type { LoadedExport } from "../config/loaded.ts";
import { RivetError } from "../base/errors.ts";
import { CUTS } from "../query/cuts/mod.ts";
import type { ExportPlan } from "./strategy.ts";

/** The column that the chunks are ranges of; null: there is none. */
export function cutColumn({ strategy }: Pick<ExportPlan, "strategy">): string | null {
  if (strategy.kind !== "chunked") return null;
  const { kind, column } = strategy.shape;
  return CUTS[kind].columnSetting === null ? null : column;
}

/**
 * Columns of which no two chunks of the plan have a value in common. As they are read: two values that an
 * override makes the same may be in two chunks.
 */
export function columnsApart(plan: ExportPlan): ReadonlySet<string> {
  const column = cutColumn(plan);
  const { columns } = plan.description;
  const exact = columns.some(({ name, fidelity }) => name === column && fidelity === "exact");
  return column !== null && exact ? new Set([column]) : new Set();
}

/**
 * @param column that the plan is cut by; null: by none.
 * @throws RivetError NOT_AVAILABLE for a gate that several processes cannot decide together.
 */
export function requireSharedGates(
  { name, quality }: Pick<LoadedExport, "name" | "quality">,
  column: string | null,
): void {
  const others = (quality?.uniqueColumns ?? []).filter((unique) => unique !== column);
  if (others.length === 0) return;
  throw new RivetError(
    "NOT_AVAILABLE",
    `export '${name}': unique_columns: '${others.join("', '")}' cannot be decided by several ` +
      "processes: two chunks may have a value in common, and no process sees both",
    {
      hint:
        "Apply the plan with one process, cut by that column, or check it where the files are read.",
    },
  );
}
