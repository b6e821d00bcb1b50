/** What of an export deserves a warning before it runs, and what would make it cheaper. */
import type { LoadedExport } from "../config/loaded.ts";
import type { ExportPlan } from "../plan/strategy.ts";
import { SMALL_ROWS, type Verdict } from "./verdict.ts";

export interface WarningInput {
  readonly exported: LoadedExport;
  readonly plan: ExportPlan;
  readonly rows: number | null;
  /** First and last key of a chunked export. */
  readonly keyRange: readonly [string, string] | null;
}

const SPARSE_FILL = 0.1;
const PARALLEL_ROWS = 5_000_000;

/** Share of the key range that is taken, 0..1; null when it is not known or means nothing. */
export function rangeFill({ plan, rows, keyRange }: WarningInput): number | null {
  const { strategy } = plan;
  if (strategy.kind !== "chunked" || strategy.shape.kind !== "range") return null;
  if (keyRange === null || rows === null) return null;
  const span = Number(BigInt(keyRange[1]) - BigInt(keyRange[0]) + 1n);
  return Math.min(1, rows / span);
}

export function isSparse(input: WarningInput): boolean {
  const fill = rangeFill(input);
  return fill !== null && fill < SPARSE_FILL;
}

function percent(share: number): string {
  return share < 0.01 ? "<1%" : `~${Math.round(share * 100)}%`;
}

export function warningsOf(input: WarningInput): string[] {
  const { exported, plan, rows } = input;
  const { strategy, base } = plan;
  const list: string[] = [];
  const fill = rangeFill(input);
  if (fill !== null && fill < SPARSE_FILL) {
    list.push(
      `sparse id range: ${percent(fill)} fill, most chunk windows will be nearly empty; ` +
        "chunk_by_key follows the rows instead",
    );
  }
  if (strategy.kind === "chunked") {
    if (strategy.shape.kind === "dense_keys") {
      list.push("chunk_dense: ROW_NUMBER() orders the whole column once, to find the boundaries");
    }
    if (/\brow_number\s*\(/i.test(base)) {
      list.push("dense surrogate: ROW_NUMBER() sorts the whole result for every chunk");
    }
  }
  const { parallel } = exported.config;
  if (parallel > 1 && rows !== null && rows > PARALLEL_ROWS) {
    list.push(`parallel: ${parallel} over a large table: every reader holds batches in memory`);
  }
  return list;
}

const BY_MODE: Record<LoadedExport["config"]["mode"], string> = {
  full: "add an indexed cursor column and switch to incremental mode",
  incremental: "index the cursor column",
  chunked: "index the chunk column",
  time_window: "index the time column",
};

const PREFERRED_SCAN =
  "the planner prefers a full table scan to the index that is there: most rows are " +
  "read, or the table's statistics are old (ANALYZE)";

/** In one sentence; null when there is nothing better to do. */
export function suggestionOf(
  verdict: Verdict,
  exported: LoadedExport,
  rows: number | null,
  indexed: boolean | null,
): string | null {
  const { mode, parallel } = exported.config;
  if (mode === "full" && rows !== null && rows <= SMALL_ROWS) return null;
  if (verdict === "DEGRADED" || verdict === "UNSAFE") {
    if (indexed) return PREFERRED_SCAN;
    return `no index detected, full table scan: ${BY_MODE[mode]}`;
  }
  if (mode === "chunked" && parallel === 1 && rows !== null && rows > PARALLEL_ROWS) {
    return "large dataset: parallel above 1 speeds it up";
  }
  return null;
}
