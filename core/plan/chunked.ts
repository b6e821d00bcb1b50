/** The plan of `mode: chunked` (contracts section 6): how the table is cut, before the first chunk. */
import { ConfigError } from "../base/errors.ts";
import type { ChunkedMode } from "../config/modes.ts";
import type { Cut } from "../query/cuts/cut.ts";
import { cutOf } from "../query/cuts/mod.ts";
import { comparedType } from "../query/select.ts";
import type { Column } from "../types/types.ts";
import { chunkSize } from "./chunk_size.ts";
import { findColumn } from "./columns.ts";
import { type ChunkPlanInputs, planFingerprint } from "./plan_fingerprint.ts";
import type { ChunkedStrategy, Planning } from "./strategy.ts";

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
  const mode = { ...asked, size: await chunkSize(source, exported, asked) };
  const cut = cutOf(mode);
  const column = await chunkColumn(planning, mode, cut);
  const inputs = planInputs(base, mode, column.name);
  const request = { source, exported, mode, base, column };
  // A sealed plan and a checkpoint have shown it (PA1).
  if (known === null || known.length === 0) await cut.required?.(request);
  const unique = await cut.unique?.(request);
  const planned: Omit<ChunkedStrategy, "chunks"> = {
    kind: "chunked",
    shape: { kind: cut.kind, base, column: column.name, columnType: comparedType(column), unique },
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
