/** What `rivet report` does: collects what the state holds, and writes it. */
import { grouped } from "../core/base/grouped.ts";
import { ConfigError } from "../core/base/errors.ts";
import { RIVET_VERSION } from "../core/base/version.ts";
import { selectExports } from "../core/config/select.ts";
import { type HistoryReport, historyReport } from "../core/report/history_report.ts";
import { loadNames, readingState } from "./load.ts";
import { toJson } from "./render/json.ts";
import { reserveFile } from "./result_file.ts";
import type { CommandContext } from "./services.ts";
import { sinceInstant } from "./since.ts";

const PAGE = "report.html";
const STDOUT = "-";

/** What was asked for, as the command line has it. */
export interface ReportRequest {
  readonly config: string;
  readonly export: string | undefined;
  readonly run: string | undefined;
  readonly since: string | undefined;
  readonly output: string | undefined;
  readonly open: boolean;
  readonly json: boolean;
}

/** @throws ConfigError USAGE, RivetError DESTINATION_UNWRITABLE */
export async function writeReport(args: ReportRequest, ctx: CommandContext): Promise<void> {
  const output = args.output ?? (args.json ? STDOUT : PAGE);
  if (args.open && (args.json || output === STDOUT)) {
    throw new ConfigError("--open opens a page that is a file", [], {
      code: "USAGE",
      hint: "Leave out --json and -o -.",
    });
  }
  const now = new Date();
  const since = args.since === undefined ? undefined : sinceInstant(args.since, now);
  const config = await loadNames(ctx, args.config);
  const file = output === STDOUT ? null : await reserveFile(output);
  try {
    const report = await collected(args, ctx, { config, since, now });
    if (file === null) return await print(args, ctx, report);
    await file.commit(`${args.json ? toJson(jsonOf(report)) : await page(report)}\n`);
    ctx.screen.result(summaryOf(output, report));
  } finally {
    await file?.discard();
  }
  if (args.open) await openPage(output);
}

/** To stdout, which takes nothing else then. */
async function print(
  args: ReportRequest,
  ctx: CommandContext,
  report: HistoryReport,
): Promise<void> {
  if (args.json) ctx.screen.json(toJson(jsonOf(report)));
  else ctx.screen.styledResult(await page(report));
}

interface Collected {
  readonly config: Awaited<ReturnType<typeof loadNames>>;
  readonly since: string | undefined;
  readonly now: Date;
}

async function collected(
  args: ReportRequest,
  ctx: CommandContext,
  { config, since, now }: Collected,
): Promise<HistoryReport> {
  const question = {
    ...{ exportName: args.export, since, runId: args.run, now },
    rivetVersion: RIVET_VERSION,
  };
  const report = await readingState(ctx, config, (state) => historyReport(state, question));
  if (report.totals.runs === 0 && args.export !== undefined) selectExports(config, args.export);
  return report;
}

/** What draws is loaded for this alone. */
async function page(report: HistoryReport): Promise<string> {
  const { renderPage }: typeof import("./render/page/page.ts") = await import(
    "./render/page/page.ts" as string
  );
  return renderPage(report);
}

async function openPage(path: string): Promise<void> {
  const { openInBrowser }: typeof import("./open_page.ts") = await import(
    "./open_page.ts" as string
  );
  await openInBrowser(path);
}

function summaryOf(path: string, { totals, state }: HistoryReport): string {
  if (totals.runs === 0) return `${path}: no runs recorded in ${state}`;
  const counted = (n: number, what: string) => `${grouped(n)} ${what}${n === 1 ? "" : "s"}`;
  return `${path}: ${counted(totals.runs, "run")} of ${counted(totals.exports, "export")}`;
}

/** Fields of JSON have underscores; what is data already stays as it is. */
function jsonOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(jsonOf);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [
      name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
      name === "data" && typeof member === "string" ? JSON.parse(member) : jsonOf(member),
    ]),
  );
}
