/** The chunks of a run against the source: one short statement each, in the shape that they were read in. */
import type { LoadedExport } from "../config/loaded.ts";
import { RivetError } from "../base/errors.ts";
import type { Description, Source } from "../ports/source.ts";
import type { ChunkTask } from "../ports/state.ts";
import { checksumSql, requireChecksum } from "../query/checksum.ts";
import { areBoundsOf, chunkRowsSql } from "../query/chunk.ts";
import type { ChunkShape } from "../query/cuts/cut.ts";
import { checksumForm, checksumText, MD5_FORM } from "../batch/row_checksum.ts";
import { countSql } from "../query/select.ts";
import { throwIfAborted } from "../base/wait.ts";
import { type Ask, throttled } from "../access/ask.ts";
import { type ChunkAtSource, comparePartition, type Partition } from "./reconcile_report.ts";

/** What is compared, and how far. */
export interface Comparison {
  readonly exported: LoadedExport;
  readonly shape: ChunkShape;
  readonly tasks: readonly ChunkTask[];
  /** How the rows were selected: values are compared too. null: counts alone. */
  readonly description: Description | null;
  readonly signal: AbortSignal;
  /** What the source said of some chunks already, by their index. */
  readonly known?: ReadonlyMap<number, ChunkAtSource>;
}

/** What is asked about a chunk. */
export type AskedChunk = Pick<ChunkTask, "chunkIndex" | "startKey" | "endKey" | "checksum">;

/** In the order of the chunks. @throws RivetError, SourceError when the source cannot be asked at all. */
export async function compareChunks(ask: Ask, comparison: Comparison): Promise<Partition[]> {
  const { exported, signal } = comparison;
  const paced = throttled(ask, exported.tuning.throttleMs, signal);
  const partitions: Partition[] = [];
  for (const task of comparison.tasks) {
    throwIfAborted(signal);
    const said = comparison.known?.get(task.chunkIndex) ??
      await chunkAtSource(paced, comparison, task);
    partitions.push(comparePartition(task, said));
  }
  return partitions;
}

/** @throws RivetError, SourceError when the source cannot be asked at all. */
export async function chunkAtSource(
  ask: Ask,
  comparison: Omit<Comparison, "tasks">,
  task: AskedChunk,
): Promise<ChunkAtSource> {
  const bounds = { start: task.startKey, end: task.endKey };
  if (!areBoundsOf(comparison.shape, bounds)) {
    return { problem: `the keys of the chunk are no ${comparison.shape.kind} bounds` };
  }
  try {
    return await ask((source) => counted(source, comparison, task.checksum, bounds));
  } catch (error) {
    // What ran into its own statement_timeout would do so again; the other chunks may well not.
    if (error instanceof RivetError && error.code === "SOURCE_TIMEOUT") {
      return { problem: `not counted: ${error.message}` };
    }
    throw error;
  }
}

/** COUNT(*) of the chunk's rows, and their checksum when it is asked for, in the form of the one that is kept. */
async function counted(
  source: Source,
  { shape, description, exported }: Omit<Comparison, "tasks">,
  kept: string | null,
  bounds: { readonly start: string | null; readonly end: string | null },
): Promise<ChunkAtSource> {
  const { dialect } = source;
  if (description === null) {
    const [[count]] = await source.rows(countSql(dialect, chunkRowsSql(dialect, shape, bounds)));
    return { rows: Number(count), checksum: null };
  }
  const rows = chunkRowsSql(dialect, shape, bounds, description.selectList);
  requireChecksum(source, exported.name, description.columns);
  const form = kept === null ? MD5_FORM : checksumForm(kept);
  const sql = checksumSql(dialect, rows, description.columns, form);
  if (sql === null) {
    return { problem: `its checksum is of the form '${form}', which is not known here` };
  }
  const [[count, sum]] = await source.rows(sql);
  return { rows: Number(count), checksum: sum === null ? null : checksumText(form, sum) };
}
