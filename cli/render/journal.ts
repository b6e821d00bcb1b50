/** A run of the journal as a block: one line of outcome, then what was out of the ordinary. */
import { grouped } from "../../core/base/grouped.ts";
import type { JournalEvent, JournalRun } from "../../core/ports/state.ts";
import { formatBytes, formatDuration } from "./format.ts";

type Data = Readonly<Record<string, unknown>>;

function dataOf(event: JournalEvent): Data {
  const data: unknown = JSON.parse(event.data);
  return typeof data === "object" && data !== null ? data as Data : {};
}

const MARKS: Readonly<Record<string, string>> = { success: "✓", failed: "✗" };
const WORDS: Readonly<Record<string, string>> = { success: "succeeded", failed: "failed" };

/** The lines of one event that an operator looks for; none for the ordinary ones. */
function detail(event: JournalEvent): string[] {
  const data = dataOf(event);
  switch (event.event) {
    case "retry":
      return [`retry: ${data.step} ${data.unit ?? data.key ?? ""} (${data.code})`];
    case "chunk_failed":
      return [`chunk ${data.chunk} failed (${data.code})`];
    case "schema_changed":
      return (Array.isArray(data.changes) ? data.changes : []).map((c) => `schema: ${c}`);
    case "quality_failed":
      return (Array.isArray(data.failures) ? data.failures : []).map((f) => `quality: ${f}`);
    case "resumed":
      return ["resumed"];
    case "forced":
      return ["forced past a safety gate"];
    default:
      return [];
  }
}

/** Several lines without a final line end; events that are as usual are left out. */
export function renderJournal(run: JournalRun): string {
  const finished = run.events.findLast((event) => event.event === "finished");
  const data: Data = finished === undefined ? {} : dataOf(finished);
  const status = String(data.status ?? "unknown");
  const duration = typeof data.duration_ms === "number" ? formatDuration(data.duration_ms) : "-";
  const lines = [
    `${MARKS[status] ?? "•"} ${run.runId}  ${WORDS[status] ?? status}  ${duration}`,
  ];
  if (finished !== undefined) {
    const rows = grouped(Number(data.rows ?? 0));
    lines.push(`  files: ${data.files}  rows: ${rows}  bytes: ${formatBytes(Number(data.bytes))}`);
  }
  for (const event of run.events) lines.push(...detail(event).map((line) => `  ${line}`));
  if (typeof data.error === "string") {
    lines.push(`  error: ${data.error.trimEnd().replaceAll("\n", "\n         ")}`);
  }
  return lines.join("\n");
}
