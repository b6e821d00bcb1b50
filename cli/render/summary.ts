/** The run summary block that is printed after each export. */
import type { ExportSummary } from "../../core/report/summary.ts";
import { formatBytes, formatDuration } from "./format.ts";

/** `── orders ──` and one line per field; fields that say nothing about this run are left out. */
export function renderSummary(summary: ExportSummary): string {
  const lines = fields(summary).map(([label, value]) => `  ${`${label}:`.padEnd(12)} ${value}`);
  return [`── ${summary.exportName} ──`, ...lines].join("\n");
}

function fields(s: ExportSummary): [string, string][] {
  const list: [string, string][] = [
    ["run_id", s.runId],
    ["status", s.skipReason === undefined ? s.status : `${s.status}: ${s.skipReason}`],
    ["rows", String(s.rows)],
    ["files", String(s.files)],
    ["bytes", formatBytes(s.bytes)],
    ["duration", formatDuration(s.durationMs)],
    ["peak RSS", `${Math.round(s.peakRssMb)}MB`],
  ];
  if (s.chunks !== null && s.chunks.done < s.chunks.total) {
    list.push(["chunks", `${s.chunks.done}/${s.chunks.total}`]);
  }
  if (s.retries > 0) list.push(["retries", String(s.retries)]);
  if (s.validated !== null) list.push(["validated", s.validated ? "pass" : "FAIL"]);
  if (s.coverage) list.push(["coverage", s.coverage]);
  if (s.reconciled !== null) list.push(["reconciled", s.reconciled ? "pass" : "FAIL"]);
  for (const issue of s.quality) list.push(["quality", issue]);
  if (s.schemaChanged !== null) list.push(["schema", s.schemaChanged ? "CHANGED" : "unchanged"]);
  if (s.error !== null) list.push(["error", indent(s.error.message)]);
  return list;
}

/** Keeps the further lines of a message under its first. */
function indent(text: string): string {
  return text.replaceAll("\n", `\n${" ".repeat(15)}`);
}
