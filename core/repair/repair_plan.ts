/** What a repair will do (RR1, RR6). Property names are those of its JSON: public API. */
import * as v from "valibot";
import { check, object, pathOf } from "../base/schema.ts";
import type { LoadedExport } from "../config/loaded.ts";
import { ConfigError, RivetError } from "../base/errors.ts";
import type { ChunkTask } from "../ports/state.ts";
import { chunkIdentifier } from "../query/chunk.ts";
import { RIVET_VERSION } from "../base/version.ts";
import type { RecordedRun } from "../reconcile/chunk_run.ts";
import type { Partition, ReconcileReport } from "../reconcile/reconcile_report.ts";

export interface RepairAction {
  readonly chunk_index: number;
  readonly start_key: string | null;
  readonly end_key: string | null;
  /** The report's status and note, e.g. `mismatch: diff +3`. */
  readonly reason: string;
}

export interface SkippedPartition {
  readonly identifier: string;
  readonly reason: string;
}

export interface RepairPlan {
  readonly rivet_version: string;
  readonly export_name: string;
  readonly reconcile_run_id: string;
  readonly strategy: "chunked";
  readonly actions: readonly RepairAction[];
  readonly skipped: readonly SkippedPartition[];
}

const reportSchema = object({
  export_name: v.string(),
  run_id: v.string(),
  strategy: v.string(),
  partitions: v.array(object({
    kind: v.string(),
    identifier: v.string(),
    status: v.picklist(["match", "mismatch", "unknown"]),
    note: v.nullish(v.string()),
  })),
});

/** As much of a report as a plan needs. */
export type ReportForRepair = Pick<ReconcileReport, "export_name" | "run_id" | "strategy"> & {
  readonly partitions: readonly Pick<Partition, "identifier" | "status" | "note">[];
};

const REPORT_HINT =
  "Make one with 'rivet reconcile -c CONFIG -e NAME --format json -o reconcile.json'.";

/** @param from the file's name, for messages. @throws ConfigError USAGE when it is no report of chunks. */
export function parseReport(text: string, from: string): ReportForRepair {
  const refuse = (problem: string): never => {
    throw new ConfigError(`${from} ${problem}`, [], { code: "USAGE", hint: REPORT_HINT });
  };
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return refuse("is not JSON");
  }
  const parsed = check(reportSchema, json);
  if (!parsed.success) {
    const [issue] = parsed.issues;
    const place = pathOf(issue).join(".") || "the document";
    return refuse(`is no reconcile report: ${place}: ${issue.message}`);
  }
  const { export_name, run_id, strategy, partitions } = parsed.output;
  // RR7
  if (strategy !== "chunked") {
    return refuse(`is of strategy '${strategy}'; only chunks are repaired`);
  }
  const stated = partitions.map((p) => ({ ...p, note: p.note ?? null }));
  return { export_name, run_id, strategy, partitions: stated };
}

/** @throws ConfigError, RivetError for a report of another export, or of a run that is not the latest. */
export function requireReportOf(
  report: ReportForRepair,
  { run }: RecordedRun,
  exported: LoadedExport,
): void {
  if (report.export_name !== exported.name) {
    throw new ConfigError(
      `the report is of export '${report.export_name}', not of '${exported.name}'`,
      [],
      { code: "USAGE", hint: `Repair that export with -e ${report.export_name}. ${REPORT_HINT}` },
    );
  }
  if (report.run_id !== run.runId) {
    throw new RivetError(
      "CHECKPOINT_MISMATCH",
      `the report is of run '${report.run_id}'; the latest run of export '${exported.name}' is ` +
        `'${run.runId}'`,
      { hint: `The data is that of the latest run: reconcile again. ${REPORT_HINT}` },
    );
  }
}

const IDENTIFIER = /^chunk (\d+) \[(.*)\]$/s;

/** The chunk that an identifier names, or why it names none (RR6). */
function findTask(
  identifier: string,
  tasks: ReadonlyMap<number, ChunkTask>,
): ChunkTask | { readonly reason: string } {
  const match = IDENTIFIER.exec(identifier);
  if (match === null) return { reason: "is not of the form 'chunk 3 [1000..2000]'" };
  const task = tasks.get(Number(match[1]));
  if (task === undefined) return { reason: "the run has no chunk of this number" };
  const { startKey: start, endKey: end } = task;
  // Keys may hold dots and brackets: compared with what the run's chunk is called, nothing is guessed.
  if (chunkIdentifier(task.chunkIndex, { start, end }) !== identifier) {
    return {
      reason: `the run's chunk has other keys: ${chunkIdentifier(task.chunkIndex, { start, end })}`,
    };
  }
  return task;
}

/** RR1: one action for each mismatch and each unknown, in the order of the chunks, each chunk once. */
export function repairPlan(report: ReportForRepair, { run, tasks }: RecordedRun): RepairPlan {
  const byIndex = new Map(tasks.map((task) => [task.chunkIndex, task]));
  const actions = new Map<number, RepairAction>();
  const skipped: SkippedPartition[] = [];
  for (const { identifier, status, note } of report.partitions) {
    if (status === "match") continue;
    const found = findTask(identifier, byIndex);
    if ("reason" in found) {
      skipped.push({ identifier, reason: found.reason });
      continue;
    }
    actions.set(found.chunkIndex, {
      chunk_index: found.chunkIndex,
      start_key: found.startKey,
      end_key: found.endKey,
      reason: note === null ? status : `${status}: ${note}`,
    });
  }
  return {
    rivet_version: RIVET_VERSION,
    export_name: run.exportName,
    reconcile_run_id: run.runId,
    strategy: "chunked",
    actions: [...actions.values()].sort((a, b) => a.chunk_index - b.chunk_index),
    skipped,
  };
}
