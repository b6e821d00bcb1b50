/** What a reconcile found (RC3, RC5). Property names are those of its JSON: public API. */
import type { ChunkTask } from "../ports/state.ts";
import { chunkIdentifier } from "../query/chunk.ts";
import { RIVET_VERSION } from "../base/version.ts";

export type PartitionStatus = "match" | "mismatch" | "unknown";

/** One chunk of the run, counted on both sides. */
export interface Partition {
  readonly kind: "chunk";
  /** `chunk 3 [1000..2000]` */
  readonly identifier: string;
  /** null: could not be counted. */
  readonly source_count: number | null;
  /** null: the chunk never completed. */
  readonly exported_count: number | null;
  readonly status: PartitionStatus;
  /** Why it does not match; null when it does. */
  readonly note: string | null;
}

/** Of the latest checkpointed run; `rivet repair --report` reads it back. */
export interface ReconcileReport {
  readonly rivet_version: string;
  readonly export_name: string;
  readonly run_id: string;
  readonly strategy: "chunked";
  readonly partitions: readonly Partition[];
  readonly summary: {
    readonly total_partitions: number;
    readonly matches: number;
    readonly mismatches: number;
    readonly unknown: number;
    /** Of the partitions whose count is known; likewise the exported ones. */
    readonly total_source_rows: number;
    readonly total_exported_rows: number;
  };
}

export function reconcileReport(
  run: { readonly exportName: string; readonly runId: string },
  partitions: readonly Partition[],
): ReconcileReport {
  const count = (status: PartitionStatus) => partitions.filter((p) => p.status === status).length;
  const total = (field: "source_count" | "exported_count") =>
    partitions.reduce((sum, p) => sum + (p[field] ?? 0), 0);
  return {
    rivet_version: RIVET_VERSION,
    export_name: run.exportName,
    run_id: run.runId,
    strategy: "chunked",
    partitions,
    summary: {
      total_partitions: partitions.length,
      matches: count("match"),
      mismatches: count("mismatch"),
      unknown: count("unknown"),
      total_source_rows: total("source_count"),
      total_exported_rows: total("exported_count"),
    },
  };
}

/** RC6: what a report must be for verified to move. */
export function isClean({ summary }: ReconcileReport): boolean {
  return summary.mismatches === 0 && summary.unknown === 0;
}

/** What the source says of one chunk now. */
export type ChunkAtSource =
  | {
    readonly rows: number;
    /** null: was not asked for; negative: the server could not hash every row. */
    readonly checksum: string | null;
  }
  /** It could not be asked, and why. */
  | { readonly problem: string };

/** RC3: a mismatch takes two facts that differ; where one is missing the chunk is unknown. */
export function comparePartition(task: ChunkTask, source: ChunkAtSource): Partition {
  const exported = task.status === "completed" ? task.rowsWritten : null;
  const bounds = { start: task.startKey, end: task.endKey };
  const facts = {
    kind: "chunk" as const,
    identifier: chunkIdentifier(task.chunkIndex, bounds),
    source_count: "problem" in source ? null : source.rows,
    exported_count: exported,
  };
  if ("problem" in source) return { ...facts, status: "unknown", note: source.problem };
  if (exported === null) {
    return { ...facts, status: "unknown", note: `never completed: the chunk is ${task.status}` };
  }
  const diff = source.rows - exported;
  if (diff !== 0) return { ...facts, status: "mismatch", note: `diff ${signed(diff)}` };
  if (source.checksum === null || source.checksum === task.checksum) {
    return { ...facts, status: "match", note: null };
  }
  if (task.checksum === null) return { ...facts, status: "unknown", note: NO_CHECKSUM };
  if (source.checksum.startsWith("-")) return { ...facts, status: "unknown", note: UNHASHED };
  return {
    ...facts,
    status: "mismatch",
    note: "checksum differs: values changed, the count did not",
  };
}

const NO_CHECKSUM =
  "the chunk was exported without a checksum; set reconcile: checksum on the export";

const UNHASHED = "a row of the chunk is too long for the server to hash";

/** Rows that the source has more (+) or less (-) than were exported. */
function signed(diff: number): string {
  return diff > 0 ? `+${diff}` : String(diff);
}
