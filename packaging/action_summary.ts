/** A run as a page of Markdown in a workflow's summary, from the JSON that `--summary-output` leaves. */

/** Of `--summary-output`; the names are public (`core/report/json.ts`). */
export interface RunSummary {
  readonly total_exports: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly skipped: number;
  readonly total_rows: number;
  readonly total_files: number;
  readonly total_bytes: number;
  readonly duration_ms: number;
  readonly per_export: readonly ExportOfRun[];
}

export interface ExportOfRun {
  readonly export_name: string;
  readonly status: string;
  readonly mode: string;
  readonly total_rows: number;
  readonly files_produced: number;
  readonly bytes_written: number;
  readonly duration_ms: number;
  readonly destination: string;
  readonly validated: boolean | null;
  readonly reconciled: boolean | null;
  readonly schema_changed: boolean | null;
  readonly quality: readonly string[];
  readonly error:
    | { readonly code: string; readonly message: string; readonly hint: string | null }
    | null;
}

/** Texts of others: one line, and nothing of theirs becomes HTML, a link, an image or a column. */
function cell(text: string): string {
  return text.replaceAll(/\s+/g, " ").replaceAll("&", "&amp;").replaceAll("<", "&lt;")
    .replaceAll(/[[\]|`*_~\\]/g, (character) => `\\${character}`);
}

function size(bytes: number): string {
  const units = ["B", "KB", "MB", "GB", "TB"];
  let value = bytes;
  let unit = 0;
  for (; value >= 1024 && unit < units.length - 1; unit++) value /= 1024;
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`;
}

/** What was looked at, and how it came out. */
function checks(one: ExportOfRun): string {
  const found: readonly (readonly [boolean | null, string, string])[] = [
    [one.validated, "validated", "**NOT VALID**"],
    [one.reconciled, "reconciled", "**DIFFERS FROM THE SOURCE**"],
    [
      one.schema_changed === null ? null : !one.schema_changed,
      "schema unchanged",
      "**schema changed**",
    ],
  ];
  return [
    ...found.flatMap(([value, yes, no]) => value === null ? [] : [value ? yes : no]),
    ...one.quality.map(cell),
  ].join(", ");
}

function row(one: ExportOfRun): string {
  const seconds = (one.duration_ms / 1000).toFixed(1);
  return `| ${cell(one.export_name)} | ${
    cell(one.status)
  } | ${one.total_rows} | ${one.files_produced} | ` +
    `${size(one.bytes_written)} | ${seconds} s | ${checks(one)} |`;
}

/** Failures first in words: they are why somebody looks. */
export function stepSummary(run: RunSummary): string {
  const { total_exports, succeeded, failed, skipped } = run;
  const verdict = failed > 0 ? `${failed} of ${total_exports} failed` : `${succeeded} succeeded`;
  const lines = [
    `## Rivet: ${verdict}${skipped > 0 ? `, ${skipped} skipped` : ""}`,
    "",
    `${run.total_rows} rows, ${run.total_files} files, ${size(run.total_bytes)} in ` +
    `${(run.duration_ms / 1000).toFixed(1)} s`,
    "",
  ];
  for (const { export_name, error } of run.per_export) {
    if (error === null) continue;
    lines.push(`**${cell(export_name)}** ${cell(error.code)}: ${cell(error.message)}`, "");
    if (error.hint !== null) lines.push(cell(error.hint), "");
  }
  lines.push(
    "| export | status | rows | files | size | time | checks |",
    "|---|---|---:|---:|---:|---:|---|",
    ...run.per_export.map(row),
    "",
  );
  return `${lines.join("\n")}\n`;
}
