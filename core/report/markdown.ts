/** A run as a page for people: `.rivet/runs/<run_id>/summary.md`. */
import { oneLine } from "../base/printable.ts";
import type { ExportSummary } from "./summary.ts";
import type { PartRecord } from "../manifest/parts.ts";

function fields(s: ExportSummary): readonly (readonly [string, string])[] {
  const optional: readonly (readonly [string, boolean | null, string, string])[] = [
    ["validated", s.validated, "pass", "FAIL"],
    ["reconciled", s.reconciled, "pass", "FAIL"],
    ["schema", s.schemaChanged, "CHANGED", "unchanged"],
  ];
  return [
    ["run id", s.runId],
    ["status", s.status],
    ["mode", `${s.mode} (profile ${s.profile})`],
    ["started", s.startedAt],
    ["finished", s.finishedAt],
    ["duration", `${(s.durationMs / 1000).toFixed(1)} s`],
    ["rows", String(s.rows)],
    ["files", String(s.files)],
    ["bytes", String(s.bytes)],
    ["peak RSS", `${s.peakRssMb} MB`],
    ["retries", String(s.retries)],
    ["destination", s.destination],
    ["format", `${s.format}, ${s.compression}`],
    ...optional.flatMap(([name, value, yes, no]): [string, string][] =>
      value === null ? [] : [[name, value ? yes : no]]
    ),
    ...s.quality.map((issue): [string, string] => ["quality", issue]),
  ];
}

/** A text of others: no HTML, link or image of theirs becomes part of the page. */
function prose(text: string): string {
  return text.replaceAll("<", "&lt;").replaceAll("[", "\\[");
}

/** Keeps a value inside its table cell. */
function cell(text: string): string {
  return prose(oneLine(text)).replaceAll("|", "\\|");
}

export function summaryMarkdown(summary: ExportSummary, parts: readonly PartRecord[]): string {
  const lines = [`# ${summary.exportName}: ${summary.status}`, "", "| | |", "|---|---|"];
  for (const [name, value] of fields(summary)) lines.push(`| ${name} | ${cell(value)} |`);
  if (summary.error !== null) {
    lines.push("", "## Error", "", `\`${summary.error.code}\`: ${prose(summary.error.message)}`);
    if (summary.error.hint !== undefined) lines.push("", prose(summary.error.hint));
  }
  if (parts.length > 0) {
    lines.push("", "## Parts", "", "| part | rows | bytes | fingerprint |", "|---|---:|---:|---|");
    for (const part of parts) {
      lines.push(
        `| ${cell(part.path)} | ${part.rows} | ${part.sizeBytes} | ${part.fingerprint} |`,
      );
    }
  }
  return `${lines.join("\n")}\n`;
}
