/**
 * Growable columns in Arrow layout, filled by the adapters' decoders.
 *
 * They are made for tight loops: a decoder calls `reserve(rows)` once, then writes to the typed arrays
 * themselves at index `length`, counts `length` up, and calls `markNull` for a NULL, whose slot stays
 * zero. 64-bit and wider values are written as 32-bit words, low word first, so that no BigInt is made.
 * `finish` hands the buffers over and leaves the builder empty.
 */
import { type Layout, layoutOf, type RivetType } from "../types/types.ts";
import type { ColumnData } from "./batch.ts";
import { giveBuffer, takeBuffer, takeWords } from "./buffers.ts";

const MIN_ROWS = 64;
/** Arrow's offsets are signed 32-bit: a column of a batch ends here. */
export const MAX_OFFSET = 0x7fff_ffff;

/** Room for growth over what the previous batch held, so that equal batches never grow. */
function withMargin(count: number): number {
  return count + (count >> 4);
}

/** The buffers of one column while it grows; decoders write them directly, which calls would be too slow for. */
export abstract class ColumnBuilder {
  /** Rows so far. Decoders write it. */
  length = 0;
  #nullCount = 0;
  #capacity = 0;
  /** Bit i is 0 when row i is NULL, 1 for every other row up to the capacity. Made by the first NULL. */
  #validity: Uint8Array<ArrayBuffer> | null = null;
  #expectedRows = MIN_ROWS;

  /** Gives the subclass's buffers room for `capacity` rows in all, keeping the first `length`. */
  protected abstract grow(capacity: number): void;
  /** Takes the subclass's buffers away. `length` is still that of the finished column. */
  protected abstract take(): Pick<ColumnData, "values" | "offsets" | "child">;
  /** Bytes of the subclass's buffers in use. */
  protected abstract get usedBytes(): number;

  /** Makes room for `rows` more rows. Typed arrays read before may be stale afterwards. */
  reserve(rows: number): void {
    const needed = this.length + rows;
    if (needed <= this.#capacity) return;
    const capacity = Math.max(needed, this.#capacity * 2, this.#expectedRows);
    this.grow(capacity);
    if (this.#validity !== null) this.#validity = grownValidity(this.#validity, capacity);
    this.#capacity = capacity;
  }

  /** Marks `row`, for which room was reserved, as NULL. */
  markNull(row: number): void {
    this.#validity ??= grownValidity(new Uint8Array(0), this.#capacity);
    this.#validity[row >> 3] &= ~(1 << (row & 7));
    this.#nullCount++;
  }

  /**
   * Marks rows from `length` on: `bits` begin with the byte of row `length`, 0 is NULL, those of no row
   * of theirs are 1. `nulls` of them are NULL.
   */
  markNulls(bits: Uint8Array, nulls: number): void {
    this.#validity ??= grownValidity(new Uint8Array(0), this.#capacity);
    const first = this.length >> 3;
    this.#validity[first] &= bits[0];
    this.#validity.set(bits.subarray(1), first + 1);
    this.#nullCount += nulls;
  }

  get nullCount(): number {
    return this.#nullCount;
  }

  /** What the column would cost if finished now. */
  get byteLength(): number {
    return this.usedBytes + (this.#validity === null ? 0 : (this.length + 7) >> 3);
  }

  finish(): ColumnData {
    const length = this.length;
    const data: ColumnData = {
      length,
      nullCount: this.#nullCount,
      validity: this.#validity === null ? null : trimmedBits(this.#validity, length),
      ...this.take(),
    };
    this.#expectedRows = Math.max(MIN_ROWS, withMargin(length));
    this.length = 0;
    this.#nullCount = 0;
    this.#capacity = 0;
    this.#validity = null;
    return data;
  }
}

function grownValidity(old: Uint8Array, capacity: number): Uint8Array<ArrayBuffer> {
  const grown = new Uint8Array((capacity + 7) >> 3);
  grown.set(old);
  grown.fill(0xff, old.length);
  return grown;
}

/** The first `length` bits, the padding of the last byte zeroed. */
function trimmedBits(bits: Uint8Array<ArrayBuffer>, length: number): Uint8Array {
  const bytes = bits.subarray(0, (length + 7) >> 3);
  if ((length & 7) !== 0) bytes[bytes.length - 1] &= (1 << (length & 7)) - 1;
  return bytes;
}

/** `bit`: packed bits, least significant first. */
export class BitBuilder extends ColumnBuilder {
  bits: Uint8Array<ArrayBuffer> = new Uint8Array(0);

  protected override grow(capacity: number): void {
    const bits = new Uint8Array((capacity + 7) >> 3);
    bits.set(this.bits);
    this.bits = bits;
  }

  protected override take(): Pick<ColumnData, "values" | "offsets" | "child"> {
    const values = this.bits.subarray(0, (this.length + 7) >> 3);
    this.bits = new Uint8Array(0);
    return { values, offsets: null, child: null };
  }

  protected override get usedBytes(): number {
    return (this.length + 7) >> 3;
  }
}

/** What values of a fixed width are written to. */
export type FixedArray =
  | Uint8Array<ArrayBuffer>
  | Int16Array<ArrayBuffer>
  | Int32Array<ArrayBuffer>
  | Float32Array<ArrayBuffer>
  | Float64Array<ArrayBuffer>;

/** The fixed-width layouts: row i starts at element `i * stride` of `values`. */
export abstract class FixedBuilder<A extends FixedArray> extends ColumnBuilder {
  values: A;
  /** Elements of `values` per row. */
  readonly stride: number;
  readonly #view: (buffer: ArrayBuffer, elements: number) => A;

  constructor(view: (buffer: ArrayBuffer, elements: number) => A, stride: number) {
    super();
    this.#view = view;
    this.stride = stride;
    this.values = view(new ArrayBuffer(0), 0);
  }

  protected override grow(capacity: number): void {
    const old = this.values;
    const used = this.length * this.stride;
    const elements = capacity * this.stride;
    const values = this.#view(takeBuffer(elements * old.BYTES_PER_ELEMENT), elements);
    values.set(old.subarray(0, used));
    values.fill(0, used);
    this.values = values;
    giveBuffer(old.buffer);
  }

  protected override take(): Pick<ColumnData, "values" | "offsets" | "child"> {
    const values = new Uint8Array(this.values.buffer, 0, this.usedBytes);
    this.values = this.#view(new ArrayBuffer(0), 0);
    return { values, offsets: null, child: null };
  }

  protected override get usedBytes(): number {
    return this.length * this.stride * this.values.BYTES_PER_ELEMENT;
  }
}

/** `i16`. */
export class Int16Builder extends FixedBuilder<Int16Array<ArrayBuffer>> {
  constructor() {
    super((buffer, n) => new Int16Array(buffer, 0, n), 1);
  }
}

/** `i32`: integers and dates. */
export class Int32Builder extends FixedBuilder<Int32Array<ArrayBuffer>> {
  constructor() {
    super((buffer, n) => new Int32Array(buffer, 0, n), 1);
  }
}

/** `f32`. */
export class Float32Builder extends FixedBuilder<Float32Array<ArrayBuffer>> {
  constructor() {
    super((buffer, n) => new Float32Array(buffer, 0, n), 1);
  }
}

/** `f64`. */
export class Float64Builder extends FixedBuilder<Float64Array<ArrayBuffer>> {
  constructor() {
    super((buffer, n) => new Float64Array(buffer, 0, n), 1);
  }
}

/** `i64`, `u64` (2 words), `dec128` (4) and `dec256` (8): little-endian 32-bit words, low word first. */
export class WordsBuilder extends FixedBuilder<Int32Array<ArrayBuffer>> {
  constructor(words: 2 | 4 | 8) {
    super((buffer, n) => new Int32Array(buffer, 0, n), words);
  }
}

/** `fixed16`: 16 bytes per row. */
export class Fixed16Builder extends FixedBuilder<Uint8Array<ArrayBuffer>> {
  constructor() {
    super((buffer, n) => new Uint8Array(buffer, 0, n), 16);
  }
}

function grownOffsets(
  old: Int32Array<ArrayBuffer>,
  length: number,
  capacity: number,
): Int32Array<ArrayBuffer> {
  const offsets = takeWords(capacity + 1, length + 1);
  offsets.set(old.subarray(0, length + 1));
  giveBuffer(old.buffer);
  return offsets;
}

/**
 * `bytes`: the decoder writes a value at `data[used]`, counts `used` up and sets
 * `offsets[length + 1] = used`, for a NULL too.
 */
export class BytesBuilder extends ColumnBuilder {
  data: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  offsets: Int32Array<ArrayBuffer> = new Int32Array(1);
  used = 0;
  #expectedBytes = MIN_ROWS;

  /** Makes room for `count` more bytes of data. */
  reserveBytes(count: number): void {
    const needed = this.used + count;
    if (needed <= this.data.length) return;
    if (needed > MAX_OFFSET) throw new RangeError("a column of one batch is limited to 2 GiB");
    const doubled = Math.min(this.data.length * 2, MAX_OFFSET);
    const data = new Uint8Array(takeBuffer(Math.max(needed, doubled, this.#expectedBytes)));
    data.set(this.data.subarray(0, this.used));
    giveBuffer(this.data.buffer);
    this.data = data;
  }

  protected override grow(capacity: number): void {
    this.offsets = grownOffsets(this.offsets, this.length, capacity);
  }

  protected override take(): Pick<ColumnData, "values" | "offsets" | "child"> {
    const values = this.data.subarray(0, this.used);
    const offsets = this.offsets.subarray(0, this.length + 1);
    this.#expectedBytes = Math.min(MAX_OFFSET, Math.max(MIN_ROWS, withMargin(this.used)));
    this.data = new Uint8Array(0);
    this.offsets = new Int32Array(1);
    this.used = 0;
    return { values, offsets, child: null };
  }

  protected override get usedBytes(): number {
    return this.used + (this.length + 1) * 4;
  }
}

/** `list`: the decoder appends elements to `child` and sets `offsets[length + 1] = child.length`. */
export class ListBuilder<C extends ColumnBuilder = ColumnBuilder> extends ColumnBuilder {
  offsets: Int32Array<ArrayBuffer> = new Int32Array(1);
  readonly child: C;

  constructor(child: C) {
    super();
    this.child = child;
  }

  protected override grow(capacity: number): void {
    this.offsets = grownOffsets(this.offsets, this.length, capacity);
  }

  protected override take(): Pick<ColumnData, "values" | "offsets" | "child"> {
    const offsets = this.offsets.subarray(0, this.length + 1);
    this.offsets = new Int32Array(1);
    return { values: new Uint8Array(0), offsets, child: this.child.finish() };
  }

  protected override get usedBytes(): number {
    return (this.length + 1) * 4 + this.child.byteLength;
  }
}

/** The builder of each layout. */
export interface BuilderOf {
  bit: BitBuilder;
  i16: Int16Builder;
  i32: Int32Builder;
  i64: WordsBuilder;
  u64: WordsBuilder;
  f32: Float32Builder;
  f64: Float64Builder;
  dec128: WordsBuilder;
  dec256: WordsBuilder;
  fixed16: Fixed16Builder;
  bytes: BytesBuilder;
}

const MAKERS: { readonly [L in keyof BuilderOf]: () => BuilderOf[L] } = {
  bit: () => new BitBuilder(),
  i16: () => new Int16Builder(),
  i32: () => new Int32Builder(),
  i64: () => new WordsBuilder(2),
  u64: () => new WordsBuilder(2),
  f32: () => new Float32Builder(),
  f64: () => new Float64Builder(),
  dec128: () => new WordsBuilder(4),
  dec256: () => new WordsBuilder(8),
  fixed16: () => new Fixed16Builder(),
  bytes: () => new BytesBuilder(),
};

/** A builder for a layout other than `list`. */
export function makeBuilder<L extends Exclude<Layout, "list">>(layout: L): BuilderOf[L] {
  return MAKERS[layout]();
}

/** A builder for any type, lists included. */
export function builderFor(type: RivetType): ColumnBuilder {
  if (type.kind === "list") return new ListBuilder(builderFor(type.element));
  const layout = layoutOf(type) as Exclude<Layout, "list">;
  return makeBuilder(layout);
}
