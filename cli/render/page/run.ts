/** One run from inside: a line of time per lane, and the parts that it left. */
import * as Plot from "@observablehq/plot";
import { type HistoryReport, LIMITS } from "../../../core/report/history_report.ts";
import { PHASES, type RunDetail, type TimedChunk } from "../../../core/report/run_detail.ts";
import { formatBytes, formatDuration } from "../format.ts";
import type { Charts } from "./charts.ts";
import { type Html, html } from "./html.ts";
import { figures, leftOut, legend, table } from "./tables.ts";
import { count, durationUnit, instant, statusText } from "./text.ts";

export const PHASE_COLOURS = { domain: [...PHASES], range: PHASES.map((p) => `var(--${p})`) };

interface Stretch {
  readonly lane: string;
  readonly phase: string;
  readonly from: number;
  readonly to: number;
  readonly title: string;
}

function chunkName({ chunk }: TimedChunk): string {
  return chunk === null ? "all rows" : `chunk ${chunk}`;
}

function stretches(chunks: readonly TimedChunk[], several: boolean): Stretch[] {
  const began = Math.min(...chunks.map(({ beganAt }) => Date.parse(beganAt)));
  return chunks.flatMap((chunk) => {
    const lane = several ? `${chunk.process + 1}.${chunk.lane + 1}` : String(chunk.lane + 1);
    let at = Date.parse(chunk.beganAt) - began;
    return PHASES.flatMap((phase) => {
      const ms = chunk.phasesMs[phase];
      const from = at;
      at += ms;
      const title = `${chunkName(chunk)}, ${phase}: ${formatDuration(ms)}`;
      return ms === 0 ? [] : [{ lane, phase, from, to: at, title }];
    });
  });
}

function timeline({ chunks, runId }: RunDetail, charts: Charts): Html {
  const several = chunks.some(({ process }) => process > 0);
  const data = stretches(chunks, several);
  const { unit, ms } = durationUnit(data.map(({ to }) => to));
  const lanes = [...new Set(data.map(({ lane }) => lane))]
    .sort((a, b) => a.localeCompare(b, "en", { numeric: true }));
  return charts.chart({
    title: "Where the time went",
    description:
      `Each line is a lane of run ${runId}, which works on one chunk at a time. Reading and ` +
      "encoding of a chunk take turns; they are drawn one after the other. Between two chunks a lane asks the state for the next.",
    legend: legend(PHASES),
    options: (width) => ({
      width,
      height: 56 + 26 * lanes.length,
      x: {
        label: `${unit} since the first chunk began →`,
        grid: true,
        ticks: width < 400 ? 4 : 10,
      },
      y: { label: "lane", domain: lanes, padding: 0.25 },
      color: PHASE_COLOURS,
      marks: [
        Plot.barX(data, {
          x1: ({ from }: Stretch) => from / ms,
          x2: ({ to }: Stretch) => to / ms,
          ...{ y: "lane", fill: "phase", title: "title" },
        }),
      ],
    }),
  }, 1140);
}

function chunksTable({ chunks }: RunDetail): Html {
  return figures({
    caption: "Chunks, in the order in which they began",
    columns: [
      { header: "Chunk" },
      { header: "Began", kind: "time" },
      ...["Lane", "Reader", "Rows", "Bytes"].map((header) => ({ header, kind: "num" as const })),
      ...PHASES.map((phase) => ({ header: phase, kind: "num" as const })),
      { header: "Longest statement", kind: "num" },
    ],
    rows: chunks.map((chunk) => [
      chunkName(chunk),
      instant(chunk.beganAt),
      count(chunk.lane + 1),
      count(chunk.reader + 1),
      count(chunk.rows),
      formatBytes(chunk.bytes),
      ...PHASES.map((phase) => `${count(chunk.phasesMs[phase])} ms`),
      `${count(chunk.longestStatementMs)} ms`,
    ]),
  });
}

function partsTable({ parts, moreParts }: RunDetail): Html {
  if (parts.length === 0) {
    return html`
      <h3>Parts</h3>
      <p>The state knows of no part of this run.</p>
    `;
  }
  return html`
    <h3>Parts</h3><p
      class="soft">As the state knows them. Files are never deleted: what was written again is superseded and must not be read; <code>rivet validate</code> asks the destination.</p>${table(
        {
          caption: "Parts of the run",
          columns: [
            { header: "Path", kind: "wrap" },
            { header: "Chunk", kind: "num" },
            { header: "Rows", kind: "num" },
            { header: "Bytes", kind: "num" },
            { header: "Status" },
            { header: "Made way for", kind: "wrap" },
          ],
          rows: parts.map((part) => [
            part.path,
            part.chunk === null ? null : count(part.chunk),
            count(part.rows),
            formatBytes(part.bytes),
            part.status,
            part.supersededBy.length === 0 ? null : part.supersededBy.join(", "),
          ]),
        },
      )}${leftOut(
        moreParts,
        `More than ${LIMITS.parts} parts: those that made way come first, the others by chunk.`,
      )}
  `;
}

/** The run that was asked for, or the newest that says where its time went. */
export function runSection({ run }: HistoryReport, charts: Charts): Html {
  if (run === null) {
    return html`
      <section id="run" aria-labelledby="run-h">
        <h2 id="run-h">One run</h2>
        <p>No run has recorded where its time went.</p>
      </section>
    `;
  }
  const { metric, chunks, moreChunks } = run;
  const outcome = metric === null
    ? null
    : html`: ${statusText(metric.status)}, ${count(metric.rows)} rows in ${
      count(metric.files)
    } files, ${formatBytes(metric.bytes)}, ${formatDuration(metric.durationMs)}`;
  return html`<section id="run" aria-labelledby="run-h"><h2 id="run-h">One run</h2>
<p>${run.runId}${outcome}.</p><p class="soft">--run RUN_ID shows another one.</p>${
    chunks.length === 0
      ? html`<p>This run has not recorded where its time went.</p>`
      : [timeline(run, charts), chunksTable(run)]
  }${
    leftOut(moreChunks, `The last ${LIMITS.chunks} chunks are drawn; the ones before are left out.`)
  }${partsTable(run)}</section>`;
}
