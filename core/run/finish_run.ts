/**
 * The one seam for a finished run (I4, I7, I8): schema snapshot, verdict, manifest and verification, then
 * metric and journal, report, notification. Every mode, apply and repair end here.
 */
import { schemaFingerprint } from "../types/schema_fingerprint.ts";
import type { RunMetric, SchemaRecord } from "../ports/state.ts";
import type { Column } from "../types/types.ts";
import type { GateResult } from "../encode/quality_verdict.ts";
import { type RivetError, serializeError, toRivetError } from "../base/errors.ts";
import { writeRunReport } from "../report/write.ts";
import { publishPrepared } from "../manifest/publish.ts";
import type { CursorMove } from "./commit_cursor.ts";
import { bestEffort, type ExportContext } from "./context.ts";
import { bound, isStream } from "../ports/destination.ts";
import { keptWidths, warnOfShapeDrift } from "./drift.ts";
import { notifyRun } from "./notify.ts";
import { committedParts } from "../manifest/parts.ts";
import { type FinishedRun, preparedManifest, type Published, publishRun } from "./publish_run.ts";
import type { ExportStatus, ExportSummary } from "../report/summary.ts";
import type { PartRecord } from "../manifest/parts.ts";
import { timeTotals, type UnitTimes } from "./unit_watch.ts";

/** What the units left; null members when the run failed before it got that far. */
export interface RunOutcome {
  readonly rows: number;
  /** Superseded and quarantined ones too: the manifest lists them, the summary does not count them. */
  readonly parts: readonly PartRecord[];
  /** The source's. */
  readonly columns: readonly Column[] | null;
  /** Those and what the stages added. */
  readonly fileColumns: readonly Column[] | null;
  /** Mean bytes per value by column, of the columns that had one. */
  readonly widths: Readonly<Record<string, number>>;
  /** What the quality gates found, warnings included. */
  readonly quality: readonly string[];
  /** Every gate with its outcome; absent: none were looked at. */
  readonly gates?: readonly GateResult[];
  /** null: not asked for, or the run failed before. */
  readonly reconciled: boolean | null;
  readonly schemaChanged: boolean | null;
  /** How the cursor was moved; null: it was not. */
  readonly cursor: CursorMove | null;
  readonly error: RivetError | null;
  /** Told once the run is published, before its metric: whoever looks then does not finish it again. */
  readonly ended?: () => Promise<void>;
  /** Of a repair: what it has done stands, whatever it could not do. */
  readonly repair?: RepairOutcome;
}

export interface RepairOutcome {
  /** Why it did not do all that it was to do. */
  readonly error: RivetError | null;
  /** Without a change the manifest stays the one that it is. */
  readonly changed: boolean;
  /** What must be stored once the manifest is there. */
  readonly remember: () => Promise<void>;
}

function statusOf(ctx: ExportContext, outcome: RunOutcome): ExportStatus {
  if (outcome.error?.code === "INTERRUPTED") return "interrupted";
  if (outcome.error !== null) return "failed";
  return outcome.rows === 0 && ctx.exported.config.skip_empty ? "skipped" : "success";
}

async function saveSchema(
  ctx: ExportContext,
  columns: readonly Column[],
  widths: RunOutcome["widths"],
): Promise<void> {
  const before = await ctx.state.schema(ctx.exported.name);
  warnOfShapeDrift(ctx, before?.widths ?? {}, widths);
  const stored = columns.map(({ name, nativeType, nullable }) => ({ name, nativeType, nullable }));
  const record: SchemaRecord = {
    exportName: ctx.exported.name,
    columns: stored,
    widths: keptWidths(columns, before?.widths ?? {}, widths),
    fingerprint: await schemaFingerprint(stored),
    runId: ctx.runId,
    updatedAt: new Date().toISOString(),
  };
  await ctx.state.saveSchema(record);
}

/** The run as it is told. @param coverage of the verification; null without one. */
export function summarize(
  ctx: ExportContext,
  outcome: RunOutcome,
  coverage: string | null,
): ExportSummary {
  const { exported, startedAt, options, tracker } = ctx;
  const parts = committedParts(outcome.parts);
  const finishedAt = new Date();
  return {
    exportName: exported.name,
    runId: ctx.runId,
    status: statusOf(ctx, outcome),
    mode: exported.config.mode,
    profile: exported.tuning.profile,
    batchSize: exported.tuning.batchRows === 0 ? null : exported.tuning.batchRows,
    format: exported.config.format,
    compression: exported.compression.codec,
    destination: ctx.destination.uri,
    startedAt: startedAt.toISOString(),
    finishedAt: finishedAt.toISOString(),
    durationMs: tracker.elapsedMs,
    rows: outcome.rows,
    files: parts.length,
    bytes: parts.reduce((sum, part) => sum + part.sizeBytes, 0),
    peakRssMb: tracker.peakRssMb,
    retries: tracker.retries,
    validated: validatedOf(options.validate, outcome.error, coverage),
    coverage,
    reconciled: outcome.reconciled,
    schemaChanged: outcome.schemaChanged,
    quality: outcome.quality,
    chunks: tracker.chunks,
    error: outcome.error === null ? null : serializeError(outcome.error),
  };
}

/** False only where validation itself found something; what failed before leaves it undecided. */
export function validatedOf(
  asked: boolean,
  error: RivetError | null,
  coverage: string | null,
): boolean | null {
  if (error?.code === "VALIDATION_FAILED") return asked || coverage !== null ? false : null;
  return asked && error === null ? true : null;
}

/** What is kept of a run's summary. */
export function metricOf(summary: ExportSummary): RunMetric {
  const { exportName, runId, mode, status, startedAt, finishedAt, durationMs } = summary;
  const { rows, files, bytes, peakRssMb, retries, validated, reconciled } = summary;
  const { schemaChanged, profile, format, error } = summary;
  return {
    ...{ exportName, runId, mode, status, startedAt, finishedAt, durationMs },
    ...{ rows, files, bytes, peakRssMb, retries, validated, reconciled },
    ...{ schemaChanged, profile, format },
    errorCode: error?.code ?? null,
    errorMessage: error?.message ?? null,
  };
}

/**
 * The run's own manifest, durable before the cursor moves. From here on the run is completed, by this
 * process or by the next start of the export (`settle.ts`).
 */
export async function prepareRun(ctx: ExportContext, outcome: RunOutcome): Promise<void> {
  if (statusOf(ctx, outcome) !== "success" || isStream(ctx.destination)) return;
  await ctx.lease.confirm();
  await publishPrepared(
    bound(ctx.destination, ctx.signal),
    await preparedManifest(ctx, finishedRun(ctx, outcome)),
  );
}

function finishedRun(ctx: ExportContext, outcome: RunOutcome): FinishedRun {
  return {
    status: statusOf(ctx, outcome),
    columns: outcome.fileColumns,
    parts: outcome.parts,
    cursor: outcome.cursor,
  };
}

/** @returns that the lease is lost, which is all that can go wrong here. */
async function rememberSchema(
  ctx: ExportContext,
  { columns, widths }: RunOutcome,
): Promise<RivetError | null> {
  if (columns === null) return null;
  try {
    await bestEffort("the schema snapshot", () => saveSchema(ctx, columns, widths));
    return null;
  } catch (error) {
    return toRivetError(error);
  }
}

async function publish(ctx: ExportContext, outcome: RunOutcome): Promise<Published> {
  const { repair } = outcome;
  if (repair?.changed === false) return { error: null, coverage: null };
  const run = finishedRun(ctx, outcome);
  const published = await publishRun(ctx, run);
  if (published.error !== null || run.status !== "success" && run.status !== "skipped") {
    return published;
  }
  try {
    await outcome.ended?.();
    if (run.status === "success") await repair?.remember();
    return published;
  } catch (error) {
    return { ...published, error: toRivetError(error) };
  }
}

/** Never throws for what it could not write: the summary says how the run ended. */
export async function finishRun(ctx: ExportContext, outcome: RunOutcome): Promise<ExportSummary> {
  const error = outcome.error ?? await rememberSchema(ctx, outcome);
  ctx.tracker.stop();
  const published = await publish(ctx, { ...outcome, error });
  const verdict = { ...outcome, error: error ?? published.error ?? outcome.repair?.error ?? null };
  const summary = summarize(ctx, verdict, published.coverage);
  ctx.journal.add("finished", {
    status: summary.status,
    rows: summary.rows,
    files: summary.files,
    bytes: summary.bytes,
    duration_ms: summary.durationMs,
    error: summary.error?.message ?? null,
    times: timeTotals(ctx.journal.dataOf("timed") as unknown as UnitTimes[]),
  });
  await bestEffort("the run metric", () => ctx.deps.state.recordMetric(metricOf(summary)));
  await bestEffort("the journal", () => ctx.deps.state.appendJournal(ctx.journal.events));
  await bestEffort("the run report", () => writeRunReport(ctx.config.dir, summary, outcome.parts));
  await Promise.all([
    notifyRun(ctx.deps.notifiers, summary, ctx.journal.events, ctx.options.signal),
    ctx.lineage?.ended(summary, {
      fileColumns: outcome.fileColumns,
      gates: outcome.gates ?? [],
    }),
  ]);
  return summary;
}
