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

const NONE = new Uint8Array(0);
const MIN_LEVELS = 1024;
/** Levels of flat values that are all there. */
let ones = new Uint8Array(1024).fill(1);

/** The levels of one page. A column without them (`maxDefinition` 0) leaves them empty. */
export class Levels {
  #definition: Uint8Array<ArrayBuffer> = NONE;
  /** False while the levels are those of flat values that are all there: tables of many columns have many such pages. */
  #stored = false;
  repetition: Uint8Array<ArrayBuffer> = NONE;
  /** Levels held: one per value, NULL, or NULL or empty list. */
  count = 0;
  /** Those below the maximum definition level. */
  nullCount = 0;

  /** `count` of them. A view that is good until the next call. */
  get definition(): Uint8Array {
    if (!this.#stored && ones.length < this.count) ones = new Uint8Array(this.count * 2).fill(1);
    return (this.#stored ? this.#definition : ones).subarray(0, this.count);
  }

  /** `count` flat values, none of them NULL. */
  addPresent(count: number): void {
    if (this.#stored) this.#store(count).fill(1, this.count, this.count + count);
    this.count += count;
  }

  /** Those of as many values, `nulls` of which are none. */
  add(definition: Uint8Array, nulls: number): void {
    this.#store(definition.length).set(definition, this.count);
    this.count += definition.length;
    this.nullCount += nulls;
  }

  /** The same of lists. */
  addRepeated(definition: Uint8Array, repetition: Uint8Array, nulls: number): void {
    this.repetition = grown(this.repetition, this.count + repetition.length);
    this.repetition.set(repetition, this.count);
    this.add(definition, nulls);
  }

  clear(): void {
    this.count = 0;
    this.nullCount = 0;
    this.#stored = false;
  }

  /** Where levels are stored, those of the values so far too, with room for `extra` more. */
  #store(extra: number): Uint8Array {
    this.#definition = grown(this.#definition, this.count + extra);
    if (!this.#stored) this.#definition.fill(1, 0, this.count);
    this.#stored = true;
    return this.#definition;
  }
}

/** What was in `levels` stays; the memory that it leaves is free at once. */
function grown(levels: Uint8Array<ArrayBuffer>, needed: number): Uint8Array<ArrayBuffer> {
  if (needed <= levels.length) return levels;
  const { buffer } = levels === NONE ? new Uint8Array(0) : levels;
  return new Uint8Array(buffer.transfer(Math.max(needed, MIN_LEVELS, levels.length * 2)));
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
  const { validity } = data;
  if (validity === null) {
    levels.addPresent(to - from);
    sink(data, from, to);
    return;
  }
  const count = spreadValidity(validity, from, to, valid);
  const nulls = to - from - count;
  if (nulls === 0) levels.addPresent(count);
  else levels.add(kernel().view(valid.address, to - from), nulls);
  if (nulls === 0) sink(data, from, to);
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
  const nulls = kernel().words[found >> 2];
  levels.addRepeated(
    kernel().view(definitions, count),
    kernel().view(repetitions, count),
    nulls,
  );
  const present = kernel().words[(found >> 2) + 1];
  if (present === last - first) {
    if (present > 0) sink(child, first, last);
  } else if (present > 0) {
    sink(presentValues(child, valueWidth(leaf), first, last, present), 0, present);
  }
}

/** Of lists: whether each is there. */
const rowValid = new Region();
