/** The plan of `mode: chunked` (contracts section 6): how the table is cut, before the first chunk. */
import { ConfigError } from "../base/errors.ts";
import { logger } from "../base/log.ts";
import type { TableKey } from "../ports/source.ts";
import type { ChunkShape } from "../query/chunk.ts";
import { comparedType, minMaxSql, outerSelect } from "../query/select.ts";
import type { Column, TypeKind } from "../types/types.ts";
import { findColumn } from "./columns.ts";
import type { ChunkedStrategy, PlannedChunk, Planning } from "./strategy.ts";
import { type ChunkPlanInputs, planFingerprint } from "./fingerprint.ts";
import { keyBoundaries } from "./key_ranges.ts";
import {
  dayWindows,
  DEFAULT_CHUNK_SIZE,
  type Window,
  windowsByCount,
  windowsBySize,
} from "./windows.ts";

type Bounds = readonly [start: string | null, end: string | null];

function shapeKind(planning: Planning): ChunkShape["kind"] {
  const { chunk_by_key, chunk_dense, chunk_by_days } = planning.exported.config;
  if (chunk_by_key !== undefined && chunk_by_key !== false) return "key";
  if (chunk_dense === true) return "dense";
  return chunk_by_days === undefined ? "range" : "days";
}

const COLUMN_KINDS: Record<ChunkShape["kind"], readonly TypeKind[] | null> = {
  range: ["int"],
  days: ["date", "timestamp"],
  key: ["int", "decimal", "date", "timestamp", "text", "uuid"],
  dense: null,
};

function tableKeys({ source, exported }: Planning): Promise<readonly TableKey[]> {
  return exported.table === null ? Promise.resolve([]) : source.keys(exported.table);
}

/** With `table:` and no column named, the single-column primary key; an integer one for ranges. */
async function defaultColumn(planning: Planning, kind: ChunkShape["kind"]): Promise<string> {
  const key = (await tableKeys(planning)).find((k) => k.primary && (k.integer || kind === "key"));
  if (key !== undefined) return key.column;
  const { exported } = planning;
  const wanted = kind === "key" ? "one column" : "one integer column";
  const where = exported.table === null ? "a query has none" : `'${exported.table}' has none`;
  throw new ConfigError(
    `export '${exported.name}': no chunk_column is set, and without it the primary key of ` +
      `${wanted} would be used, but ${where}`,
    [],
    { hint: "Set chunk_column to an indexed integer column, or chunk_by_key to a unique one." },
  );
}

async function chunkColumn(planning: Planning, kind: ChunkShape["kind"]): Promise<Column> {
  const { exported, description } = planning;
  const { chunk_column, chunk_by_key } = exported.config;
  const named = typeof chunk_by_key === "string" ? chunk_by_key : chunk_column;
  const setting = typeof chunk_by_key === "string" ? "chunk_by_key" : "chunk_column";
  const name = named ?? await defaultColumn(planning, kind);
  const column = findColumn(exported, description, setting, name);
  const kinds = COLUMN_KINDS[kind];
  if (kinds !== null && !kinds.includes(column.type.kind)) {
    throw new ConfigError(
      `export '${exported.name}': ${setting} '${name}' is ${column.nativeType}, and chunks by ` +
        `${kind} need ${kinds.join(", ")}`,
      [],
      { hint: "Choose another column, or chunk_by_key for a unique key of another type." },
    );
  }
  return column;
}

function planInputs(planning: Planning, column: string): ChunkPlanInputs {
  const { chunk_size, chunk_count, chunk_dense, chunk_by_days } = planning.exported.config;
  const sized = chunk_count === undefined && chunk_by_days === undefined;
  return {
    base: planning.base,
    column,
    size: sized ? chunk_size ?? DEFAULT_CHUNK_SIZE : null,
    count: chunk_count ?? null,
    dense: chunk_dense ?? false,
    byDays: chunk_by_days ?? null,
  };
}

function integerWindows(min: bigint, max: bigint, inputs: ChunkPlanInputs): Window[] {
  return inputs.count === null
    ? windowsBySize(min, max, BigInt(inputs.size ?? DEFAULT_CHUNK_SIZE))
    : windowsByCount(min, max, BigInt(inputs.count));
}

const asBounds = (window: Window): Bounds => [String(window.start), String(window.end)];

async function minMax(planning: Planning, column: Column): Promise<[string, string] | null> {
  const { source, base } = planning;
  const [[min, max]] = await source.rows(minMaxSql(source.dialect, base, column.name));
  return min === null || max === null ? null : [min, max];
}

async function rangeBounds(
  planning: Planning,
  column: Column,
  inputs: ChunkPlanInputs,
): Promise<Bounds[]> {
  const ends = await minMax(planning, column);
  return ends === null
    ? []
    : integerWindows(BigInt(ends[0]), BigInt(ends[1]), inputs).map(asBounds);
}

async function dayBounds(planning: Planning, column: Column, days: number): Promise<Bounds[]> {
  const ends = await minMax(planning, column);
  if (ends === null) return [];
  const suffix = column.type.kind === "timestamp" && column.type.utc ? " 00:00:00+00" : "";
  return dayWindows(ends[0].slice(0, 10), ends[1].slice(0, 10), days)
    .map(({ start, end }) => [start + suffix, end + suffix]);
}

/** Row numbers are positions in one result: they mean the same rows only while nothing changes. */
async function denseBounds(
  planning: Planning,
  column: Column,
  inputs: ChunkPlanInputs,
): Promise<Bounds[]> {
  const { source, base, exported } = planning;
  const unique = (await tableKeys(planning)).some((key) => key.column === column.name);
  if (!unique) {
    logger().warn(
      `export '${exported.name}': chunk_dense numbers rows by '${column.name}', which is not known to ` +
        "be unique: rows with equal values may change places between two chunks",
    );
  }
  const countSql = outerSelect(source.dialect, {
    selectList: [source.dialect.castText("COUNT(*)")],
    base,
  });
  const [[count]] = await source.rows(countSql);
  return count === null || count === "0"
    ? []
    : integerWindows(1n, BigInt(count), inputs).map(asBounds);
}

/** A key that skips no row: unique and NOT NULL, which only a table's catalog can promise. */
async function keyBounds(planning: Planning, column: Column): Promise<Bounds[]> {
  const { exported } = planning;
  const key = (await tableKeys(planning)).find((k) => k.column === column.name);
  if (exported.table !== null && key === undefined) {
    throw new ConfigError(
      `export '${exported.name}': chunk_by_key needs a column that is NOT NULL and unique by ` +
        `itself; '${column.name}' of '${exported.table}' is not`,
      [],
      { hint: "Choose the primary key or another unique NOT NULL column." },
    );
  }
  if (key === undefined && column.nullable) {
    throw new ConfigError(
      `export '${exported.name}': chunk_by_key '${column.name}' can be NULL in the query's result`,
      [],
      { hint: "Use `table:`, or select a column that is NOT NULL in its table." },
    );
  }
  const inner = await keyBoundaries(planning, column);
  const starts = [null, ...inner];
  return starts.map((start, i) => [start, inner[i] ?? null]);
}

function bounds(
  planning: Planning,
  kind: ChunkShape["kind"],
  column: Column,
  inputs: ChunkPlanInputs,
): Promise<Bounds[]> {
  switch (kind) {
    case "range":
      return rangeBounds(planning, column, inputs);
    case "days":
      return dayBounds(planning, column, inputs.byDays ?? 1);
    case "dense":
      return denseBounds(planning, column, inputs);
    case "key":
      return keyBounds(planning, column);
  }
}

export async function chunkedStrategy(planning: Planning): Promise<ChunkedStrategy> {
  const kind = shapeKind(planning);
  const column = await chunkColumn(planning, kind);
  const inputs = planInputs(planning, column.name);
  const fingerprint = await planFingerprint({ ...inputs, kind });
  const shape: ChunkShape = {
    kind,
    base: planning.base,
    column: column.name,
    columnType: comparedType(column),
  };
  const pageRows = kind === "key" ? inputs.size ?? DEFAULT_CHUNK_SIZE : null;
  const known = planning.inputs.chunks;
  if (known !== null) return { kind: "chunked", shape, fingerprint, pageRows, chunks: known };
  const all = await bounds(planning, kind, column, inputs);
  // Rows without a value are never lost silently: they are one more chunk.
  if (column.nullable && (kind === "range" || kind === "days")) all.push([null, null]);
  const chunks: PlannedChunk[] = all.map(([start, end], index) => ({ index, start, end }));
  return { kind: "chunked", shape, fingerprint, pageRows, chunks };
}
