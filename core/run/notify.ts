/** Tells people how an export's run ended (I8: after the report). Nothing here can fail a run. */
import type { LoadedConfig, LoadedExport } from "../config/loaded.ts";
import { counted } from "../base/counted.ts";
import { type ErrorCode, type SerializedError, toRivetError } from "../base/errors.ts";
import { logger } from "../base/log.ts";
import type { ExportPlan } from "../plan/strategy.ts";
import type { Adapters } from "../ports/adapters.ts";
import type { Notifier, NotifyEvent, NotifyKind } from "../ports/notifier.ts";
import type { Source } from "../ports/source.ts";
import type { JournalEvent } from "../ports/state.ts";
import { indexUse, probeScan } from "../preflight/probe.ts";
import { type Verdict, verdictOf } from "../preflight/verdict.ts";
import type { JournalEventName } from "./journal_lines.ts";
import type { ExportSummary } from "../report/summary.ts";

/** Below this a table scan is what `mode: full` is for: an export of that size is not degraded by one. */
const SCAN_MATTERS_ROWS = 100_000;

export interface PlanVerdict {
  readonly verdict: Verdict;
  /** As the engine names it, e.g. `Seq Scan on orders`; null when it does not tell. */
  readonly scan: string | null;
}

/**
 * The preflight verdict for the journal, when somebody wants to be told of a bad one: it costs an
 * EXPLAIN. Null: nobody asks, or the export is too small for its scan to matter.
 * @throws SourceError
 */
export async function planVerdict(
  notifiers: readonly Notifier[],
  exported: LoadedExport,
  source: Source,
  plan: ExportPlan,
): Promise<PlanVerdict | null> {
  if (!notifiers.some(({ on }) => on.has("degraded"))) return null;
  const rows = plan.estimatedRows;
  if (rows !== null && rows < SCAN_MATTERS_ROWS) return null;
  const found = await probeScan(source, exported, plan);
  const verdict = verdictOf(indexUse(found), rows, found.indexed);
  return { verdict, scan: found.scan?.scanType ?? null };
}

/** The notifiers of a config. What is wrong with them is a WARN, so that it shows before it matters. */
export async function openNotifiers(
  adapters: Pick<Adapters, "openNotifiers">,
  config: LoadedConfig,
): Promise<readonly Notifier[]> {
  const wanted = config.config.notifications;
  if (wanted === undefined) return [];
  try {
    return await adapters.openNotifiers(wanted);
  } catch (error) {
    logger().warn(`nobody will be notified: ${toRivetError(error).message}`);
    return [];
  }
}

/** @param journal the run's events so far; none for a run that could not begin. */
export async function notifyRun(
  notifiers: readonly Notifier[],
  summary: ExportSummary,
  journal: readonly JournalEvent[],
  signal: AbortSignal,
): Promise<void> {
  const event = notifyEvent(summary, journal);
  if (event === null) return;
  const concerned = notifiers.filter((n) => event.kinds.some((kind) => n.on.has(kind)));
  await Promise.all(concerned.map(async (notifier) => {
    try {
      await notifier.notify(event, signal);
    } catch (error) {
      const { message } = toRivetError(error);
      logger().warn(`export '${event.exportName}': nobody was notified: ${message}`);
    }
  }));
}

/** What there is to tell; null for a run that ended well, and for one that somebody stopped. */
export function notifyEvent(
  summary: ExportSummary,
  journal: readonly JournalEvent[],
): NotifyEvent | null {
  if (summary.status === "interrupted") return null;
  const failed = summary.status === "failed";
  const changes = schemaChanges(journal);
  const degraded = failed ? [] : degradations(summary, journal);
  const kinds: NotifyKind[] = [
    ...(failed ? ["failure" as const] : []),
    ...(changes.length > 0 ? ["schema_change" as const] : []),
    ...(degraded.length > 0 ? ["degraded" as const] : []),
  ];
  if (kinds.length === 0) return null;
  const { exportName, runId, rows, files, durationMs, error } = summary;
  return {
    ...{ kinds, exportName, runId, rows, files, durationMs },
    reasons: [...changes, ...degraded],
    error: error === null ? null : errorOf(error),
  };
}

function errorOf({ code, message, hint }: SerializedError): NotifyEvent["error"] {
  return { code, message, hint: hint ?? null };
}

/** The data of the journal's events of one name. */
function eventData(
  journal: readonly JournalEvent[],
  name: JournalEventName,
): Record<string, unknown>[] {
  return journal.filter(({ event }) => event === name).map(({ data }) => JSON.parse(data));
}

function schemaChanges(journal: readonly JournalEvent[]): string[] {
  return eventData(journal, "schema_changed").flatMap(({ changes }) =>
    (changes as readonly string[]).map((change) => `schema: ${change}`)
  );
}

/** Why a run that succeeded wants attention all the same. */
function degradations(summary: ExportSummary, journal: readonly JournalEvent[]): string[] {
  return [
    ...retries(summary, journal),
    ...healedChunks(journal),
    ...summary.quality.map((warning) => `quality: ${warning}`),
    ...badVerdict(journal),
  ];
}

function retries({ retries }: ExportSummary, journal: readonly JournalEvent[]): string[] {
  if (retries === 0) return [];
  const codes = new Set(eventData(journal, "retry").map(({ code }) => code as ErrorCode));
  return [`${counted(retries, "retry", "retries")}: ${[...codes].join(", ")}`];
}

function healedChunks(journal: readonly JournalEvent[]): string[] {
  const failed = new Set(eventData(journal, "chunk_failed").map(({ chunk }) => chunk)).size;
  const rewritten = eventData(journal, "reviewed")
    .reduce((sum, { rewritten_chunks }) => sum + (rewritten_chunks as unknown[]).length, 0);
  return [
    ...(failed > 0 ? [`${counted(failed, "chunk")} failed before succeeding`] : []),
    ...(rewritten > 0
      ? [
        `${counted(rewritten, "chunk")} written again: files were missing or differed`,
      ]
      : []),
  ];
}

function badVerdict(journal: readonly JournalEvent[]): string[] {
  return eventData(journal, "planned").flatMap(({ verdict, scan }) =>
    verdict === "DEGRADED" || verdict === "UNSAFE"
      ? [`verdict ${verdict}: ${scan ?? "no usable index"}`]
      : []
  );
}
