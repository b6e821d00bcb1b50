/** The report of `rivet check`. */
import { cutOf } from "../../core/query/cuts/mod.ts";
import type { LoadedExport } from "../../core/config/loaded.ts";
import type { ChunkedMode } from "../../core/config/modes.ts";
import type { RivetError } from "../../core/base/errors.ts";
import type { ProfileChoice } from "../../core/config/tuning.ts";
import type { ExportCheck } from "../../core/preflight/check_exports.ts";
import type { Diagnostics } from "../../core/preflight/preflight.ts";
import type { TypeReportRow } from "../../core/preflight/type_report.ts";
import type { Target } from "../../core/types/targets.ts";
import { formatCount } from "./format.ts";
import { renderTypeReport } from "./type_report.ts";

export interface CheckLayout {
  readonly target: Target | null;
  /** Columns of the terminal; undefined when there is none. */
  readonly width: number | undefined;
}

const LABEL_WIDTH = 14;
const TEXT_WIDTH = 80;

/** `Export: orders`, one line per field, then the type report. */
export function renderCheck(
  check: ExportCheck,
  report: readonly TypeReportRow[] | null,
  { target, width }: CheckLayout,
): string {
  const { exported, diagnostics, errors, profile } = check;
  const title = `Export: ${exported.name}${target === null ? "" : `  [target: ${target}]`}`;
  const fields: [string, string][] = diagnostics === null
    ? [["Mode", modeText(exported)]]
    : diagnosticFields(exported, diagnostics, profile);
  // What the table below says, column by column, is not said twice.
  for (const error of errors) {
    if (report !== null && error.code === "TYPE_UNSUPPORTED") continue;
    fields.push(["Error", error.message]);
    if (error.hint !== undefined) fields.push(["Hint", error.hint]);
  }
  const lines = fields.flatMap(([label, text]) => fieldLines(label, text, width ?? TEXT_WIDTH));
  const types = report === null ? [] : ["", renderTypeReport(report, target !== null)];
  return [title, ...lines, ...types].join("\n");
}

/** Which profile holds, and why. */
function profileText({ profile, from, environment }: ProfileChoice): string {
  const others: Record<ProfileChoice["from"], string> = {
    export: "set by the export's tuning",
    source: "set by source.tuning",
    environment: `environment: ${environment}`,
    default: "the default",
  };
  const beside = environment !== null && from !== "environment"
    ? `; environment: ${environment}`
    : "";
  return `${profile} (${others[from]}${beside})`;
}

function diagnosticFields(
  exported: LoadedExport,
  d: Diagnostics,
  profile: ProfileChoice,
): [string, string][] {
  const fields: [string, string][] = [
    ["Strategy", d.strategy],
    ["Mode", modeText(exported)],
    ["Row estimate", d.rowEstimate === null ? "unknown" : `~${shortCount(d.rowEstimate)}`],
  ];
  if (d.reads !== null) fields.push(["Reads", d.reads]);
  if (d.keyRange !== null) fields.push(["Cursor range", d.keyRange.join(" .. ")]);
  if (d.scanType !== null) fields.push(["Scan type", d.scanType]);
  fields.push(["Verdict", d.verdict], ["Profile", profileText(profile)]);
  const parallel = d.recommendedParallel > 1 ? `, parallel: ${d.recommendedParallel}` : "";
  fields.push(["Recommended", `tuning.profile: ${d.recommendedProfile}${parallel}`]);
  for (const warning of d.warnings) fields.push(["Warning", sentence(warning)]);
  if (d.suggestion !== null) fields.push(["Suggestion", sentence(d.suggestion)]);
  return fields;
}

/** `10M`, `1.5M`. */
function shortCount(count: number): string {
  return formatCount(count).replace(/\.0(?=\D|$)/, "");
}

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** The mode and what it goes by. */
function modeText({ mode }: LoadedExport): string {
  switch (mode.kind) {
    case "full":
      return "full";
    case "incremental": {
      const { column, fallback } = mode;
      return `incremental (cursor: ${
        fallback === null ? column : `COALESCE(${column}, ${fallback})`
      })`;
    }
    case "time_window":
      return `time_window (column: ${mode.column}, days: ${mode.days})`;
    case "chunked":
      return `chunked (${chunkText(mode)})`;
  }
}

function chunkText(mode: ChunkedMode): string {
  const cut = cutOf(mode);
  if (cut.storage !== undefined) {
    return `${cut.storage.name}, ${cut.measure(mode).replace("=", ": ")}`;
  }
  const label = cut.columnSetting === "chunk_by_key" ? "key" : "column";
  return `${label}: ${mode.column ?? "primary key"}, ${cut.measure(mode).replace("=", ": ")}`;
}

/** `  Label:        text`, wrapped below itself. Lines that the text has already stay. */
function fieldLines(label: string, text: string, width: number): string[] {
  const indent = 2 + LABEL_WIDTH;
  const lines = text.split("\n").flatMap((line) => wrap(line, Math.max(40, width - indent)));
  return lines.map((line, i) =>
    i === 0 ? `  ${`${label}:`.padEnd(LABEL_WIDTH)}${line}` : " ".repeat(indent) + line
  );
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === "" ? word : `${line} ${word}`;
    }
  }
  return [...lines, line];
}

/** What `--json` prints for an export. The names are public API. */
export function checkJson(
  { exported, diagnostics: d, errors, profile }: ExportCheck,
  report: readonly TypeReportRow[] | null,
  target: Target | null,
): Record<string, unknown> {
  return {
    export: exported.name,
    // Deprecated: export.
    export_name: exported.name,
    mode: exported.config.mode,
    strategy: d?.strategy ?? null,
    reads: d?.reads ?? null,
    row_estimate: d?.rowEstimate ?? null,
    cursor_range: d?.keyRange ?? null,
    scan_type: d?.scanType ?? null,
    index: d?.index ?? null,
    indexed: d?.indexed ?? null,
    verdict: d?.verdict ?? null,
    environment: profile.environment,
    profile: profile.profile,
    profile_from: profile.from,
    recommended_profile: d?.recommendedProfile ?? null,
    recommended_parallel: d?.recommendedParallel ?? null,
    warnings: d?.warnings ?? [],
    suggestion: d?.suggestion ?? null,
    error: errors.length === 0 ? null : errorJson(errors[0]),
    errors: errors.map(errorJson),
    violations: (report ?? []).filter(({ acceptable }) => !acceptable).map((row) => ({
      column_name: row.column,
      message: row.note,
      ...columnJson(row),
    })),
    ...(report === null ? {} : { target, columns: report.map(columnJson) }),
  };
}

function errorJson({ code, message, hint }: RivetError): Record<string, unknown> {
  return { code, message, hint: hint ?? null };
}

function columnJson({ acceptable, ...row }: TypeReportRow): Record<string, unknown> {
  return { ...row, status: acceptable ? "ok" : "fail" };
}
