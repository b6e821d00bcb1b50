/** The page's first half: what there is, how each export stands, and how runs went over time. */
import * as Plot from "@observablehq/plot";
import type { HistorySlot } from "../../../core/ports/history.ts";
import type { RunMetric } from "../../../core/ports/state.ts";
import {
  type ChartedExport,
  type HistoryReport,
  LIMITS,
} from "../../../core/report/history_report.ts";
import { slotBounds } from "../../../core/report/slots.ts";
import { formatBytes, formatDuration } from "../format.ts";
import type { Charts } from "./charts.ts";
import { type Html, html, plainText } from "./html.ts";
import { figures, leftOut, legend, table } from "./tables.ts";
import {
  count,
  durationUnit,
  instant,
  perSecond,
  sizeUnit,
  STATUSES,
  statusText,
  throughput,
} from "./text.ts";

const STATUS_COLOURS = { domain: [...STATUSES], range: STATUSES.map((s) => `var(--${s})`) };

/** Times on an axis, as few as fit. */
export function timeAxis(width: number): Plot.ScaleOptions {
  return { type: "utc", label: "time (UTC)", ticks: width < 400 ? 3 : 6 };
}

/** Sums of everything that matches. */
export function summarySection({ totals }: HistoryReport): Html {
  const tiles: [string, Html | string][] = [
    ["Exports", count(totals.exports)],
    ["Runs", count(totals.runs)],
    ["Succeeded", count(totals.success)],
    ["Failed", count(totals.failed)],
    ["Interrupted", count(totals.interrupted)],
    ["Nothing to do", count(totals.skipped)],
    ["Rows written", count(totals.rows)],
    ["Bytes written", formatBytes(totals.bytes)],
    ["Retries", count(totals.retries)],
  ];
  return html`
    <section id="summary" aria-labelledby="summary-h">
      <h2 id="summary-h">Summary</h2>
      <p class="soft">Runs that began from ${instant(totals.firstAt)} to ${instant(
        totals.lastAt,
      )}.</p>
      <dl class="tiles">${tiles.map(([name, value]) =>
        html`
          <div>
            <dt>${name}</dt>
            <dd>${value}</dd>
          </div>
        `
      )}</dl>
    </section>
  `;
}

/** Each export's newest run, and what came before it. */
export function exportsSection({ exports, totals, charted }: HistoryReport): Html {
  const linked = new Map(charted.map(({ exportName }, i) => [exportName, `export-${i}`]));
  const rows = exports.items.map(({ latest, runs, failures, lastSuccessAt }) => {
    const anchor = linked.get(latest.exportName);
    const name = anchor === undefined
      ? latest.exportName
      : html`<a href="#${anchor}">${latest.exportName}</a>`;
    return [
      name,
      statusText(latest.status),
      instant(latest.finishedAt),
      latest.mode,
      count(latest.rows),
      formatBytes(latest.bytes),
      formatDuration(latest.durationMs),
      throughput(latest.rows, latest.durationMs),
      count(latest.retries),
      instant(lastSuccessAt),
      count(runs),
      count(failures),
      latest.errorCode === null
        ? null
        : `${latest.errorCode}: ${shortened(latest.errorMessage ?? "")}`,
    ];
  });
  return html`<section id="exports" aria-labelledby="exports-h"><h2 id="exports-h">Exports</h2>
${
    leftOut(
      exports.more,
      `${count(exports.items.length)} of ${
        count(totals.exports)
      } exports, those whose newest run failed first. --export NAME shows any other.`,
    )
  }${
    table({
      caption: "Newest run of each export",
      columns: [
        { header: "Export" },
        { header: "Status", kind: "time" },
        { header: "Ended", kind: "time" },
        { header: "Mode" },
        { header: "Rows", kind: "num" },
        { header: "Bytes", kind: "num" },
        { header: "Duration", kind: "num" },
        { header: "Throughput", kind: "num" },
        { header: "Retries", kind: "num" },
        { header: "Last success", kind: "time" },
        { header: "Runs", kind: "num" },
        { header: "Failed runs", kind: "num" },
        { header: "Error", kind: "wrap" },
      ],
      rows,
    })
  }</section>`;
}

/** An error's text is as long as its database likes. */
const ERROR_CHARACTERS = 300;

function shortened(text: string): string {
  return text.length <= ERROR_CHARACTERS ? text : `${text.slice(0, ERROR_CHARACTERS)}…`;
}

interface Bar {
  readonly from: Date;
  readonly to: Date;
  readonly value: number;
  readonly status?: string;
}

/** What all runs came to, by hour, day or month. */
export function timeSection({ slots: { unit, items } }: HistoryReport, charts: Charts): Html {
  const bounds = items.map(({ at }) => slotBounds(at, unit));
  const bars = (value: (slot: HistorySlot) => number): Bar[] =>
    items.map((slot, i) => ({ ...bounds[i], value: value(slot) }));
  const byStatus: Bar[] = STATUSES.flatMap((status) =>
    bars((slot) => slot[status]).map((bar) => ({ ...bar, status })).filter(({ value }) => value > 0)
  );
  const size = sizeUnit(items.map(({ bytes }) => bytes));
  const duration = durationUnit(items.map(({ longestMs }) => longestMs));
  const runsOf = (slot: HistorySlot) => STATUSES.reduce((sum, status) => sum + slot[status], 0);
  const rect =
    (data: readonly Bar[], label: string, fill = "var(--mark)") =>
    (width: number): Plot.PlotOptions => ({
      width,
      x: timeAxis(width),
      y: { label: `↑ ${label}`, grid: true, tickFormat: "~s" },
      color: STATUS_COLOURS,
      marks: [
        Plot.rectY(data, {
          ...{ x1: "from", x2: "to", y: "value", insetRight: 0.5 },
          fill: data.some(({ status }) => status !== undefined) ? "status" : fill,
        }),
        Plot.ruleY([0]),
      ],
    });
  const drawn = [
    charts.chart({
      title: `Runs per ${unit}`,
      description: "How many runs began, by how they ended.",
      legend: legend(STATUSES),
      options: rect(byStatus, "runs"),
    }),
    charts.chart({
      title: `Rows per ${unit}`,
      description: "Rows written by the runs that began then.",
      options: rect(bars(({ rows }) => rows), "rows"),
    }),
    charts.chart({
      title: `${size.unit} per ${unit}`,
      description: "Size of the files that were written.",
      options: rect(bars(({ bytes }) => bytes / size.bytes), size.unit),
    }),
    charts.chart({
      title: "Duration of a run",
      description: "Bars: on average. Marks: the longest run.",
      options: (width) => ({
        ...rect(bars((slot) => slot.durationMs / runsOf(slot) / duration.ms), duration.unit)(width),
        marks: [
          Plot.rectY(bars((slot) => slot.durationMs / runsOf(slot) / duration.ms), {
            ...{ x1: "from", x2: "to", y: "value", fill: "var(--mark)", insetRight: 0.5 },
          }),
          Plot.dot(bars(({ longestMs }) => longestMs / duration.ms), {
            ...{ x: middle, y: "value", fill: "var(--mark2)", r: 2 },
          }),
          Plot.ruleY([0]),
        ],
      }),
    }),
    charts.chart({
      title: "Throughput",
      description: "Rows per second of running time.",
      options: rect(
        bars(({ rows, durationMs }) => perSecond(rows, durationMs) ?? 0),
        "rows per second",
      ),
    }),
  ];
  return html`<section id="time" aria-labelledby="time-h"><h2 id="time-h">Over time</h2>
<div class="grid">${drawn}</div>${
    figures({
      caption: `Runs per ${unit}`,
      columns: [
        { header: `${unit[0].toUpperCase()}${unit.slice(1)} (UTC)`, kind: "time" },
        ...STATUSES.map((status) => ({ header: status, kind: "num" as const })),
        ...["Rows", "Bytes", "Mean duration", "Longest", "Throughput", "Retries"]
          .map((header) => ({ header, kind: "num" as const })),
      ],
      rows: items.map((slot) => [
        slot.at.replace("T", " "),
        ...STATUSES.map((status) => count(slot[status])),
        count(slot.rows),
        formatBytes(slot.bytes),
        formatDuration(slot.durationMs / runsOf(slot)),
        formatDuration(slot.longestMs),
        throughput(slot.rows, slot.durationMs),
        count(slot.retries),
      ]),
    })
  }</section>`;
}

function middle({ from, to }: Bar): Date {
  return new Date((from.getTime() + to.getTime()) / 2);
}

const SYMBOLS = {
  domain: [...STATUSES],
  range: ["circle", "times", "square", "triangle"],
};

function exportCharts({ exportName, runs }: ChartedExport, index: number, charts: Charts): Html {
  const duration = durationUnit(runs.map(({ durationMs }) => durationMs));
  const dots =
    (label: string, value: (run: RunMetric) => number) => (width: number): Plot.PlotOptions => ({
      width,
      height: 150,
      x: timeAxis(width),
      y: { label: `↑ ${label}`, grid: true, tickFormat: "~s", zero: true },
      color: STATUS_COLOURS,
      symbol: SYMBOLS,
      marks: [
        Plot.ruleY([0]),
        Plot.lineY(runs, {
          ...{ x: startedAt, y: value, stroke: "var(--skipped)", strokeOpacity: 0.6 },
        }),
        Plot.dot(runs, {
          ...{ x: startedAt, y: value, stroke: "status", symbol: "status", r: 3 },
          title: (run: RunMetric) =>
            plainText(
              `${run.runId}: ${run.status}, ${count(run.rows)} rows, ${
                formatDuration(run.durationMs)
              }`,
            ),
        }),
      ],
    });
  const of = plainText(exportName);
  return html`
    <h3 id="export-${index}">${exportName}</h3>
    <div class="grid">${charts.chart({
      title: "Duration",
      description: `In ${duration.unit}, each of the last ${runs.length} runs of ${of}.`,
      options: dots(duration.unit, ({ durationMs }) => durationMs / duration.ms),
    })}${charts.chart({
      title: "Rows",
      description: `Rows that each of the last ${runs.length} runs of ${of} wrote.`,
      options: dots("rows", ({ rows }) => rows),
    })}</div>
  `;
}

function startedAt(run: RunMetric): Date {
  return new Date(run.startedAt);
}

/** Runs one by one, of the exports that fail and those that move most. */
export function runsSection(report: HistoryReport, charts: Charts): Html {
  const { charted, totals, runs } = report;
  return html`<section id="runs" aria-labelledby="runs-h"><h2 id="runs-h">Runs of an export</h2>
${
    leftOut(
      totals.exports > charted.length,
      `${charted.length} of ${
        count(totals.exports)
      } exports: those whose newest run failed, then those that wrote most. --export NAME shows any other.`,
    )
  }${legend(STATUSES)}${charted.map((one, i) => exportCharts(one, i, charts))}${
    figures({
      caption: `The newest ${count(runs.items.length)} runs`,
      columns: [
        { header: "Run" },
        { header: "Export" },
        { header: "Status", kind: "time" },
        { header: "Began", kind: "time" },
        ...["Rows", "Files", "Bytes", "Duration", "Throughput", "Peak memory", "Retries"]
          .map((header) => ({ header, kind: "num" as const })),
        { header: "Error", kind: "wrap" },
      ],
      rows: runs.items.map((run) => [
        run.runId,
        run.exportName,
        statusText(run.status),
        instant(run.startedAt),
        count(run.rows),
        count(run.files),
        formatBytes(run.bytes),
        formatDuration(run.durationMs),
        throughput(run.rows, run.durationMs),
        `${count(Math.round(run.peakRssMb))} MB`,
        count(run.retries),
        run.errorCode === null ? null : `${run.errorCode}: ${shortened(run.errorMessage ?? "")}`,
      ]),
    })
  }${
    leftOut(runs.more, `Runs before the newest ${LIMITS.runs} are left out of the figures.`)
  }</section>`;
}
