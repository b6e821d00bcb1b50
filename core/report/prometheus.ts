/**
 * A run's totals in Prometheus' text format, for node_exporter's textfile collector. Names follow
 * https://prometheus.io/docs/practices/naming/; each export is a label, so that one file holds a run.
 */
import type { ExportSummary, RunAggregate } from "./summary.ts";

interface Metric {
  readonly name: string;
  readonly type: "counter" | "gauge";
  readonly help: string;
  /** Null: not known of this export. */
  of(summary: ExportSummary): number | null;
}

const seconds = (iso: string): number => Date.parse(iso) / 1000;

const LAST_SUCCESS = "rivet_export_last_success_timestamp_seconds";

const METRICS: readonly Metric[] = [
  {
    name: "rivet_rows_total",
    type: "counter",
    help: "Rows exported by the last run.",
    of: (s) => s.rows,
  },
  {
    name: "rivet_bytes_total",
    type: "counter",
    help: "Bytes of the files that the last run wrote.",
    of: (s) => s.bytes,
  },
  {
    name: "rivet_files_total",
    type: "counter",
    help: "Files that the last run wrote.",
    of: (s) => s.files,
  },
  {
    name: "rivet_retries_total",
    type: "counter",
    help: "Attempts of the last run that were repeated.",
    of: (s) => s.retries,
  },
  {
    name: "rivet_export_duration_seconds",
    type: "gauge",
    help: "How long the last run took.",
    of: (s) => s.durationMs / 1000,
  },
  {
    name: "rivet_export_peak_rss_bytes",
    type: "gauge",
    help: "Most memory that the process of the last run was seen to take.",
    of: (s) => s.peakRssMb * 2 ** 20,
  },
  {
    name: "rivet_export_success",
    type: "gauge",
    help:
      "1 when the last run succeeded or had nothing to do, 0 when it failed or was interrupted.",
    of: (s) => s.status === "success" || s.status === "skipped" ? 1 : 0,
  },
  {
    name: "rivet_export_last_run_timestamp_seconds",
    type: "gauge",
    help: "When the last run ended.",
    of: (s) => seconds(s.finishedAt),
  },
  {
    name: "rivet_export_chunks",
    type: "gauge",
    help: "Chunks of the last run's plan.",
    of: (s) => s.chunks?.total ?? null,
  },
  {
    name: "rivet_export_chunks_done",
    type: "gauge",
    help: "Chunks that were done when the last run ended.",
    of: (s) => s.chunks?.done ?? null,
  },
  {
    name: "rivet_export_schema_changed",
    type: "gauge",
    help: "1 when the last run found other columns than the run before.",
    of: (s) => s.schemaChanged === null ? null : Number(s.schemaChanged),
  },
  {
    name: "rivet_export_quality_findings",
    type: "gauge",
    help: "Quality rules that the last run saw broken.",
    of: (s) => s.quality.length,
  },
];

/** A label's value: https://prometheus.io/docs/instrumenting/exposition_formats/#comments-help-text-and-type-information */
function escaped(value: string): string {
  return value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}

function labels(exportName: string): string {
  return `{export="${escaped(exportName)}"}`;
}

function family(
  { name, type, help }: Pick<Metric, "name" | "type" | "help">,
  samples: readonly string[],
): string[] {
  return samples.length === 0
    ? []
    : [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...samples];
}

/** When an export last succeeded: now, or what the file before said. */
function lastSuccess(run: RunAggregate, before: string): string[] {
  const known = before.split("\n").filter((line) => line.startsWith(`${LAST_SUCCESS}{`));
  const own = run.exports.flatMap(({ exportName, status, finishedAt }) => {
    const prefix = `${LAST_SUCCESS}${labels(exportName)} `;
    if (status === "success") return [`${prefix}${seconds(finishedAt)}`];
    return known.filter((line) => line.startsWith(prefix));
  });
  const help = "When the last run that succeeded ended.";
  return family({ name: LAST_SUCCESS, type: "gauge", help }, own);
}

/**
 * The file's text.
 * @param before what the file held: a run that fails does not take away when the last one succeeded
 */
export function prometheusText(run: RunAggregate, before: string): string {
  const lines = METRICS.flatMap((metric) =>
    family(
      metric,
      run.exports.flatMap((summary) => {
        const value = metric.of(summary);
        return value === null ? [] : [`${metric.name}${labels(summary.exportName)} ${value}`];
      }),
    )
  );
  const info = family(
    { name: "rivet_build_info", type: "gauge", help: "The version that ran; always 1." },
    [`rivet_build_info{version="${escaped(run.rivetVersion)}"} 1`],
  );
  return [...lines, ...lastSuccess(run, before), ...info, ""].join("\n");
}
