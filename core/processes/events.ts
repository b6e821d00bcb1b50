/**
 * What a child of `--parallel-export-processes` prints: one JSON object per line on stdout. The names are
 * public API.
 */
import { jsonLine, type JsonText } from "../base/json_text.ts";
import type { SerializedError } from "../base/errors.ts";
import { summaryJson } from "../report/json.ts";
import type { ExportProgress, ExportStarted, RunListener } from "../run/run_options.ts";
import type { ExportStatus, ExportSummary } from "../report/summary.ts";

interface StartedLine {
  readonly event: "Started";
  readonly export_name: string;
  readonly run_id: string;
  readonly mode: string;
  readonly profile: string;
  readonly batch_size: number | null;
  readonly started_at: string;
}

/** Once, before the first `Progress`: what the progress is measured against. */
interface ProgressInitLine {
  readonly event: "ProgressInit";
  readonly export_name: string;
  readonly estimated_rows: number | null;
  readonly chunks_total: number | null;
  /** Done by an earlier run that this one continues. */
  readonly chunks_before?: number;
}

interface ProgressLine {
  readonly event: "Progress";
  readonly export_name: string;
  readonly rows: number;
  readonly bytes: number;
  readonly chunks_done: number | null;
}

/** The fields of `--json` for one export. */
interface FinishedLine {
  readonly event: "Finished";
  readonly summary: Record<string, unknown>;
}

export type EventLine = StartedLine | ProgressInitLine | ProgressLine | FinishedLine;

/** Reports a run as lines. */
export class EventEmitter implements RunListener {
  readonly #print: (line: JsonText) => void;
  #init = "";
  #last = "";

  constructor(print: (line: JsonText) => void) {
    this.#print = print;
  }

  started(event: ExportStarted): void {
    this.#emit({
      event: "Started",
      export_name: event.exportName,
      run_id: event.runId,
      mode: event.mode,
      profile: event.profile,
      batch_size: event.batchSize,
      started_at: event.startedAt,
    });
  }

  /** Says nothing when nothing has changed. */
  progress({ exportName, rows, bytes, estimatedRows, chunks }: ExportProgress): void {
    if (rows === 0 && estimatedRows === null && chunks === null) return;
    const init = {
      estimated_rows: estimatedRows,
      chunks_total: chunks?.total ?? null,
      chunks_before: chunks?.before ?? 0,
    };
    if (this.#init !== JSON.stringify(init)) {
      this.#init = JSON.stringify(init);
      this.#emit({ event: "ProgressInit", export_name: exportName, ...init });
    }
    const now = { rows, bytes, chunks_done: chunks?.done ?? null };
    if (this.#last === JSON.stringify(now)) return;
    this.#last = JSON.stringify(now);
    this.#emit({ event: "Progress", export_name: exportName, ...now });
  }

  finished(summary: ExportSummary): void {
    this.#emit({ event: "Finished", summary: summaryJson(summary) });
  }

  #emit(line: EventLine): void {
    this.#print(jsonLine(line));
  }
}

const EVENTS = ["Started", "ProgressInit", "Progress", "Finished"];

/** Null for a line that is no event: whatever else a process prints. */
export function parseEvent(line: string): EventLine | null {
  if (!line.startsWith('{"event":')) return null;
  try {
    const value = JSON.parse(line) as EventLine;
    return EVENTS.includes(value.event) ? value : null;
  } catch {
    // A line that was cut off with its process.
    return null;
  }
}

interface SummaryError {
  readonly code: SerializedError["code"];
  readonly category: SerializedError["category"];
  readonly message: string;
  readonly hint: string | null;
  readonly native_code: string | null;
}

function errorOf(error: SummaryError | null): SerializedError | null {
  if (error === null) return null;
  const { code, category, message, hint, native_code } = error;
  return {
    name: "RivetError",
    ...{ code, category, message },
    ...(hint === null ? {} : { hint }),
    ...(native_code === null ? {} : { nativeCode: native_code }),
  };
}

/** `summaryJson` read back; the child is the same program. */
export function summaryOf(json: Readonly<Record<string, unknown>>): ExportSummary {
  const text = (key: string) => String(json[key]);
  const number = (key: string) => Number(json[key]);
  const flag = (key: string) => (json[key] ?? null) as boolean | null;
  return {
    exportName: text("export_name"),
    runId: text("run_id"),
    status: text("status") as ExportStatus,
    mode: text("mode"),
    profile: text("profile"),
    batchSize: json.batch_size as number | null,
    format: text("format"),
    compression: text("compression"),
    destination: text("destination"),
    startedAt: text("started_at"),
    finishedAt: text("finished_at"),
    durationMs: number("duration_ms"),
    rows: number("rows"),
    files: number("files"),
    bytes: number("bytes"),
    peakRssMb: number("peak_rss_mb"),
    retries: number("retries"),
    validated: flag("validated"),
    coverage: (json.coverage ?? null) as string | null,
    reconciled: flag("reconciled"),
    schemaChanged: flag("schema_changed"),
    quality: json.quality as string[],
    chunks: json.chunks as ExportSummary["chunks"],
    error: errorOf(json.error as SummaryError | null),
  };
}
