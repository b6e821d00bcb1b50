/** Plans of `mode: full` and `mode: time_window`: the rows are read as a whole. */
import { onlyHelps } from "../access/only_helps.ts";
import { ConfigError } from "../base/errors.ts";
import { logger } from "../base/log.ts";
import { DEFAULT_CHUNK_SIZE, type FullMode, type WindowMode } from "../config/modes.ts";
import type { TableBlocks, TableKey } from "../ports/source.ts";
import { blockBoundaries, blockStatements, piecesOf } from "../query/blocks.ts";
import { comparedType, minMaxSql, outerSelect } from "../query/select.ts";
import { windowSql } from "../query/time_window.ts";
import type { ReadSpec } from "../query/unit_read.ts";
import type { Column, RivetType } from "../types/types.ts";
import { windowTransform } from "../tables/covers.ts";
import type { Transform } from "../types/partition_transform.ts";
import { findColumn } from "./columns.ts";
import type { Planning, WholeStrategy } from "./strategy.ts";
import { windowsByCount } from "../query/cuts/windows.ts";

/** Kinds whose values come back from their text as they were. */
const ROUND_TRIPS: readonly RivetType["kind"][] = [
  "int",
  "decimal",
  "date",
  "timestamp",
  "text",
  "uuid",
];

/**
 * A key of a plain table: the integer primary key, else, where a statement that is not short stays open at the
 * server for as long as it is read, any column with no value twice and no NULL.
 */
async function pagingKey(planning: Planning, parallel: number): Promise<Column | null> {
  const { source, exported, description } = planning;
  const { table } = exported;
  if (table === null) return null;
  // Without a key it is read in one go.
  const found = await onlyHelps(`keys of '${table}'`, () => source.keys(table), []);
  const keys = found.filter((key) => key.unique);
  const column = (key: TableKey | undefined) =>
    description.columns.find((c) => c.name === key?.column) ?? null;
  const integer = column(keys.find((key) => key.primary && key.integer));
  if (integer?.type.kind === "int") return integer;
  const { copy, serverCursor } = source.capabilities;
  if (copy || serverCursor || parallel > 1) return null;
  // An override changes what is read, and with it where the next page begins.
  const fits = keys.map(column).find((c) =>
    c !== null && !exported.overrides.has(c.name) && ROUND_TRIPS.includes(c.type.kind)
  );
  return fits ?? null;
}

/** `parallel: N` reads N ranges of the key; the outer ones are open, so that no row falls outside. */
async function keyBounds(planning: Planning, key: Column, count: number): Promise<string[]> {
  if (count === 1) return [];
  const { source, base, inputs } = planning;
  if (inputs.chunks !== null) return inputs.chunks.flatMap(({ end }) => end === null ? [] : [end]);
  const [[min, max]] = await source.rows(minMaxSql(source.dialect, base, key.name, key));
  if (min === null || max === null) return [];
  const windows = windowsByCount(BigInt(min), BigInt(max), BigInt(count));
  return windows.slice(0, -1).map((window) => String(window.end));
}

/**
 * A table without a key: as many stretches of its blocks, under a snapshot, which holds no longer than the one
 * that a single reader would need. Null, which is said, where that is not to be had: one reader it is.
 */
async function blockStrategy(planning: Planning, count: number): Promise<WholeStrategy | null> {
  const { source, exported, base, description: { selectList }, inputs } = planning;
  const found = await blocksOf(planning);
  if ("without" in found) {
    logger().warn(
      `export '${exported.name}': parallel: ${count} needs 'table:' with a primary key of one ` +
        `integer column that no two rows share${found.without}; one reader is used`,
    );
    return null;
  }
  const { blocks } = found;
  const bounds = inputs.chunks === null
    ? blockBoundaries(blocks, count)
    : inputs.chunks.flatMap(({ end }) => end === null ? [] : [end]);
  const pieces = await piecesOf(source, base, DEFAULT_CHUNK_SIZE);
  const size = { blocks, step: Math.max(1, Math.ceil(blocks / pieces)) };
  const reads = [null, ...bounds].map((from, i): ReadSpec => {
    const range = { from, until: bounds[i] ?? null };
    const sql = blockStatements(source.dialect, base, selectList, range, size);
    return { kind: "blocks", sql, ...range };
  });
  return { kind: "whole", reads, blocksOf: exported.table ?? "" };
}

/** The table's blocks, or why they are not read, as the end of a sentence. */
async function blocksOf(
  { source, exported }: Planning,
): Promise<TableBlocks | { readonly without: string }> {
  const { table, config: { consistency } } = exported;
  const { blockRanges, sharedSnapshot } = source.capabilities;
  const tableBlocks = source.tableBlocks;
  if (table === null || !blockRanges || sharedSnapshot !== true || tableBlocks === undefined) {
    return { without: "" };
  }
  if (consistency === "statement") {
    return { without: ", or consistency other than statement, for ranges of its blocks" };
  }
  const look = () => tableBlocks.call(source, table);
  const found = await onlyHelps(`the blocks of '${table}'`, look, null);
  if (found === null) return { without: "" };
  return found.obstacle === null
    ? found
    : { without: `, or a table whose blocks can be read, and ${found.obstacle}` };
}

/** Short keyset pages where the table has a key for them, else one cursor over the query. */
export async function fullStrategy(
  planning: Planning,
  { parallel }: FullMode,
): Promise<WholeStrategy> {
  const { source, base, description: { selectList } } = planning;
  const key = await pagingKey(planning, parallel);
  if (key === null && parallel > 1) {
    const ranges = await blockStrategy(planning, parallel);
    if (ranges !== null) return ranges;
  }
  const { copy, serverCursor } = source.capabilities;
  // Without a server-side cursor one statement would stay open for the whole table.
  const pages = copy || !serverCursor || parallel > 1;
  if (key === null || !pages) {
    const sql = outerSelect(source.dialect, { selectList, base });
    return { kind: "whole", reads: [{ kind: "cursor", sql }] };
  }
  const bounds = await keyBounds(planning, key, parallel);
  const starts = [null, ...bounds];
  const ends = [...bounds, null];
  return {
    kind: "whole",
    reads: starts.map((after, i) => ({
      kind: "pages",
      shape: {
        base,
        key: key.name,
        keyType: comparedType(key),
        unique: true,
        after,
        until: ends[i],
      },
      selectList,
      pageRows: null,
    })),
  };
}

function windowColumn(planning: Planning, { column: name, columnType }: WindowMode): Column {
  const { exported, description } = planning;
  const column = findColumn(exported, description, "time_column", name);
  const wanted = columnType === "unix" ? ["int", "decimal"] : ["timestamp", "date"];
  if (!wanted.includes(column.type.kind)) {
    throw new ConfigError(
      `export '${exported.name}': time_column '${column.name}' is ${column.nativeType}, which ` +
        `time_column_type: ${columnType} cannot be compared with`,
      [],
      {
        hint: "Use a timestamp or date column, or time_column_type: unix for seconds as integers.",
      },
    );
  }
  return column;
}

/** By what the table's partitions that the run replaces are made; null: it replaces none. */
function windowPartition(
  { exported: { name, tableFormat } }: Planning,
  { name: column, type, nativeType }: Column,
  { columnType }: WindowMode,
): Transform | null {
  const transform = tableFormat === null ? null : windowTransform(tableFormat);
  if (transform === null) return null;
  const whole = columnType === "unix" ? type.kind === "int" : type.kind === "date";
  if (whole || columnType !== "unix" && transform.kind !== "identity") return transform;
  const wanted = columnType === "unix"
    ? "whole numbers"
    : "days: by their own value; a timestamp's partitions are of a day, e.g. transform: day";
  throw new ConfigError(
    `export '${name}': table_format.partition_by cannot be '${column}', which is ${nativeType}, with ` +
      `mode: time_window: what it replaces is cut by ${wanted}`,
    [],
    { hint: "Choose another transform, or cast the column in the query." },
  );
}

/** The window's start is fixed when the plan is made, in UTC. */
export function windowStrategy(planning: Planning, mode: WindowMode): Promise<WholeStrategy> {
  const { source, base, description: { selectList }, inputs } = planning;
  const column = windowColumn(planning, mode);
  const shape = {
    base,
    column: column.name,
    unix: mode.columnType === "unix",
    columnType: comparedType(column),
    days: mode.days,
    partition: windowPartition(planning, column, mode),
  };
  const sql = windowSql(source.dialect, shape, inputs.now, selectList);
  return Promise.resolve({ kind: "whole", reads: [{ kind: "cursor", sql }] });
}
