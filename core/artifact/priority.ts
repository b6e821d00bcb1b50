/** How urgent and how heavy an export is (contracts section 4, "Priority"): advice with its reasons. */
import { counted } from "../base/counted.ts";
import { readersOf } from "../config/modes.ts";
import type { RunMetric } from "../ports/state.ts";
import type { PlannedExport } from "./planned.ts";

export type CostClass = "low" | "medium" | "high" | "very_high";
export type Level = "low" | "medium" | "high";

export type ReasonKind =
  | "small_table"
  | "large_table"
  | "huge_table"
  | "strong_cursor"
  | "weak_cursor"
  | "no_time_cursor"
  | "sparse_range_risk"
  | "chunking_heavy"
  | "reconcile_required"
  | "freshness_hint_recent"
  | "shared_source_heavy_conflict"
  | "low_confidence_metadata"
  | "recent_failure_history"
  | "high_retry_rate_history"
  | "slow_history";

export interface Reason {
  readonly kind: ReasonKind;
  readonly message: string;
}

/** The names are public API. */
export interface Recommendation {
  /** 0..100. */
  readonly priority_score: number;
  readonly priority_class: Level;
  readonly cost_class: CostClass;
  readonly risk_class: Level;
  /** 1..4; `rivet plan` writes it as `wave:`. */
  readonly recommended_wave: number;
  /** May run beside others of its wave; written as `parallel_safe:`. */
  readonly parallel_safe: boolean;
  readonly source_group: string | null;
  readonly isolate_on_source: boolean;
  readonly reasons: readonly Reason[];
}

interface Signal extends Reason {
  readonly points: number;
}

const SMALL_ROWS = 100_000;
const LARGE_ROWS = 1_000_000;
const HUGE_ROWS = 10_000_000;
const HEAVY_CHUNKS = 8;
const RECENT_DAYS = 7;
const SLOW_MS = 5 * 60 * 1000;
const MIN_HISTORY = 3;
const MAX_RETRY_RATE = 0.3;

const BASE_SCORE = 50;
const SNAPSHOT_POINTS = 5;
const VERDICT_POINTS = { EFFICIENT: 8, ACCEPTABLE: 0, DEGRADED: -12, UNSAFE: -25 } as const;

function sizeSignals({ plan: { estimatedRows: rows } }: PlannedExport): Signal[] {
  if (rows === null) {
    const message = "No row estimate: the source does not tell how large it is.";
    return [{ kind: "low_confidence_metadata", points: -3, message }];
  }
  const about = `(~${rows} rows)`;
  if (rows < SMALL_ROWS) return [{ kind: "small_table", points: 12, message: `Small ${about}.` }];
  if (rows >= HUGE_ROWS) return [{ kind: "huge_table", points: -15, message: `Huge ${about}.` }];
  if (rows < LARGE_ROWS) return [];
  return [{ kind: "large_table", points: 0, message: `Large ${about}.` }];
}

function cursorSignals({ exported, plan, diagnostics }: PlannedExport): Signal[] {
  const { strategy } = plan;
  if (strategy.kind !== "incremental") {
    if (exported.mode.kind === "time_window") return [];
    const message = `mode: ${exported.mode.kind} follows no cursor; every run reads everything.`;
    return [{ kind: "no_time_cursor", points: 0, message }];
  }
  const weak = (points: number, message: string): Signal[] => [
    { kind: "weak_cursor", points, message },
  ];
  const { column, fallback, columnType } = strategy.shape;
  if (fallback !== null) {
    return weak(-14, `Cursor '${column}' is NULL in places and falls back to '${fallback}'.`);
  }
  if (diagnostics.index === "unknown") return weak(-12, `Nothing is known about '${column}'.`);
  if (diagnostics.index === "full") {
    return [{ kind: "strong_cursor", points: 18, message: `Cursor '${column}' has an index.` }];
  }
  const kind = columnType?.type.kind;
  return kind === "timestamp" || kind === "date"
    ? weak(-8, `Time cursor '${column}' has no index.`)
    : weak(-12, `Cursor '${column}' has no index.`);
}

function modeSignals({ exported, plan, diagnostics }: PlannedExport): Signal[] {
  const { config, mode, reconcile } = exported;
  const list: Signal[] = [];
  if (diagnostics.sparse) {
    const message = "The key range is sparse: most chunk windows are nearly empty.";
    list.push({ kind: "sparse_range_risk", points: -18, message });
  }
  if (plan.strategy.kind === "chunked" && plan.strategy.chunks.length >= HEAVY_CHUNKS) {
    const message = `${
      counted(plan.strategy.chunks.length, "chunk")
    }: higher source load and runtime.`;
    list.push({ kind: "chunking_heavy", points: -10, message });
  }
  if (config.reconcile_required === true || reconcile !== "off") {
    const message = "Source and files are compared after the run.";
    list.push({ kind: "reconcile_required", points: -12, message });
  }
  if (mode.kind === "time_window" && mode.days < RECENT_DAYS) {
    const message = `A short window of ${counted(mode.days, "day")}: fresh data is wanted.`;
    list.push({ kind: "freshness_hint_recent", points: 6, message });
  }
  return list;
}

/** @param runs newest first. */
function historySignals(runs: readonly RunMetric[]): Signal[] {
  const list: Signal[] = [];
  if (runs[0]?.status === "failed") {
    const message = "The last run failed.";
    list.push({ kind: "recent_failure_history", points: -8, message });
  }
  if (runs.length < MIN_HISTORY) return list;
  const mean = (of: (m: RunMetric) => number) => runs.reduce((n, m) => n + of(m), 0) / runs.length;
  const retryRate = mean((m) => (m.retries > 0 ? 1 : 0));
  if (retryRate > MAX_RETRY_RATE) {
    const message = `${Math.round(retryRate * 100)}% of the last ${
      counted(runs.length, "run")
    } were retried.`;
    list.push({ kind: "high_retry_rate_history", points: -5, message });
  }
  const meanMs = mean((m) => m.durationMs);
  if (meanMs >= SLOW_MS) {
    const message = `The last ${counted(runs.length, "run")} took ${
      Math.round(meanMs / 60_000)
    } min on average.`;
    list.push({ kind: "slow_history", points: -4, message });
  }
  return list;
}

function costClass({ plan: { estimatedRows: rows, strategy } }: PlannedExport): CostClass {
  if (rows === null) return "medium";
  if (rows < SMALL_ROWS) return "low";
  if (rows < HUGE_ROWS) return "medium";
  const chunks = strategy.kind === "chunked" ? strategy.chunks.length : 0;
  return chunks >= HEAVY_CHUNKS ? "very_high" : "high";
}

export function isHeavy({ cost_class }: Pick<Recommendation, "cost_class">): boolean {
  return cost_class === "high" || cost_class === "very_high";
}

/** First what is urgent and cheap, last what is heavy or uncertain. */
function waveOf(score: number): number {
  if (score >= 70) return 1;
  if (score >= 50) return 2;
  return score >= 30 ? 3 : 4;
}

const levelOf = (value: number, high: number, medium: number): Level =>
  value >= high ? "high" : value >= medium ? "medium" : "low";

const RISKS: readonly ReasonKind[] = [
  "sparse_range_risk",
  "weak_cursor",
  "low_confidence_metadata",
  "recent_failure_history",
  "high_retry_rate_history",
];

/** @param history metrics of the export's last runs, newest first. */
export function recommend(planned: PlannedExport, history: readonly RunMetric[]): Recommendation {
  const { exported: { config, mode }, diagnostics: { verdict } } = planned;
  const signals = [
    ...sizeSignals(planned),
    ...cursorSignals(planned),
    ...modeSignals(planned),
    ...historySignals(history),
  ];
  const points = signals.reduce((sum, signal) => sum + signal.points, 0);
  const snapshot = mode.kind === "full" ? SNAPSHOT_POINTS : 0;
  const score = Math.max(
    0,
    Math.min(100, BASE_SCORE + VERDICT_POINTS[verdict] + snapshot + points),
  );
  const cost = costClass(planned);
  const risks = signals.filter((s) => RISKS.includes(s.kind)).length +
    (verdict === "UNSAFE" ? 2 : 0);
  return {
    priority_score: score,
    priority_class: levelOf(score, 70, 40),
    cost_class: cost,
    risk_class: levelOf(risks, 2, 1),
    recommended_wave: waveOf(score),
    // What is heavy, or reads with several connections by itself, runs alone.
    parallel_safe: !isHeavy({ cost_class: cost }) && readersOf(mode) === 1 && verdict !== "UNSAFE",
    source_group: config.source_group ?? null,
    isolate_on_source: false,
    reasons: signals.map(({ kind, message }) => ({ kind, message })),
  };
}
