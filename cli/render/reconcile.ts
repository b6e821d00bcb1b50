/** The reports of `rivet reconcile` and `rivet repair` as text. */
import type { Partition, ReconcileReport } from "../../core/reconcile/reconcile_report.ts";
import type { RepairExecution } from "../../core/repair/execute_repair.ts";
import type { RepairResult } from "../../core/repair/repair.ts";
import { renderTable, type TableColumn } from "./table.ts";

const PARTITIONS: readonly TableColumn[] = [
  { header: "PARTITION", minWidth: 28 },
  { header: "SOURCE", minWidth: 10, align: "right" },
  { header: "EXPORTED", minWidth: 10, align: "right" },
  { header: "STATUS", minWidth: 9 },
  { header: "NOTE" },
];

/** Totals, then a table of what does not match: thousands of matching chunks say nothing. */
export function renderReconcile(report: ReconcileReport): string {
  const { summary } = report;
  const lines = [
    `── ${report.export_name} ──`,
    field("run_id", report.run_id),
    field("partitions", String(summary.total_partitions)),
    field("matches", String(summary.matches)),
    field("mismatches", String(summary.mismatches)),
    field("unknown", String(summary.unknown)),
    field("source rows", String(summary.total_source_rows)),
    field("exported", String(summary.total_exported_rows)),
  ];
  const differing = report.partitions.filter((p) => p.status !== "match");
  if (differing.length > 0) lines.push("", renderTable(PARTITIONS, differing.map(partitionRow)));
  return lines.join("\n");
}

function partitionRow(p: Partition): string[] {
  const count = (n: number | null) => n === null ? "-" : String(n);
  return [
    p.identifier,
    count(p.source_count),
    count(p.exported_count),
    p.status,
    p.note ?? "",
  ];
}

const ACTIONS: readonly TableColumn[] = [
  { header: "CHUNK", minWidth: 6, align: "right" },
  { header: "START", minWidth: 12 },
  { header: "END", minWidth: 12 },
  { header: "REASON" },
];

/** Several lines without a final line end. `execute`: the plan was carried out. */
export function renderRepair(result: RepairResult, execute: boolean): string {
  const { export_name, reconcile_run_id, actions, skipped, execution } = result;
  const lines = [
    `── ${export_name} ──`,
    field("run_id", reconcile_run_id),
    field("actions", String(actions.length)),
    field("skipped", String(skipped.length)),
  ];
  if (actions.length > 0) {
    const rows = actions.map((a) => [
      String(a.chunk_index),
      a.start_key ?? "-",
      a.end_key ?? "-",
      a.reason,
    ]);
    lines.push("", renderTable(ACTIONS, rows));
  }
  for (const { identifier, reason } of skipped) lines.push(`skipped: ${identifier}: ${reason}`);
  lines.push("");
  if (execution !== undefined) lines.push(...executionLines(execution));
  else if (actions.length === 0) lines.push("Nothing to repair.");
  else if (!execute) lines.push("Nothing was executed; --execute writes these chunks again.");
  return lines.join("\n");
}

function executionLines({ status, chunks, row_count, part_count }: RepairExecution): string[] {
  return [
    field("status", status),
    ...chunks.map(({ chunk_index, rows_before, rows, parts }) =>
      field(
        `chunk ${chunk_index}`,
        `${rows_before ?? "?"} -> ${rows} rows${parts.map((part) => `, ${part}`).join("")}`,
      )
    ),
    field("manifest", `${row_count} rows in ${part_count} parts`),
  ];
}

function field(name: string, value: string): string {
  return `  ${`${name}:`.padEnd(13)}${value}`;
}
