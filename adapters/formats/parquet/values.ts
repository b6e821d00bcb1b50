/** The values of one page, collected by encoding. NULLs never get here. */
import type { ColumnData } from "../../../core/batch/batch.ts";
import { ByteBuilder } from "../byte_builder.ts";
import { Dictionary } from "./dictionary.ts";
import { Encoding, PhysicalType } from "./enums.ts";
import { bitWidth, encodeHybrid } from "./levels.ts";
import { type PlainWriter, plainWriter } from "./plain.ts";
import type { Leaf } from "./schema.ts";
import type { Bounds } from "./bounds.ts";
import { boundsOf, ByteArrayBounds } from "./statistics.ts";

/** Values of the page being built, and how they will be encoded. */
export interface PageValues {
  readonly encoding: Encoding;
  readonly count: number;
  /** About what `appendTo` will append. */
  readonly byteLength: number;
  /** Takes values [start, end) of `data`, none of them NULL. */
  add(data: ColumnData, start: number, end: number): void;
  /** Appends the encoded values to a page body. */
  appendTo(body: ByteBuilder): void;
  /** The encoded values, when they lie in a buffer as they are. A view until the next `add` or `clear`. */
  readonly encoded: Uint8Array | null;
  bounds(): Bounds | null;
  /** Starts the next page. */
  clear(): void;
}

/** BOOLEAN: one bit per value, least significant first. */
export class BooleanValues implements PageValues {
  readonly encoding: Encoding = Encoding.PLAIN;
  readonly encoded = null;
  #values = new Uint8Array(1024);
  #trueCount = 0;
  count = 0;

  get byteLength(): number {
    return (this.count + 7) >> 3;
  }

  add(data: ColumnData, start: number, end: number): void {
    const needed = this.count + end - start;
    if (needed > this.#values.length) {
      const grown = new Uint8Array(Math.max(needed, this.#values.length * 2));
      grown.set(this.#values);
      this.#values = grown;
    }
    for (let i = start; i < end; i++) {
      const bit = (data.values[i >> 3] >> (i & 7)) & 1;
      this.#values[this.count++] = bit;
      this.#trueCount += bit;
    }
  }

  appendTo(body: ByteBuilder): void {
    const bytes = this.byteLength;
    body.reserve(bytes);
    body.bytes.fill(0, body.length, body.length + bytes);
    for (let i = 0; i < this.count; i++) {
      body.bytes[body.length + (i >> 3)] |= this.#values[i] << (i & 7);
    }
    body.length += bytes;
  }

  bounds(): Bounds | null {
    if (this.count === 0) return null;
    const bound = (value: boolean) => ({ value: Uint8Array.of(value ? 1 : 0), exact: true });
    return { min: bound(this.#trueCount === this.count), max: bound(this.#trueCount > 0) };
  }

  clear(): void {
    this.count = 0;
    this.#trueCount = 0;
  }
}

/** Indices into a dictionary that all pages of the column chunk share. */
export class DictionaryValues implements PageValues {
  readonly encoding = Encoding.RLE_DICTIONARY;
  readonly encoded = null;
  readonly dictionary: Dictionary;
  readonly #leaf: Leaf;
  /** Null for BYTE_ARRAY, whose values are found where they lie. */
  readonly #plainWriter: PlainWriter | null;
  readonly #scratch = new ByteBuilder();
  #indices = new Int32Array(1024);
  /** Of the whole dictionary, when it had `#boundedSize` entries. */
  #boundsOfAll: Bounds | null = null;
  #boundedSize = -1;
  /** PLAIN bytes of the page's values. */
  plainBytes = 0;
  count = 0;

  constructor(leaf: Leaf) {
    this.#leaf = leaf;
    const byteArrays = leaf.physical === PhysicalType.BYTE_ARRAY;
    this.#plainWriter = byteArrays ? null : plainWriter(leaf);
    this.dictionary = new Dictionary(byteArrays);
  }

  /** Of the indices held, which are 4 bytes each until the page is sealed. */
  get byteLength(): number {
    return this.count * 4;
  }

  get #width(): number {
    return Math.max(1, bitWidth(this.dictionary.size - 1));
  }

  add(data: ColumnData, start: number, end: number): void {
    this.#reserve(end - start);
    if (this.#plainWriter === null) this.#addByteArrays(data, start, end);
    else this.#addFixed(this.#plainWriter, data, start, end);
  }

  /** Whether the dictionary and the page's indices are well below the same values in PLAIN. */
  get pays(): boolean {
    const encoded = this.dictionary.plain.length + this.count * this.#width / 8;
    return encoded < this.plainBytes * 0.75;
  }

  /** Appends the page's values, PLAIN. */
  appendPlain(out: ByteBuilder): void {
    out.reserve(this.plainBytes);
    for (let i = 0; i < this.count; i++) this.dictionary.copyEntry(this.#indices[i], out);
  }

  /** Appends the bytes of the page's values, byte arrays without their lengths, which go to `lengths[at...]`. */
  appendValues(out: ByteBuilder, lengths: Int32Array, at: number): void {
    const { dictionary } = this;
    for (let i = 0; i < this.count; i++) {
      const before = out.length;
      dictionary.copyValue(this.#indices[i], out);
      lengths[at + i] = out.length - before;
    }
  }

  appendTo(body: ByteBuilder): void {
    body.byte(this.#width);
    encodeHybrid(this.#indices, this.count, this.#width, body);
  }

  /** Bounds of the entries that this page uses. */
  bounds(): Bounds | null {
    const { dictionary } = this;
    const used = new Uint8Array(dictionary.size);
    let usedCount = 0;
    for (let i = 0; i < this.count; i++) {
      const entry = this.#indices[i];
      usedCount += 1 - used[entry];
      used[entry] = 1;
    }
    // Pages of a small dictionary mostly use all of it.
    const all = usedCount === dictionary.size;
    if (all && this.#boundedSize === usedCount) return this.#boundsOfAll;
    const bounds = this.#boundsOfUsed(used);
    if (all) {
      this.#boundedSize = usedCount;
      this.#boundsOfAll = bounds;
    }
    return bounds;
  }

  #boundsOfUsed(used: Uint8Array): Bounds | null {
    const { dictionary } = this;
    if (this.#leaf.physical === PhysicalType.BYTE_ARRAY) {
      const bounds = new ByteArrayBounds();
      for (let entry = 0; entry < used.length; entry++) {
        if (used[entry] === 1) dictionary.bound(entry, bounds);
      }
      return bounds.result(this.#leaf);
    }
    const values = new ByteBuilder();
    for (let entry = 0; entry < used.length; entry++) {
      if (used[entry] === 1) dictionary.copyEntry(entry, values);
    }
    return boundsOf(this.#leaf, values.written());
  }

  clear(): void {
    this.count = 0;
    this.plainBytes = 0;
  }

  /** Frees what takes most memory; the chunk has all its pages, or goes on without a dictionary. */
  release(): void {
    this.dictionary.release();
    this.#indices.buffer.transfer(0);
  }

  #reserve(extra: number): void {
    const needed = this.count + extra;
    if (needed <= this.#indices.length) return;
    const grown = new Int32Array(Math.max(needed, this.#indices.length * 2));
    grown.set(this.#indices);
    this.#indices.buffer.transfer(0);
    this.#indices = grown;
  }

  #addByteArrays(data: ColumnData, start: number, end: number): void {
    const { values, offsets } = data;
    if (offsets === null) throw new TypeError("byte arrays came without offsets");
    const view = new DataView(values.buffer, values.byteOffset, values.byteLength);
    const { dictionary } = this;
    const indices = this.#indices;
    let at = this.count;
    for (let i = start; i < end; i++) {
      indices[at++] = dictionary.indexOf(values, view, offsets[i], offsets[i + 1] - offsets[i]);
    }
    this.count = at;
    this.plainBytes += offsets[end] - offsets[start] + 4 * (end - start);
  }

  #addFixed(write: PlainWriter, data: ColumnData, start: number, end: number): void {
    const scratch = this.#scratch;
    scratch.clear();
    write(scratch, data, start, end);
    const { width } = this.#leaf;
    if (width === 4 || width === 8) this.#addWords(scratch, width);
    else this.#addLong(scratch, width);
    this.plainBytes += scratch.length;
  }

  #addWords({ view, length }: ByteBuilder, width: 4 | 8): void {
    const { dictionary } = this;
    const indices = this.#indices;
    let at = this.count;
    for (let offset = 0; offset < length; offset += width) {
      const high = width === 4 ? 0 : view.getInt32(offset + 4, true);
      indices[at++] = dictionary.indexOfWords(view.getInt32(offset, true), high, width);
    }
    this.count = at;
  }

  #addLong({ bytes, view, length }: ByteBuilder, width: number): void {
    const { dictionary } = this;
    const indices = this.#indices;
    let at = this.count;
    for (let offset = 0; offset < length; offset += width) {
      indices[at++] = dictionary.indexOf(bytes, view, offset, width);
    }
    this.count = at;
  }
}
