/** The report page: one file that loads nothing and runs nothing. */
import type { HistoryReport } from "../../../core/report/history_report.ts";
import { Charts } from "./charts.ts";
import { driftSection, pressureSection, progressionSection } from "./events.ts";
import { type Html, html, trusted } from "./html.ts";
import { exportsSection, runsSection, summarySection, timeSection } from "./overview.ts";
import { runSection } from "./run.ts";
import { STYLE } from "./style.ts";
import { instant } from "./text.ts";

/** No network, no script: a page that says so is held to it by the browser, whatever a name in it holds. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

const SECTIONS = [
  ["summary", "Summary"],
  ["exports", "Exports"],
  ["time", "Over time"],
  ["runs", "Runs of an export"],
  ["run", "One run"],
  ["pressure", "Source pressure"],
  ["drift", "Drift and quality"],
  ["progression", "Progression"],
] as const;

function filterText({ filter }: HistoryReport): Html {
  const words = [
    filter.exportName === undefined ? null : html`
      Export: ${filter.exportName}.
    `,
    filter.since === undefined ? null : html`
      Runs since ${instant(filter.since)}.
    `,
  ];
  return html`${words}`;
}

function body(report: HistoryReport): Html {
  if (report.totals.runs === 0) {
    return html`
      <section id="summary">
        <p>No runs recorded.</p>
      </section>
    `;
  }
  const charts = new Charts();
  return html`${summarySection(report)}
${exportsSection(report)}
${timeSection(report, charts)}
${runsSection(report, charts)}
${runSection(report, charts)}
${pressureSection(report, charts)}
${driftSection(report)}
${progressionSection(report)}`;
}

/** The whole document. */
export function renderPage(report: HistoryReport): string {
  const links = report.totals.runs === 0 ? [] : SECTIONS
    .map(([id, text]) => html`<li><a href="#${id}">${text}</a></li>`);
  const page = html`
    <!DOCTYPE html>
    <html lang="en">
      <head>
        <meta charset="utf-8">
        <meta http-equiv="Content-Security-Policy" content="${POLICY}">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="referrer" content="no-referrer">
        <meta name="color-scheme" content="light dark">
        <meta name="generator" content="rivet ${report.rivetVersion}">
        <title>Rivet report</title>
        <style>${trusted(STYLE)}</style>
      </head>
      <body>
        <a class="skip" href="#content">Skip to the content</a>
        <header>
          <h1>Rivet report</h1>
          <p class="soft">State: ${report.state}. Written ${instant(
            report.generatedAt,
          )}.${filterText(report)}</p>
        </header>
        <nav aria-label="Sections">
          <ul>${links}</ul>
        </nav>
        <main id="content" tabindex="-1">
    ${body(report)}
        </main>
        <footer>Rivet ${report.rivetVersion}. Times are UTC; sizes are powers of 1024.</footer>
      </body>
    </html>
  `;
  return page.markup;
}
