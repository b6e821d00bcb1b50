/** The verdict and the profile recommendation of the readme's preflight tables. */
import type { Profile } from "../config/tuning.ts";
import type { ExportPlan } from "../plan/strategy.ts";
import type { ScanFacts } from "../ports/source.ts";

/** How the source will feel an export, best first. */
export type Verdict = "EFFICIENT" | "ACCEPTABLE" | "DEGRADED" | "UNSAFE";

export type IndexUse = ScanFacts["index"] | "unknown";

/** One read of so few is as good as it gets. Up to here `rivet init` suggests mode: full. */
export const SMALL_ROWS = 100_000;
const MANY_ROWS = 10_000_000;
const UNSAFE_ROWS = 50_000_000;

/**
 * @param rows the estimate, or null. What is not known never makes a verdict better.
 * @param indexed an index has the rows in their order, whether the planner takes it or not.
 */
export function verdictOf(
  index: IndexUse,
  rows: number | null,
  indexed: boolean | null,
): Verdict {
  switch (index) {
    case "full":
      return rows !== null && rows < MANY_ROWS ? "EFFICIENT" : "ACCEPTABLE";
    case "partial":
    case "unknown":
      return "ACCEPTABLE";
    case "none":
      // Better than its index: the planner compares the two.
      if (indexed === true && rows !== null && rows <= SMALL_ROWS) return "ACCEPTABLE";
      return rows !== null && rows > UNSAFE_ROWS && indexed !== true ? "UNSAFE" : "DEGRADED";
  }
}

/** `Efficient`, as plans show it. */
export function verdictName(verdict: Verdict): string {
  return verdict[0] + verdict.slice(1).toLowerCase();
}

/** @param parallel readers; several of them are one reason to be gentler. */
export function recommendProfile(index: IndexUse, rows: number | null, parallel: number): Profile {
  if (rows === null) return "balanced";
  if (index === "full" || index === "partial") {
    if (rows < 1_000_000) return "fast";
    return rows <= MANY_ROWS ? "balanced" : "safe";
  }
  if (rows < 100_000) return parallel > 1 ? "balanced" : "fast";
  return rows <= 1_000_000 ? "balanced" : "safe";
}

/** Readers that pay: one where the read cannot be cut, or where the source is slow enough with one. */
export function recommendParallel(
  { strategy }: Pick<ExportPlan, "strategy">,
  verdict: Verdict,
  rows: number | null,
): number {
  const cut = strategy.kind === "chunked" ||
    (strategy.kind === "whole" && ["pages", "blocks"].includes(strategy.reads[0].kind));
  if (!cut || rows === null || verdict === "DEGRADED" || verdict === "UNSAFE") return 1;
  if (rows < 100_000) return 1;
  return rows < 1_000_000 ? 2 : 4;
}
