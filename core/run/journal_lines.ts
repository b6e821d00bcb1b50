/** The journal's events as lines of the log: what a person follows a run by. */
import { grouped } from "../base/grouped.ts";
import { type LogFields, logger, logs } from "../base/log.ts";

/** What the journal of a run knows of. */
export type JournalEventName =
  | "started"
  | "settled"
  | "resumed"
  | "reviewed"
  | "snapshot_taken"
  | "snapshot_joined"
  | "planned"
  | "partitions_added"
  | "pace_changed"
  | "held_back"
  | "retry"
  | "chunk_completed"
  | "chunk_failed"
  | "chunk_taken"
  | "timed"
  | "task_started"
  | "task_finished"
  | "repair_started"
  | "chunk_repaired"
  | "part_committed"
  | "schema_changed"
  | "shape_changed"
  | "quality_failed"
  | "forced"
  | "validated"
  | "finished";

type Data = Readonly<Record<string, unknown>>;

function counted(value: unknown): string {
  return typeof value === "number" ? grouped(value) : String(value);
}

/** What each says after the export's name; an event that says itself elsewhere has none. */
const TEXTS: Readonly<Record<JournalEventName, ((data: Data) => string) | null>> = {
  started: (d) => `run begun, mode ${d.mode}`,
  resumed: (d) => `run continued, mode ${d.mode}`,
  settled: (d) => `earlier run ${d.run_id} settled: ${d.done}`,
  reviewed: (d) =>
    `destination reviewed: ${list(d.rewritten_chunks)} chunks to write again, ` +
    `${list(d.quarantined)} objects quarantined`,
  snapshot_taken: (d) => `snapshot taken at ${d.point}`,
  snapshot_joined: (d) => `snapshot of ${d.point} joined`,
  planned: (d) => `planned: ${planned(d)}`,
  partitions_added: null,
  pace_changed: (d) =>
    `${d.readers} ${
      d.readers === 1 ? "reader" : "readers"
    } at a time, batches at ${d.batch_percent} %: ` +
    (Array.isArray(d.because) && d.because.length > 0
      ? d.because.join("; ")
      : "the source is calm"),
  held_back: (d) => `transactions that have not ended hold the cursor back to ${d.until}`,
  retry: null,
  chunk_completed: (d) => `chunk ${d.chunk} done, ${counted(d.rows)} rows`,
  chunk_failed: (d) => `chunk ${d.chunk} failed: ${d.code}`,
  chunk_taken: null,
  timed: (d) =>
    `${typeof d.chunk === "number" ? `chunk ${d.chunk}` : "rows"} read in ${
      counted(d.read_ms)
    } ms, ` +
    `waited ${counted(Number(d.retry_ms) + Number(d.queue_ms) + Number(d.rest_ms))} ms, ` +
    `encoded in ${counted(d.encode_ms)} ms, put in ${counted(d.put_ms)} ms, ` +
    `longest statement ${counted(d.longest_statement_ms)} ms`,
  task_started: (d) => `task ${d.task} begun`,
  task_finished: (d) => `task ${d.task} ended: ${d.status}, ${counted(d.rows)} rows`,
  repair_started: (d) => `repair of ${list(d.chunks)} chunks begun`,
  chunk_repaired: (d) => `chunk ${d.chunk} repaired, ${counted(d.rows)} rows`,
  part_committed: (d) =>
    `part ${d.path} put, ${counted(d.rows)} rows, ${counted(d.size_bytes)} bytes`,
  schema_changed: null,
  shape_changed: null,
  quality_failed: (d) => `quality: ${Array.isArray(d.failures) ? d.failures.join("; ") : ""}`,
  forced: (d) => `forced past ${Array.isArray(d.gates) ? d.gates.join(", ") : ""}`,
  validated: (d) => `destination validated: ${d.ok === true ? "as written" : "not as written"}`,
  finished: (d) =>
    `run ended: ${d.status}, ${counted(d.rows)} rows in ${counted(d.files)} files, ` +
    `${counted(d.bytes)} bytes, ${counted(d.duration_ms)} ms`,
};

const list = (value: unknown): number => Array.isArray(value) ? value.length : 0;

function planned(d: Data): string {
  const chunks = typeof d.chunks === "number" ? `, ${counted(d.chunks)} chunks` : "";
  const rows = typeof d.estimated_rows === "number"
    ? `, about ${counted(d.estimated_rows)} rows`
    : "";
  return `${d.strategy}${chunks}${rows}`;
}

/** Numbers and texts of an event; what is a list or an object is the text's. */
function fieldsOf(data: Data): LogFields {
  return Object.fromEntries(
    Object.entries(data).filter((entry): entry is [string, string | number | boolean | null] =>
      entry[1] === null || ["string", "number", "boolean"].includes(typeof entry[1])
    ),
  );
}

/** Logs one event at info. */
export function tellEvent(
  { runId, exportName, event, data }: {
    readonly runId: string;
    readonly exportName: string;
    readonly event: JournalEventName;
    readonly data: Data;
  },
): void {
  const text = TEXTS[event];
  if (text === null || !logs("info")) return;
  logger().info(`export '${exportName}': ${text(data)}`, {
    ...fieldsOf(data),
    ...{ export: exportName, run_id: runId, event },
  });
}
