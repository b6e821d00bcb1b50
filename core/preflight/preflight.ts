/** Preflight: what is known about an export before it runs. Advice only; nothing gates on it (PA8). */
import type { LoadedExport } from "../config/loaded.ts";
import { readersOf } from "../config/modes.ts";
import type { Profile } from "../config/tuning.ts";
import type { ExportPlan } from "../plan/strategy.ts";
import type { ScanFacts, Source } from "../ports/source.ts";
import { indexUse, keyRangeOf, probeScan } from "./probe.ts";
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
  /** An index has the rows in the export's order, used or not; null: not known, or there is no order. */
  readonly indexed: boolean | null;
  readonly verdict: Verdict;
  readonly recommendedProfile: Profile;
  /** Readers at the same time. */
  readonly recommendedParallel: number;
  readonly warnings: readonly string[];
  readonly suggestion: string | null;
  /** Most windows of the chunk column hold next to nothing. */
  readonly sparse: boolean;
}

/** `ALL on orders, then a sort`. */
function scanText({ scanType, sorted }: ScanFacts): string {
  return sorted ? `${scanType}, then a sort` : scanType;
}

/** Asks EXPLAIN and, through an index, MIN and MAX; reads no row. @throws SourceError */
export async function preflight(
  source: Source,
  exported: LoadedExport,
  plan: ExportPlan,
): Promise<Diagnostics> {
  const rows = plan.estimatedRows;
  const found = await probeScan(source, exported, plan);
  const { scan, indexed } = found;
  const index = indexUse(found);
  const keyRange = await keyRangeOf(source, plan, found);
  const facts = { exported, plan, rows, keyRange };
  const verdict = verdictOf(index, rows, indexed);
  return {
    strategy: strategyName(exported, plan),
    reads: readsName(plan, source.capabilities),
    rowEstimate: rows,
    keyRange,
    scanType: scan === null ? null : scanText(scan),
    index,
    indexed,
    verdict,
    recommendedProfile: recommendProfile(
      indexed ? "partial" : index,
      rows,
      readersOf(exported.mode),
    ),
    recommendedParallel: recommendParallel(plan, verdict, rows),
    warnings: warningsOf(facts),
    suggestion: suggestionOf(verdict, exported, rows, indexed),
    sparse: isSparse(facts),
  };
}
