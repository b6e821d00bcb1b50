/** How a plan's chunks fall to tasks (`rivet plan --tasks N`), by the planner's estimate of their rows. */
import { onlyHelps } from "../access/only_helps.ts";
import type { Source } from "../ports/source.ts";
import { chunkSpec } from "./chunk_spec.ts";
import type { ChunkedStrategy, ExportPlan } from "./strategy.ts";

/** What one task of several reads. */
export interface TaskShare {
  /** As `rivet apply --task` takes it: `3/8`. */
  readonly task: string;
  readonly chunks: number;
  /** null where the planner does not know. */
  readonly row_estimate: number | null;
}

/** The shares, and how much more than the mean the largest is: 1 is even. */
export interface TaskShares {
  readonly tasks: readonly TaskShare[];
  readonly largest_to_mean: number | null;
}

/** Each estimate is an EXPLAIN: of more chunks than this, some stand for their neighbours. */
const CHUNKS_ASKED = 200;

/** Rows of each chunk, or null; pages and dense ranges have alike ones. */
async function chunkRows(
  source: Source,
  { strategy, description }: ExportPlan & { readonly strategy: ChunkedStrategy },
): Promise<(number | null)[]> {
  const { chunks } = strategy;
  const step = Math.max(1, Math.ceil(chunks.length / CHUNKS_ASKED));
  const rows: (number | null)[] = [];
  for (let at = 0; at < chunks.length; at += step) {
    const spec = chunkSpec(source.dialect, strategy, description, chunks[at]);
    const estimate = spec.kind === "statement"
      ? await onlyHelps("the rows of a chunk", () => source.estimateRows(spec.sql), null)
      : null;
    for (let i = at; i < Math.min(at + step, chunks.length); i++) rows.push(estimate);
  }
  return rows;
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

/** null: the plan has no chunks, and so no tasks. */
export async function taskShares(
  source: Source,
  plan: ExportPlan,
  of: number,
): Promise<TaskShares | null> {
  const { strategy } = plan;
  if (strategy.kind !== "chunked") return null;
  return sharesOf(await chunkRows(source, { ...plan, strategy }), plan.estimatedRows, of);
}

/** @param rows of each chunk; unknown ones have what the others leave of the export's estimate. */
export function sharesOf(
  rows: readonly (number | null)[],
  total: number | null,
  of: number,
): TaskShares {
  const known = rows.filter((value) => value !== null);
  const unknown = rows.length - known.length;
  const rest = total === null || unknown === 0 ? null : Math.max(0, total - sum(known)) / unknown;
  const each = rows.map((value) => value ?? rest);
  const tasks = Array.from({ length: of }, (_, index): TaskShare => {
    const mine = each.filter((_, chunk) => chunk % of === index);
    const estimated = mine.filter((value) => value !== null);
    return {
      task: `${index}/${of}`,
      chunks: mine.length,
      row_estimate: estimated.length < mine.length ? null : Math.round(sum(estimated)),
    };
  });
  const estimates = tasks.map((task) => task.row_estimate).filter((value) => value !== null);
  const mean = sum(estimates) / of;
  const even = estimates.length < of || mean === 0 ? null : Math.max(...estimates) / mean;
  return { tasks, largest_to_mean: even === null ? null : Math.round(even * 100) / 100 };
}
