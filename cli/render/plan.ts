/** A plan as people read it. */
import { grouped } from "../../core/base/grouped.ts";
import type { DestinationConfig } from "../../core/config/schema.ts";
import type { Tuning } from "../../core/config/tuning.ts";
import type { PlanArtifact } from "../../core/artifact/artifact.ts";
import type { ExportPlanned, PlannedExports } from "../../core/artifact/plan_exports.ts";
import { formatUtc } from "./format.ts";

const MIB = 1024 * 1024;
/** Assumed row widths: all integers and timestamps; all text, JSON and binary. */
const NARROW_ROW_BYTES = 200;
const WIDE_ROW_BYTES = 10_000;
/** Per batch; above it a hint is shown. */
const WIDE_WARNING_MB = 128;

/** One block per export, and the campaign below them. */
export function renderPlans({ plans, campaign }: PlannedExports): string {
  const blocks = plans.map(renderPlan);
  if (campaign !== null) {
    const waves = campaign.waves.map(({ wave, exports }) => `wave ${wave}: ${exports.join(", ")}`);
    blocks.push(field("Campaign", bullets([...waves, ...campaign.source_group_warnings])));
  }
  return blocks.join("\n\n");
}

function field(label: string, value: string): string {
  return `  ${label.padEnd(10)} :${value.startsWith("\n") ? "" : " "}${value}`;
}

/** On lines of their own, below the label. */
function bullets(items: readonly string[]): string {
  return items.map((item) => `\n    • ${item}`).join("");
}

function renderPlan(planned: ExportPlanned): string {
  const { artifact, exported, diagnostics } = planned;
  const { computed, prioritization: p } = artifact;
  const { codec } = exported.compression;
  const warnings = artifact.diagnostics.warnings;
  return [
    field("Plan ID", artifact.plan_id),
    field("Created", formatUtc(artifact.created_at)),
    field("Expires", formatUtc(artifact.expires_at)),
    field("Export", artifact.export_name),
    field("Strategy", artifact.strategy),
    ...(computed.chunk_count > 0 ? [field("Chunks", grouped(computed.chunk_count))] : []),
    ...tasksText(artifact),
    ...(artifact.strategy === "incremental"
      ? [field("Cursor", computed.cursor_snapshot ?? "none (first run)")]
      : []),
    field("Schema", schemaText(planned)),
    field("Row est.", computed.row_estimate === null ? "?" : `~${grouped(computed.row_estimate)}`),
    ...(diagnostics.scanType === null ? [] : [field("Scan type", diagnostics.scanType)]),
    field("Verdict", artifact.diagnostics.verdict),
    field("Profile", artifact.diagnostics.recommended_profile),
    ...(warnings.length > 0 ? [field("Warnings", bullets(warnings))] : []),
    ...resources(exported.tuning),
    field("Output", destinationText(exported.config.destination)),
    field("Format", exported.config.format === "csv" ? "csv" : `parquet + ${codec}`),
    field(
      "Priority",
      `score ${p.priority_score} — ${title(p.priority_class)} (wave ${p.recommended_wave})`,
    ),
    ...(p.reasons.length > 0
      ? [field("Prioritize", bullets(p.reasons.map((r) => `[${r.kind}] ${r.message}`)))]
      : []),
  ].join("\n");
}

/** Named one by one up to here. */
const TASKS_NAMED = 16;

function tasksText({ tasks, diagnostics }: PlanArtifact): string[] {
  if (tasks === undefined) return [];
  const { largest_to_mean: largest } = diagnostics;
  const even = typeof largest === "number" ? `, the largest ${largest} times the mean` : "";
  const named = tasks.slice(0, TASKS_NAMED).map(({ task, chunks, row_estimate: rows }) =>
    `${task}: ${grouped(chunks)} chunks, ${rows === null ? "?" : `~${grouped(rows)}`} rows`
  );
  const more = tasks.length > TASKS_NAMED ? [`and ${tasks.length - TASKS_NAMED} more`] : [];
  return [field("Tasks", `${tasks.length}${even}${bullets([...named, ...more])}`)];
}

/** What a run does about a changed schema, `on_schema_drift` says. */
function schemaText({ drift, exported: { config } }: ExportPlanned): string {
  if (drift === null) return "first run";
  if (drift.length === 0) return "no drift";
  return `DRIFT (on_schema_drift: ${config.on_schema_drift})${bullets(drift)}`;
}

const title = (word: string) => word[0].toUpperCase() + word.slice(1);

/** The memory of a batch is a heuristic: the table is not sampled. */
function resources(tuning: Tuning): string[] {
  const { batchRows, batchBytes, memoryThresholdMb, throttleMs } = tuning;
  const mb = (bytes: number) => grouped(Math.max(1, Math.round(bytes / MIB)));
  const wide = batchRows * WIDE_ROW_BYTES;
  const line = (label: string, value: string) => `    ${label.padEnd(12)} : ${value}`;
  return [
    "  Resources  :",
    line("Batch size", batchRows === 0 ? "adaptive" : `${grouped(batchRows)} rows`),
    line(
      "Batch memory",
      batchRows === 0
        ? `~${mb(batchBytes)} MB`
        : `~${mb(batchRows * NARROW_ROW_BYTES)} MB (narrow) – ~${mb(wide)} MB (wide)`,
    ),
    line("RSS guard", memoryThresholdMb === 0 ? "disabled" : `${grouped(memoryThresholdMb)} MB`),
    ...(throttleMs === 0 ? [] : [line("Throttle", `${grouped(throttleMs)} ms between batches`)]),
    ...(batchRows > 0 && wide / MIB > WIDE_WARNING_MB
      ? [`    ⚠ Wide tables may use ~${mb(wide)} MB per batch: consider batch_size_memory_mb`]
      : []),
  ];
}

function destinationText(destination: DestinationConfig): string {
  switch (destination.type) {
    case "local":
      return `local → ${destination.path}`;
    case "s3":
    case "gcs":
      return `${destination.type} → ${destination.bucket}/${destination.prefix}`;
    case "azure":
      return `azure → ${destination.bucket ?? destination.container}/${destination.prefix}`;
    case "stdout":
      return "stdout";
  }
}
