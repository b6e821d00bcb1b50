/**
 * Rows to definition and repetition levels (Dremel shredding), for flat columns and one level of list.
 * Runs of values that are present are handed on; between NULLs, which cut a column into runs of few, they are
 * moved together first.
 */
import type { ColumnData } from "../../../core/batch/batch.ts";
import { LAYOUT_WIDTH, layoutOf } from "../../../core/types/types.ts";
import { input, kernel, output, Region, valid } from "./kernel/memory.ts";
import { presentValues, spreadValidity } from "./present.ts";
import type { Leaf } from "./schema.ts";

/** The levels of one page. A column without them (`maxDefinition` 0) leaves them empty. */
export class Levels {
  definition = new Uint8Array(1024);
  repetition = new Uint8Array(0);
  /** Levels held: one per value, NULL, or NULL or empty list. */
  count = 0;
  /** Those below the maximum definition level. */
  nullCount = 0;

  reserve(extra: number, repeated: boolean): void {
    const needed = this.count + extra;
    if (needed > this.definition.length) this.definition = grow(this.definition, needed);
    if (repeated && needed > this.repetition.length) {
      this.repetition = grow(this.repetition, needed);
    }
  }

  clear(): void {
    this.count = 0;
    this.nullCount = 0;
  }
}

function grow(levels: Uint8Array, needed: number): Uint8Array<ArrayBuffer> {
  const grown = new Uint8Array(Math.max(needed, levels.length * 2));
  grown.set(levels);
  return grown;
}

/** Receives `data`'s values [start, end), none of them NULL. */
export type RunSink = (data: ColumnData, start: number, end: number) => void;

/** Appends the levels of rows [from, to) and hands on their values in order, in as few runs as possible. */
export function shredRows(
  leaf: Leaf,
  data: ColumnData,
  from: number,
  to: number,
  levels: Levels,
  sink: RunSink,
): void {
  if (leaf.maxRepetition > 0) shredLists(leaf, data, from, to, levels, sink);
  else if (leaf.maxDefinition === 0) sink(data, from, to);
  else shredNullable(leaf, data, from, to, levels, sink);
}

/** Bytes of a value in its column; 0 for bits and byte arrays. */
function valueWidth({ type }: Leaf): number {
  const layout = layoutOf(type);
  return layout === "bit" || layout === "bytes" || layout === "list" ? 0 : LAYOUT_WIDTH[layout];
}

function shredNullable(
  leaf: Leaf,
  data: ColumnData,
  from: number,
  to: number,
  levels: Levels,
  sink: RunSink,
): void {
  levels.reserve(to - from, false);
  const { definition } = levels;
  const { validity } = data;
  const at = levels.count;
  levels.count += to - from;
  if (validity === null) {
    definition.fill(1, at, levels.count);
    sink(data, from, to);
    return;
  }
  const count = spreadValidity(validity, from, to, valid);
  definition.set(kernel().view(valid.address, to - from), at);
  levels.nullCount += to - from - count;
  if (count === to - from) sink(data, from, to);
  else if (count > 0) sink(presentValues(data, valueWidth(leaf), from, to, count), 0, count);
}

function shredLists(
  leaf: Leaf,
  data: ColumnData,
  from: number,
  to: number,
  levels: Levels,
  sink: RunSink,
): void {
  const { child, offsets } = data;
  if (child === null || offsets === null) {
    throw new TypeError(`list column "${leaf.column.name}" came without elements or offsets`);
  }
  const rows = to - from;
  const first = offsets[from];
  const last = offsets[to];
  levels.reserve(last - first + rows, true);
  const { definition, repetition } = levels;
  if (data.validity !== null) spreadValidity(data.validity, from, to, rowValid);
  if (child.validity !== null) spreadValidity(child.validity, first, last, valid);
  else {
    const all = valid.reserve(last - first);
    kernel().bytes.fill(1, all, all + last - first);
  }
  const definitions = output.reserve((last - first + rows) * 2);
  const repetitions = definitions + last - first + rows;
  const offsetsAt = input.put(offsets.subarray(from, to + 1));
  const { run, found } = kernel();
  const count = run.listLevels(
    offsetsAt,
    rows,
    data.validity === null ? 0 : rowValid.address,
    valid.address,
    leaf.maxDefinition,
    definitions,
    repetitions,
  );
  definition.set(kernel().view(definitions, count), levels.count);
  repetition.set(kernel().view(repetitions, count), levels.count);
  levels.count += count;
  levels.nullCount += kernel().words[found >> 2];
  const present = kernel().words[(found >> 2) + 1];
  if (present === last - first) {
    if (present > 0) sink(child, first, last);
  } else if (present > 0) {
    sink(presentValues(child, valueWidth(leaf), first, last, present), 0, present);
  }
}

/** Of lists: whether each is there. */
const rowValid = new Region();
