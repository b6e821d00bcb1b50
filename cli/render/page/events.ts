/** The page's second half: the load on the source, what changed in it, and how far exports are. */
import * as Plot from "@observablehq/plot";
import type { JournalEvent, Progression } from "../../../core/ports/state.ts";
import { type HistoryReport, LIMITS, type RunTimes } from "../../../core/report/history_report.ts";
import { PHASES } from "../../../core/report/run_detail.ts";
import type { Charts } from "./charts.ts";
import { type Html, html, plainText } from "./html.ts";
import { timeAxis } from "./overview.ts";
import { PHASE_COLOURS } from "./run.ts";
import { figures, leftOut, legend, table } from "./tables.ts";
import { count, durationUnit, instant } from "./text.ts";

type Data = Readonly<Record<string, unknown>>;

const list = (value: unknown): string => Array.isArray(value) ? value.map(String).join("; ") : "";

const TEXTS: Readonly<Record<string, (data: Data) => string>> = {
  retry: (d) => `${d.step} ${d.unit ?? d.key ?? ""}: retry ${d.retry} after ${d.code}`,
  pace_changed: (d) =>
    `${d.readers} ${
      d.readers === 1 ? "reader" : "readers"
    } at a time, batches at ${d.batch_percent} %: ${list(d.because) || "the source is calm"}`,
  held_back: (d) => `open transactions hold the cursor back to ${d.until}`,
  schema_changed: (d) => list(d.changes),
  shape_changed: (d) => list(d.changes),
  quality_failed: (d) => list(d.failures),
};

const NAMES: Readonly<Record<string, string>> = {
  retry: "retry",
  pace_changed: "throttle",
  held_back: "held back",
  schema_changed: "schema drift",
  shape_changed: "shape drift",
  quality_failed: "quality",
};

/** Texts of databases are as long as they like. */
const TEXT_CHARACTERS = 500;

function eventsTable(caption: string, events: readonly JournalEvent[]): Html {
  return table({
    caption,
    columns: [
      { header: "When", kind: "time" },
      { header: "Export" },
      { header: "What", kind: "time" },
      { header: "Details", kind: "wrap" },
      { header: "Run" },
    ],
    rows: events.map(({ at, exportName, event, data, runId }) => [
      instant(at),
      exportName,
      NAMES[event] ?? event,
      (TEXTS[event]?.(JSON.parse(data)) ?? data).slice(0, TEXT_CHARACTERS),
      runId,
    ]),
  });
}

interface Share {
  readonly run: number;
  readonly phase: string;
  readonly ms: number;
  readonly title: string;
}

function loadCharts(times: readonly RunTimes[], charts: Charts): Html | null {
  if (times.length === 0) return null;
  const runs = [...times].reverse();
  const longest = durationUnit(runs.map((run) => run.times.longest_statement_ms));
  const shares: Share[] = runs.flatMap(({ runId, times }, run) =>
    PHASES.map((phase) => ({
      run,
      phase,
      ms: times[`${phase}_ms`] ?? 0,
      title: `${plainText(runId)}: ${phase}`,
    }))
      .filter(({ ms }) => ms > 0)
  );
  return html`<div class="grid">${
    charts.chart({
      title: "Longest statement of a run",
      description:
        `In ${longest.unit}: how long the source was busy with one statement, or one step of it.`,
      options: (width) => ({
        width,
        x: timeAxis(width),
        y: { label: `↑ ${longest.unit}`, grid: true, zero: true },
        marks: [
          Plot.ruleY([0]),
          Plot.dot(runs, {
            x: ({ at }: RunTimes) => new Date(at),
            y: (run: RunTimes) => run.times.longest_statement_ms / longest.ms,
            ...{ fill: "var(--mark)", r: 3 },
            title: ({ runId }: RunTimes) => plainText(runId),
          }),
        ],
      }),
    })
  }${
    charts.chart({
      title: "What runs spent their time on",
      description: "Shares of the time of all chunks of a run.",
      legend: legend(PHASES),
      options: (width) => ({
        width,
        x: { label: `the last ${runs.length} runs, oldest to newest →`, ticks: [], type: "band" },
        y: { label: "↑ percent", percent: true, grid: true },
        color: PHASE_COLOURS,
        marks: [
          Plot.barY(shares, {
            ...Plot.stackY({ offset: "normalize" }, { x: "run", y: "ms" }),
            fill: "phase",
            title: "title",
          }),
          Plot.ruleY([0]),
        ],
      }),
    })
  }</div>${
    figures({
      caption: "Time of the last runs, over all of their chunks",
      columns: [
        { header: "Run" },
        { header: "Ended", kind: "time" },
        { header: "Longest statement", kind: "num" },
        ...PHASES.map((phase) => ({ header: phase, kind: "num" as const })),
      ],
      rows: times.map(({ runId, at, times }) => [
        runId,
        instant(at),
        `${count(times.longest_statement_ms)} ms`,
        ...PHASES.map((phase) => `${count(times[`${phase}_ms`] ?? 0)} ms`),
      ]),
    })
  }`;
}

/** What runs asked of their source, and how it took it. */
export function pressureSection({ times, pressure }: HistoryReport, charts: Charts): Html {
  return html`<section id="pressure" aria-labelledby="pressure-h"><h2 id="pressure-h">Source pressure</h2>
${loadCharts(times, charts)}${
    pressure.items.length === 0
      ? html`<p>No retry, no throttle.</p>`
      : eventsTable("Retries and throttles, newest first", pressure.items)
  }${leftOut(pressure.more, `Those before the newest ${LIMITS.events} are left out.`)}</section>`;
}

/** Changes of schemas and shapes, and broken quality rules. */
export function driftSection({ drift }: HistoryReport): Html {
  return html`<section id="drift" aria-labelledby="drift-h"><h2 id="drift-h">Drift and quality</h2>
${
    drift.items.length === 0
      ? html`<p>Nothing changed, no quality rule was broken.</p>`
      : eventsTable("Drift and quality, newest first", drift.items)
  }${leftOut(drift.more, `Those before the newest ${LIMITS.events} are left out.`)}</section>`;
}

function boundary(strategy: Progression["committedStrategy"], value: string | null): string | null {
  return value === null ? null : strategy === "chunked" ? `chunk ${value}` : value;
}

/** How far exports are committed, and verified by a reconcile. */
export function progressionSection({ progressions }: HistoryReport): Html {
  const rows = progressions.items.map((p) => [
    p.exportName,
    p.committedStrategy,
    boundary(p.committedStrategy, p.committedValue),
    instant(p.committedAt),
    boundary(p.verifiedStrategy, p.verifiedValue),
    instant(p.verifiedAt),
  ]);
  return html`<section id="progression" aria-labelledby="progression-h"><h2 id="progression-h">Progression</h2>
<p class="soft">Committed: written and remembered. Verified: found equal to the source by a reconcile.</p>${
    rows.length === 0 ? html`<p>No export has a boundary.</p>` : table({
      caption: "How far each export is",
      columns: [
        { header: "Export" },
        { header: "Strategy" },
        { header: "Committed up to", kind: "wrap" },
        { header: "Committed at", kind: "time" },
        { header: "Verified up to", kind: "wrap" },
        { header: "Verified at", kind: "time" },
      ],
      rows,
    })
  }${
    leftOut(progressions.more, `More than ${LIMITS.progressions} exports; the others are left out.`)
  }</section>`;
}
