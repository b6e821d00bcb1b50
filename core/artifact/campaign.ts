/** Several exports seen together: their waves, and which of them must not meet at one source. */
import { isHeavy, type Recommendation } from "./priority.ts";

/** The names are public API. */
export interface Campaign {
  /** Export names, most urgent first. */
  readonly ordered_exports: readonly string[];
  readonly waves: readonly { readonly wave: number; readonly exports: readonly string[] }[];
  readonly source_group_warnings: readonly string[];
}

export interface RankedExport {
  readonly name: string;
  readonly recommendation: Recommendation;
}

function byUrgency(a: RankedExport, b: RankedExport): number {
  const score = b.recommendation.priority_score - a.recommendation.priority_score;
  return score !== 0 ? score : a.name < b.name ? -1 : 1;
}

/** Names of heavy exports by the group that two or more of them share. */
function crowdedGroups(exports: readonly RankedExport[]): Map<string, string[]> {
  const groups = new Map<string, string[]>();
  for (const { name, recommendation } of exports) {
    const group = recommendation.source_group;
    if (group === null || !isHeavy(recommendation)) continue;
    groups.set(group, [...groups.get(group) ?? [], name]);
  }
  return new Map([...groups].filter(([, names]) => names.length > 1));
}

function isolated(recommendation: Recommendation): Recommendation {
  const message =
    `Source group '${recommendation.source_group}' has several heavy exports: run this ` +
    "one alone on that source.";
  return {
    ...recommendation,
    isolate_on_source: true,
    parallel_safe: false,
    reasons: [...recommendation.reasons, { kind: "shared_source_heavy_conflict", message }],
  };
}

/** The campaign, and the recommendations as the others change them, in the order given. */
export function planCampaign(
  exports: readonly RankedExport[],
): { campaign: Campaign; recommendations: Recommendation[] } {
  const crowded = crowdedGroups(exports);
  const crowdedNames = new Set([...crowded.values()].flat());
  const recommendations = exports.map(({ name, recommendation }) =>
    crowdedNames.has(name) ? isolated(recommendation) : recommendation
  );
  const ordered = [...exports].sort(byUrgency);
  const numbers = [...new Set(ordered.map((e) => e.recommendation.recommended_wave))].sort();
  const campaign: Campaign = {
    ordered_exports: ordered.map((e) => e.name),
    waves: numbers.map((wave) => ({
      wave,
      exports: ordered.filter((e) => e.recommendation.recommended_wave === wave).map((e) => e.name),
    })),
    source_group_warnings: [...crowded].map(([group, names]) =>
      `Source group '${group}': ${names.length} heavy exports (${
        names.join(", ")
      }): avoid running ` +
      "them at the same time; stagger or isolate."
    ),
  };
  return { campaign, recommendations };
}
