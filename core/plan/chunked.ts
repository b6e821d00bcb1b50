/** The plan of `mode: chunked` (contracts section 6): how the table is cut, before the first chunk. */
import { ConfigError, RivetError } from "../base/errors.ts";
import type { LoadedExport } from "../config/loaded.ts";
import type { ChunkedMode } from "../config/modes.ts";
import type { Source } from "../ports/source.ts";
import type { ChunkBounds, Cut, CutChange, CutRequest } from "../query/cuts/cut.ts";
import { cutOf, CUTS } from "../query/cuts/mod.ts";
import { comparedType } from "../query/select.ts";
import type { Column } from "../types/types.ts";
import { chunkSize } from "./chunk_size.ts";
import { findColumn } from "./columns.ts";
import { type ChunkPlanInputs, planFingerprint } from "./plan_fingerprint.ts";
import type { ChunkedStrategy, Planning, StoredNow } from "./strategy.ts";

/** With `table:` and no column named, the single-column primary key; an integer one for most cuts. */
async function defaultColumn({ source, exported }: Planning, cut: Cut): Promise<string> {
  const keys = exported.table === null ? [] : await source.keys(exported.table);
  const key = keys.find((k) => k.primary && (k.integer || cut.anyKey));
  if (key !== undefined) return key.column;
  const wanted = cut.anyKey ? "one column" : "one integer column";
  const where = exported.table === null ? "a query has none" : `'${exported.table}' has none`;
  throw new ConfigError(
    `export '${exported.name}': no chunk_column is set, and without it the primary key of ` +
      `${wanted} would be used, but ${where}`,
    [],
    { hint: "Set chunk_column to an indexed integer column, or chunk_by_key to a unique one." },
  );
}

async function chunkColumn(
  planning: Planning,
  { column: named, setting }: ChunkedMode,
  cut: Cut,
): Promise<Column> {
  const { exported, description } = planning;
  if (cut.storage !== undefined) return cut.storage;
  const name = named ?? await defaultColumn(planning, cut);
  const column = findColumn(exported, description, setting, name);
  if (cut.columnKinds !== null && !cut.columnKinds.includes(column.type.kind)) {
    throw new ConfigError(
      `export '${exported.name}': ${setting} '${name}' is ${column.nativeType}, and chunks by ` +
        `${cut.kind} need ${cut.columnKinds.join(", ")}`,
      [],
      { hint: "Choose another column, or chunk_by_key for a unique key of another type." },
    );
  }
  return column;
}

function planInputs(base: string, mode: ChunkedMode, column: string): ChunkPlanInputs {
  const { size, count, days, dense, memoryMb } = mode;
  return {
    ...{ base, column, count, dense, memoryMb },
    size: count === null && days === null ? size : null,
    byDays: days,
  };
}

export async function chunkedStrategy(
  planning: Planning,
  asked: ChunkedMode,
): Promise<ChunkedStrategy> {
  const { source, exported, base, inputs: { chunks: known } } = planning;
  const table = exported.table ?? undefined;
  const mode = { ...asked, size: await chunkSize(source, exported, asked) };
  const cut = cutOf(mode);
  const column = await chunkColumn(planning, mode, cut);
  const inputs = planInputs(base, mode, column.name);
  const request = { source, exported, mode, base, column };
  // A sealed plan and a checkpoint have shown it (PA1).
  if (known === null || known.length === 0) await cut.required?.(request);
  if (known !== null) await requireUnchanged(cut, request, known);
  const unique = await cut.unique?.(request);
  const planned: Omit<ChunkedStrategy, "chunks"> = {
    kind: "chunked",
    shape: {
      ...{ kind: cut.kind, base, column: column.name, columnType: comparedType(column), unique },
      ...(cut.storage === undefined ? {} : { table }),
    },
    fingerprint: await planFingerprint({ ...inputs, kind: cut.kind }),
    ...(mode.size === asked.size ? {} : { size: mode.size }),
    pageRows: cut.paged ? mode.size : null,
  };
  if (known !== null) return { ...planned, chunks: known };
  const bounds = [...await cut.bounds(request)];
  // Rows without a value are never lost silently: they are one more chunk.
  if (column.nullable && cut.nullChunk) bounds.push({ start: null, end: null });
  return { ...planned, chunks: bounds.map((chunk, index) => ({ index, ...chunk })) };
}

/** What was planned is all of the table, or the export must be planned anew: nothing is left out unseen. */
async function requireUnchanged(
  cut: Cut,
  request: CutRequest,
  planned: readonly ChunkBounds[],
): Promise<void> {
  const change = await cut.change?.(request, planned) ?? null;
  if (change !== null) throw chunksChanged(request.exported.name, change);
}

/** The table's chunks as they are now. @throws ConfigError, SourceError */
export async function chunksNow(
  source: Source,
  exported: LoadedExport,
  { shape, chunks }: ChunkedStrategy,
): Promise<StoredNow> {
  const { mode } = exported;
  const { change, storedAs, storage } = CUTS[shape.kind];
  if (storage === undefined || mode.kind !== "chunked") return { change: null, as: [] };
  const request = { source, exported, mode, base: shape.base, column: storage };
  return {
    change: await change?.(request, chunks) ?? null,
    as: await storedAs?.(request) ?? [],
  };
}

/** The table is no longer what the chunks were planned for. */
export function chunksChanged(exportName: string, { gone, added }: CutChange): RivetError {
  const list = (names: readonly string[]) => names.map((name) => `'${name}'`).join(", ");
  const said = [
    ...(gone.length === 0
      ? []
      : [`${list(gone)} ${gone.length > 1 ? "are" : "is"} gone or another`]),
    ...(added.length === 0 ? [] : [`${list(added)} ${added.length > 1 ? "are" : "is"} new`]),
  ];
  return new RivetError(
    "STORAGE_CHANGED",
    `export '${exportName}': the table's partitions are not those that were planned: ` +
      said.join("; "),
    {
      hint:
        `Plan again; a checkpointed run has to start over: 'rivet state reset-chunks --export ` +
        `${exportName}'.`,
    },
  );
}
