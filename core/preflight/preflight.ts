/** Preflight: what is known about an export before it runs. Advice only; nothing gates on it (PA8). */
import type { LoadedExport } from "../config/loaded.ts";
import { readersOf } from "../config/modes.ts";
import type { Profile } from "../config/tuning.ts";
import type { ExportPlan } from "../plan/strategy.ts";
import type { Source } from "../ports/source.ts";
import { keyRangeOf, probeScan } from "./probe.ts";
import { readsName, strategyName } from "./strategy_name.ts";
import {
  type IndexUse,
  recommendParallel,
  recommendProfile,
  type Verdict,
  verdictOf,
} from "./verdict.ts";
import { isSparse, suggestionOf, warningsOf } from "./warnings.ts";

/** What is known of an export before its first row. */
export interface Diagnostics {
  /** `chunked-parallel(id, size=100000, p=4)`. */
  readonly strategy: string;
  /** How rows come that no chunk bounds; null where the engine fetches them in steps. */
  readonly reads: string | null;
  readonly rowEstimate: number | null;
  /** First and last key of chunks or cursor, as text. */
  readonly keyRange: readonly [string, string] | null;
  /** As the engine names it; null when it does not tell. */
  readonly scanType: string | null;
  readonly index: IndexUse;
  readonly verdict: Verdict;
  readonly recommendedProfile: Profile;
  /** Readers at the same time. */
  readonly recommendedParallel: number;
  readonly warnings: readonly string[];
  readonly suggestion: string | null;
  /** Most windows of the chunk column hold next to nothing. */
  readonly sparse: boolean;
}

/** Asks EXPLAIN and, through an index, MIN and MAX; reads no row. @throws SourceError */
export async function preflight(
  source: Source,
  exported: LoadedExport,
  plan: ExportPlan,
): Promise<Diagnostics> {
  const rows = plan.estimatedRows;
  const scan = await probeScan(source, plan);
  const index = scan?.index ?? "unknown";
  const keyRange = await keyRangeOf(source, plan, scan);
  const facts = { exported, plan, rows, keyRange };
  const verdict = verdictOf(index, rows);
  return {
    strategy: strategyName(exported, plan),
    reads: readsName(plan, source.capabilities),
    rowEstimate: rows,
    keyRange,
    scanType: scan?.scanType ?? null,
    index,
    verdict,
    recommendedProfile: recommendProfile(index, rows, readersOf(exported.mode)),
    recommendedParallel: recommendParallel(plan, verdict, rows),
    warnings: warningsOf(facts),
    suggestion: suggestionOf(verdict, exported, rows),
    sparse: isSparse(facts),
  };
}
