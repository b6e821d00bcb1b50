/** What `rivet report` shows: collected from the state, each list with a limit and what that left out. */
import { ConfigError } from "../base/errors.ts";
import type { ExportHistory, HistoryFilter, HistorySlot, HistoryTotals } from "../ports/history.ts";
import type { JournalEvent, Progression, RunMetric, StateReader } from "../ports/state.ts";
import { type RunDetail, runDetail } from "./run_detail.ts";
import { chooseSlots, type SlotUnit } from "./slots.ts";

/** How much of each kind is shown at most. */
export const LIMITS = {
  exports: 1000,
  slots: 120,
  charted: 8,
  runsPerChart: 60,
  runs: 100,
  events: 100,
  chunks: 400,
  parts: 200,
  progressions: 1000,
} as const;

/** A list, and whether there is more than it holds. */
export interface Limited<T> {
  readonly items: readonly T[];
  readonly more: boolean;
}

/** A run's phases over all of its chunks: `times` of its `finished` event. */
export interface RunTimes {
  readonly runId: string;
  readonly exportName: string;
  readonly at: string;
  readonly times: Readonly<Record<string, number>>;
}

/** The runs of one export that are charted, oldest first. */
export interface ChartedExport {
  readonly exportName: string;
  readonly runs: readonly RunMetric[];
}

/** All that the page shows. */
export interface HistoryReport {
  readonly rivetVersion: string;
  readonly generatedAt: string;
  readonly state: string;
  readonly filter: HistoryFilter & { readonly runId?: string };
  readonly totals: HistoryTotals;
  readonly exports: Limited<ExportHistory>;
  readonly slots: { readonly unit: SlotUnit; readonly items: readonly HistorySlot[] };
  readonly charted: readonly ChartedExport[];
  /** Newest first. */
  readonly runs: Limited<RunMetric>;
  /** null: no run has left where its time went. */
  readonly run: RunDetail | null;
  /** Newest first. */
  readonly times: readonly RunTimes[];
  /** `retry`, `pace_changed`, `held_back`; newest first. */
  readonly pressure: Limited<JournalEvent>;
  /** `schema_changed`, `shape_changed`, `quality_failed`; newest first. */
  readonly drift: Limited<JournalEvent>;
  readonly progressions: Limited<Progression>;
}

/** Which part of the history is asked for. */
export interface HistoryQuestion {
  readonly exportName?: string;
  readonly since?: string;
  /** The run that is shown in detail, with or without its milliseconds. */
  readonly runId?: string;
  readonly now: Date;
  readonly rivetVersion: string;
}

const PRESSURE = ["retry", "pace_changed", "held_back"];
const DRIFT = ["schema_changed", "shape_changed", "quality_failed"];

function limited<T>(items: readonly T[], limit: number): Limited<T> {
  return { items: items.slice(0, limit), more: items.length > limit };
}

/** @throws ConfigError USAGE when the run is not in the state. */
export async function historyReport(
  state: StateReader,
  question: HistoryQuestion,
): Promise<HistoryReport> {
  const { exportName, since, runId } = question;
  const filter: HistoryFilter = { exportName, since };
  const totals = await state.historyTotals(filter);
  const { unit, digits } = chooseSlots(totals, LIMITS.slots);
  const exports = await state.exportHistories({ ...filter, last: LIMITS.exports });
  const run = await detailOf(state, question);
  if (runId !== undefined && run === null) {
    throw new ConfigError(`the state has no run '${runId}'`, [], {
      code: "USAGE",
      hint: "`rivet metrics` lists the runs.",
    });
  }
  const events = (names: readonly string[]) =>
    state.events({ ...filter, names, last: LIMITS.events + 1 });
  const progressions = await state.progressions(exportName);
  return {
    rivetVersion: question.rivetVersion,
    generatedAt: question.now.toISOString(),
    state: state.location,
    filter: { ...filter, runId },
    totals,
    exports: { items: exports, more: totals.exports > exports.length },
    slots: { unit, items: await state.historySlots({ ...filter, digits, last: LIMITS.slots }) },
    charted: await charted(state, exports, since),
    runs: limited(await state.metrics({ ...filter, last: LIMITS.runs + 1 }), LIMITS.runs),
    run,
    times: await runTimes(state, filter),
    pressure: limited(await events(PRESSURE), LIMITS.events),
    drift: limited(await events(DRIFT), LIMITS.events),
    progressions: limited(progressions, LIMITS.progressions),
  };
}

/** The run that was asked for; else the newest with its times, of several chunks where there is one. */
async function detailOf(
  state: StateReader,
  { exportName, since, runId }: HistoryQuestion,
): Promise<RunDetail | null> {
  if (runId !== undefined) return await runDetail(state, runId, LIMITS);
  const ended = await state.events({ exportName, since, names: ["finished"], last: LIMITS.runs });
  const timed = ended.filter(({ data }) => timesOf(data) !== null);
  const recent = [...new Set(timed.map((event) => event.runId))].slice(0, RECENT);
  const chunked = await Promise.all(recent.map(async (id) => {
    const [first, second] = await state.events({ runId: id, names: ["timed"], last: 2 });
    return first !== undefined && second !== undefined;
  }));
  const chosen = recent[Math.max(0, chunked.indexOf(true))];
  return chosen === undefined ? null : await runDetail(state, chosen, LIMITS);
}

/** Runs that are looked through for one of several chunks. */
const RECENT = 20;

/** `times` of a `finished` event; null for a run that finished no unit, and of before they were kept. */
function timesOf(data: string): Record<string, number> | null {
  const { times } = JSON.parse(data) as { readonly times?: Record<string, number> | null };
  return times ?? null;
}

async function runTimes(state: StateReader, filter: HistoryFilter): Promise<RunTimes[]> {
  const ended = await state.events({ ...filter, names: ["finished"], last: LIMITS.runsPerChart });
  return ended.flatMap(({ runId, exportName, at, data }) => {
    const times = timesOf(data);
    return times === null ? [] : [{ runId, exportName, at, times }];
  });
}

/** Those that failed come first, then those that move most. */
async function charted(
  state: StateReader,
  exports: readonly ExportHistory[],
  since: string | undefined,
): Promise<ChartedExport[]> {
  const failed = ({ latest }: ExportHistory) =>
    latest.status === "failed" || latest.status === "interrupted" ? 1 : 0;
  const chosen = [...exports]
    .sort((a, b) => failed(b) - failed(a) || b.bytes - a.bytes).slice(0, LIMITS.charted);
  return await Promise.all(chosen.map(async ({ latest: { exportName } }) => {
    const runs = await state.metrics({ exportName, since, last: LIMITS.runsPerChart });
    return { exportName, runs: runs.reverse() };
  }));
}
