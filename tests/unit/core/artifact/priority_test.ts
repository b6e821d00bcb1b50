import { deepEqual, equal } from "node:assert/strict";
import { planCampaign } from "../../../../core/artifact/campaign.ts";
import { recommend, type Recommendation } from "../../../../core/artifact/priority.ts";
import type { RunMetric } from "../../../../core/ports/state.ts";
import {
  chunkedStrategy,
  columnOf,
  incrementalStrategy,
  planned,
  type PlannedFacts,
} from "../plan/planned.ts";

const AT = columnOf("updated_at", "timestamp");
const ID = columnOf("id", "int");

const run = (fields: Partial<RunMetric>): RunMetric =>
  ({ status: "success", retries: 0, durationMs: 1000, ...fields }) as RunMetric;
const runs = (count: number, fields: Partial<RunMetric>) =>
  Array.from({ length: count }, () => run(fields));

const incremental = { config: { mode: "incremental", cursor_column: "updated_at" } };
const window = (days: number): PlannedFacts => ({
  rows: 500_000,
  config: { mode: "time_window", time_column: "at", days_window: days },
});

/** 50, and -+0 for a mid-sized window whose verdict is ACCEPTABLE. */
const NEUTRAL = window(30);

interface Case {
  readonly what: string;
  readonly facts: PlannedFacts;
  readonly history?: readonly RunMetric[];
  readonly score: number;
  readonly reasons: readonly string[];
}

const CASES: readonly Case[] = [
  { what: "neutral", facts: NEUTRAL, score: 50, reasons: [] },
  { what: "small", facts: { ...NEUTRAL, rows: 99_999 }, score: 62, reasons: ["small_table"] },
  { what: "not small", facts: { ...NEUTRAL, rows: 100_000 }, score: 50, reasons: [] },
  { what: "large", facts: { ...NEUTRAL, rows: 1_000_000 }, score: 50, reasons: ["large_table"] },
  { what: "huge", facts: { ...NEUTRAL, rows: 10_000_000 }, score: 35, reasons: ["huge_table"] },
  {
    what: "unknown size",
    facts: { ...NEUTRAL, rows: null },
    score: 47,
    reasons: ["low_confidence_metadata"],
  },
  { what: "efficient", facts: { ...NEUTRAL, verdict: "EFFICIENT" }, score: 58, reasons: [] },
  { what: "degraded", facts: { ...NEUTRAL, verdict: "DEGRADED" }, score: 38, reasons: [] },
  { what: "unsafe", facts: { ...NEUTRAL, verdict: "UNSAFE" }, score: 25, reasons: [] },
  {
    what: "snapshot",
    facts: { rows: 500_000, config: { mode: "full" } },
    score: 55,
    reasons: ["no_time_cursor"],
  },
  {
    what: "strong cursor",
    facts: { ...incremental, rows: 500_000, strategy: incrementalStrategy(AT) },
    score: 68,
    reasons: ["strong_cursor"],
  },
  {
    what: "weak time cursor",
    facts: { ...incremental, rows: 500_000, index: "none", strategy: incrementalStrategy(AT) },
    score: 42,
    reasons: ["weak_cursor"],
  },
  {
    what: "cursor with a fallback",
    facts: { ...incremental, rows: 500_000, strategy: incrementalStrategy(AT, "created_at") },
    score: 36,
    reasons: ["weak_cursor"],
  },
  {
    what: "unknown cursor",
    facts: { ...incremental, rows: 500_000, index: "unknown", strategy: incrementalStrategy(AT) },
    score: 38,
    reasons: ["weak_cursor"],
  },
  {
    what: "a cursor that is no time and has no index",
    facts: { ...incremental, rows: 500_000, index: "none", strategy: incrementalStrategy(ID) },
    score: 38,
    reasons: ["weak_cursor"],
  },
  {
    what: "sparse chunks",
    facts: {
      rows: 500_000,
      config: { mode: "chunked", chunk_column: "id" },
      strategy: chunkedStrategy(3),
      sparse: true,
    },
    score: 32,
    reasons: ["no_time_cursor", "sparse_range_risk"],
  },
  {
    what: "many chunks",
    facts: {
      rows: 500_000,
      config: { mode: "chunked", chunk_column: "id" },
      strategy: chunkedStrategy(8),
    },
    score: 40,
    reasons: ["no_time_cursor", "chunking_heavy"],
  },
  {
    what: "reconcile required",
    facts: { ...NEUTRAL, config: { ...NEUTRAL.config, reconcile_required: true } },
    score: 38,
    reasons: ["reconcile_required"],
  },
  { what: "a short window", facts: window(3), score: 56, reasons: ["freshness_hint_recent"] },
  {
    what: "the last run failed",
    facts: NEUTRAL,
    history: [run({ status: "failed" })],
    score: 42,
    reasons: ["recent_failure_history"],
  },
  {
    what: "an earlier run failed",
    facts: NEUTRAL,
    history: [run({}), run({ status: "failed" })],
    score: 50,
    reasons: [],
  },
  {
    what: "many retries",
    facts: NEUTRAL,
    history: runs(3, { retries: 2 }),
    score: 45,
    reasons: ["high_retry_rate_history"],
  },
  {
    what: "retries of two runs",
    facts: NEUTRAL,
    history: runs(2, { retries: 2 }),
    score: 50,
    reasons: [],
  },
  {
    what: "slow runs",
    facts: NEUTRAL,
    history: runs(3, { durationMs: 300_000 }),
    score: 46,
    reasons: ["slow_history"],
  },
  {
    what: "everything against it is still 0",
    facts: {
      rows: 60_000_000,
      verdict: "UNSAFE",
      config: { mode: "chunked", chunk_column: "id", reconcile_required: true },
      strategy: chunkedStrategy(20),
      sparse: true,
    },
    score: 0,
    reasons: [
      "huge_table",
      "no_time_cursor",
      "sparse_range_risk",
      "chunking_heavy",
      "reconcile_required",
    ],
  },
];

for (const { what, facts, history = [], score, reasons } of CASES) {
  Deno.test(`priority: ${what}`, () => {
    const result = recommend(planned(facts), history);
    equal(result.priority_score, score);
    deepEqual(result.reasons.map((r) => r.kind), reasons);
  });
}

Deno.test("cost classes and waves", () => {
  const cost = (rows: number | null, chunks = 1) =>
    recommend(
      planned({
        rows,
        strategy: chunkedStrategy(chunks),
        config: { mode: "chunked", chunk_column: "id" },
      }),
      [],
    )
      .cost_class;
  deepEqual(
    [
      cost(99_999),
      cost(100_000),
      cost(9_999_999),
      cost(10_000_000),
      cost(10_000_000, 8),
      cost(null),
    ],
    ["low", "medium", "medium", "high", "very_high", "medium"],
  );
  const wave = (facts: PlannedFacts) => recommend(planned(facts), []).recommended_wave;
  equal(wave({ ...incremental, strategy: incrementalStrategy(AT) }), 1);
  equal(wave(NEUTRAL), 2);
  equal(wave({ ...NEUTRAL, rows: 10_000_000 }), 3);
  equal(wave({ ...NEUTRAL, verdict: "UNSAFE" }), 4);
});

Deno.test("parallel_safe: what is cheap and reads with one connection", () => {
  const safe = (facts: PlannedFacts) => recommend(planned(facts), []).parallel_safe;
  equal(safe({}), true);
  equal(safe({ rows: 10_000_000 }), false);
  equal(safe({ config: { parallel: 2 } }), false);
  equal(safe({ verdict: "UNSAFE" }), false);
});

const heavy = (group: string | null): Recommendation =>
  recommend(
    planned({ rows: 20_000_000, config: group === null ? {} : { source_group: group } }),
    [],
  );

Deno.test("campaign: two heavy exports of one source group are kept apart", () => {
  const light = recommend(planned({ config: { source_group: "a" } }), []);
  const { campaign, recommendations } = planCampaign([
    { name: "one", recommendation: heavy("a") },
    { name: "two", recommendation: heavy("a") },
    { name: "small", recommendation: light },
    { name: "alone", recommendation: heavy("b") },
    { name: "free", recommendation: heavy(null) },
  ]);
  deepEqual(recommendations.map((r) => r.isolate_on_source), [true, true, false, false, false]);
  equal(recommendations[0].reasons.at(-1)?.kind, "shared_source_heavy_conflict");
  equal(recommendations[0].parallel_safe, false);
  equal(campaign.source_group_warnings.length, 1);
  equal(campaign.source_group_warnings[0].includes("'a': 2 heavy exports (one, two)"), true);
  deepEqual(campaign.ordered_exports, ["small", "alone", "free", "one", "two"]);
  deepEqual(campaign.waves.map((w) => w.exports), [["small"], ["alone", "free", "one", "two"]]);
});
