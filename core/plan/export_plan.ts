/**
 * What one export will read, decided before the first row: its columns and its strategy.
 * Everything in an `ExportPlan` is plain data.
 */
import type { LoadedExport } from "../config/loaded.ts";
import { ConfigError, RivetError } from "../errors.ts";
import type { Description, Source } from "../ports/source.ts";
import { baseQuery } from "../query/base.ts";
import type { ChunkShape } from "../query/chunk.ts";
import type { PageShape } from "../query/page.ts";
import { minMaxSql, outerSelect } from "../query/select.ts";
import { nearest } from "../suggest.ts";
import type { Column } from "../types/types.ts";
import { type ChunkPlanInputs, planFingerprint } from "./fingerprint.ts";
import { type Window, windowsByCount, windowsBySize } from "./windows.ts";

export const DEFAULT_CHUNK_SIZE = 100_000;

/** One chunk; null bounds mean the rows whose key is NULL. */
export interface PlannedChunk {
  readonly index: number;
  readonly start: string | null;
  readonly end: string | null;
}

export type Strategy =
  /** Short keyset pages over one snapshot. */
  | { readonly kind: "pages"; readonly shape: PageShape }
  /** One cursor over the whole query. */
  | { readonly kind: "cursor"; readonly sql: string }
  | {
    readonly kind: "chunked";
    readonly shape: ChunkShape;
    readonly fingerprint: string;
    readonly chunks: readonly PlannedChunk[];
  };

export interface ExportPlan {
  readonly base: string;
  readonly description: Description;
  readonly estimatedRows: number | null;
  readonly strategy: Strategy;
}

function findColumn(exported: LoadedExport, description: Description, name: string): Column {
  const column = description.columns.find((c) => c.name === name);
  if (column !== undefined) return column;
  const guess = nearest(name, description.columns.map((c) => c.name));
  throw new ConfigError(
    `export '${exported.name}': chunk_column '${name}' is not a column of its query` +
      (guess === undefined ? "" : `; did you mean '${guess}'?`),
    [],
    { hint: `Its columns are: ${description.columns.map((c) => c.name).join(", ")}.` },
  );
}

/** With `table:` and no `chunk_column`, the single-integer primary key (contracts section 6). */
async function chunkColumn(
  source: Source,
  exported: LoadedExport,
  description: Description,
): Promise<Column> {
  const { chunk_column: named } = exported.config;
  if (named !== undefined) return findColumn(exported, description, named);
  const key = exported.table === null ? null : await source.primaryKey(exported.table);
  if (key === null || !key.integer) {
    throw new ConfigError(
      `export '${exported.name}': there is no chunk_column, and ` +
        `'${exported.table}' has no primary key of one integer column to use instead`,
      [],
      { hint: "Set chunk_column to an indexed integer column of the query." },
    );
  }
  return findColumn(exported, description, key.column);
}

function chunkInputs(exported: LoadedExport, base: string, column: string): ChunkPlanInputs {
  const { chunk_size, chunk_count } = exported.config;
  return {
    base,
    column,
    size: chunk_count === undefined ? chunk_size ?? DEFAULT_CHUNK_SIZE : null,
    count: chunk_count ?? null,
    dense: false,
    byDays: null,
  };
}

async function windows(
  source: Source,
  inputs: ChunkPlanInputs,
): Promise<Window[]> {
  const [[min, max]] = await source.rows(minMaxSql(source.dialect, inputs.base, inputs.column));
  if (min === null || max === null) return [];
  return inputs.count === null
    ? windowsBySize(BigInt(min), BigInt(max), BigInt(inputs.size ?? DEFAULT_CHUNK_SIZE))
    : windowsByCount(BigInt(min), BigInt(max), BigInt(inputs.count));
}

async function chunkedStrategy(
  source: Source,
  exported: LoadedExport,
  base: string,
  description: Description,
  known: ChunkedResume | null,
): Promise<Strategy> {
  const column = await chunkColumn(source, exported, description);
  if (column.type.kind !== "int") {
    throw new ConfigError(
      `export '${exported.name}': chunk_column '${column.name}' is ${column.nativeType}; ` +
        "ranges need an integer column",
      [],
      { hint: "Choose an integer column, or chunk_by_key for another unique key." },
    );
  }
  const inputs = chunkInputs(exported, base, column.name);
  const fingerprint = await planFingerprint(inputs);
  const shape: ChunkShape = { kind: "range", base, column: column.name };
  if (known !== null) return { kind: "chunked", shape, fingerprint, chunks: known.chunks };
  const chunks: PlannedChunk[] = (await windows(source, inputs)).map((window, index) => ({
    index,
    start: String(window.start),
    end: String(window.end),
  }));
  // Rows without a key are never lost silently: they are one more chunk.
  if (column.nullable) chunks.push({ index: chunks.length, start: null, end: null });
  return { kind: "chunked", shape, fingerprint, chunks };
}

/** Pages need a key that is unique and NOT NULL, and text that round-trips: an integer primary key. */
async function fullStrategy(
  source: Source,
  exported: LoadedExport,
  base: string,
  description: Description,
): Promise<Strategy> {
  const key = exported.table === null ? null : await source.primaryKey(exported.table);
  const column = description.columns.find((c) => c.name === key?.column);
  if (key !== null && column?.type.kind === "int" && source.capabilities.copy) {
    return { kind: "pages", shape: { base, key: key.column } };
  }
  const sql = outerSelect(source.dialect, { selectList: description.selectList, base });
  return { kind: "cursor", sql };
}

/** The chunks of a checkpoint that is resumed: MIN and MAX are not asked for again. */
export interface ChunkedResume {
  readonly chunks: readonly PlannedChunk[];
}

/** Reads the catalog and MIN/MAX, no row. @throws ConfigError, SourceError */
export async function planExport(
  source: Source,
  exported: LoadedExport,
  resume: ChunkedResume | null,
): Promise<ExportPlan> {
  const base = baseQuery(exported, source.dialect);
  const description = await source.describe(base, exported.overrides);
  const strategy = await planStrategy(source, exported, base, description, resume);
  return { base, description, estimatedRows: await source.estimateRows(base), strategy };
}

function planStrategy(
  source: Source,
  exported: LoadedExport,
  base: string,
  description: Description,
  resume: ChunkedResume | null,
): Promise<Strategy> {
  const { mode } = exported.config;
  switch (mode) {
    case "full":
      return fullStrategy(source, exported, base, description);
    case "chunked":
      return chunkedStrategy(source, exported, base, description, resume);
    case "incremental":
    case "time_window":
      throw new RivetError("NOT_AVAILABLE", `mode: ${mode} is not available yet`);
  }
}
