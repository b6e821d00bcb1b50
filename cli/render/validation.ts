/** The report of `rivet validate` as text. */
import type { ExportValidation, ValidationReport } from "../../core/validate/validation_report.ts";

const STATUS: Record<ExportValidation["status"], string> = {
  pass: "pass",
  fail: "FAIL",
  not_applicable: "not applicable",
};

/** `── orders ──` and one line per field, then a line of totals for several exports. */
export function renderValidation(report: ValidationReport): string {
  const blocks = report.exports.map(block);
  const { exports, passed, failed } = report.summary;
  if (exports > 1) blocks.push(`${exports} exports: ${passed} passed, ${failed} failed`);
  return blocks.join("\n\n");
}

function block(e: ExportValidation): string {
  const fields: [string, string][] = [["status", STATUS[e.status]]];
  if (e.run_id !== null) fields.push(["run_id", e.run_id]);
  fields.push(["destination", e.destination.uri]);
  if (e.manifest !== null) fields.push(["manifest", e.manifest]);
  if (e.legacy_run) fields.push(["legacy_run", "true"]);
  if (e.row_count !== null) fields.push(["rows", String(e.row_count)]);
  if (e.status !== "not_applicable") fields.push(["coverage", e.coverage]);
  for (const { message, hint } of e.findings) {
    fields.push(["problem", message]);
    if (hint !== undefined) fields.push(["hint", hint]);
  }
  for (const warning of e.warnings) fields.push(["note", warning]);
  const lines = fields.map(([label, value]) => `  ${`${label}:`.padEnd(12)} ${value}`);
  return [`── ${e.export_name} ──`, ...lines].join("\n");
}
