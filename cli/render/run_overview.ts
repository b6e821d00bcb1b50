/** A chunk run as people read it. */
import type { HeldChunk, RunOverview } from "../../core/report/run_overview.ts";
import { formatInstant } from "./format.ts";
import { renderTable, type TableColumn } from "./table.ts";

const TASKS: readonly TableColumn[] = [
  { header: "TASK", minWidth: 6 },
  { header: "CHUNKS", minWidth: 6, align: "right" },
  { header: "DONE", minWidth: 6, align: "right" },
  { header: "ROWS", minWidth: 12, align: "right" },
  { header: "STATUS" },
];

const WORKERS: readonly TableColumn[] = [
  { header: "WORKER", minWidth: 8 },
  { header: "TASK", minWidth: 6 },
  { header: "HOST" },
  { header: "PID", align: "right" },
  { header: "STATUS", minWidth: 6 },
  { header: "SIGN OF LIFE", minWidth: 25 },
  { header: "CHUNKS", align: "right" },
  { header: "ROWS", minWidth: 12, align: "right" },
  { header: "ROWS/S", align: "right" },
  { header: "HOLDS" },
];

/** Named one by one; the rest are counted. */
const CHUNKS_NAMED = 4;

/** @param width of the terminal, where there is one */
export function renderRunOverview(run: RunOverview, width: number | undefined): string {
  const { chunks } = run;
  const state = run.finished_at !== null
    ? `finished ${formatInstant(run.finished_at)}`
    : run.plan_id !== null && run.status === "completed"
    ? "complete, not finished"
    : run.status;
  const open = [
    `${chunks.running} running`,
    `${chunks.pending} pending`,
    `${chunks.failed} failed`,
  ];
  const lines = [
    `${run.run_id}: ${state}`,
    `${chunks.completed}/${chunks.total} chunks completed, ${open.join(", ")}`,
    `${run.rows} rows, ${run.rows_per_second} rows/s since ${formatInstant(run.created_at)}`,
    ...(run.held.length === 0 ? [] : [`held by one process: ${holdsText(run.held)}`]),
  ];
  if (run.workers.length === 0) return lines.join("\n");
  return [...lines, "", tasksTable(run, width), "", workersTable(run, width)].join("\n");
}

function tasksTable({ tasks }: RunOverview, width: number | undefined): string {
  const rows = tasks.map(({ task, chunks, completed, rows, status }) => [
    ...[task, chunks === null ? "-" : String(chunks), String(completed), String(rows), status],
  ]);
  return renderTable(TASKS, rows, width);
}

function workersTable({ workers }: RunOverview, width: number | undefined): string {
  const rows = workers.map((w) => [
    ...[w.worker.slice(0, 8), w.task, w.host, String(w.pid), w.status],
    ...[formatInstant(w.renewed_at), String(w.chunks), String(w.rows), String(w.rows_per_second)],
    holdsText(w.holds),
  ]);
  return renderTable(WORKERS, rows, width);
}

function holdsText(holds: readonly HeldChunk[]): string {
  const named = holds.slice(0, CHUNKS_NAMED).map(({ chunk, since, attempts }) => {
    const at = since === null ? "" : ` since ${formatInstant(since)}`;
    return `${chunk}${at}${attempts > 1 ? `, attempt ${attempts}` : ""}`;
  });
  const more = holds.length > CHUNKS_NAMED ? [`and ${holds.length - CHUNKS_NAMED} more`] : [];
  return [...named, ...more].join("; ");
}
