/** The values of one page, collected by encoding. NULLs never get here. */
import type { ColumnData } from "../../../core/batch/batch.ts";
import { Dictionary } from "./dictionary.ts";
import { Encoding, PhysicalType } from "./enums.ts";
import { boundsAt, boundsOfBytesAt } from "./extremes.ts";
import { freeWith, input, kernel, output, Region } from "./kernel/memory.ts";
import { appendIndices, bitWidth } from "./levels.ts";
import type { PageBody } from "./page_body.ts";
import { type PlainWriter, plainWriter } from "./plain.ts";
import type { Leaf } from "./schema.ts";
import type { Bounds } from "./bounds.ts";

/** Values of the page being built, and how they will be encoded. */
export interface PageValues {
  readonly encoding: Encoding;
  readonly count: number;
  /** About what `appendTo` will append. */
  readonly byteLength: number;
  /** Takes values [start, end) of `data`, none of them NULL. */
  add(data: ColumnData, start: number, end: number): void;
  /** Appends the encoded values to a page body. */
  appendTo(body: PageBody): void;
  /** The encoded values where they are not in the kernel, which is not to hold what is large. A view until the next `add`. */
  outside(): Uint8Array | null;
  bounds(): Bounds | null;
  /** Starts the next page. */
  clear(): void;
}

/** Compressed size of a page body. */
export type Measure = (body: Uint8Array) => number;

/** Page values that other values can be moved into, and whose form is chosen now and then. */
export interface DirectValues extends PageValues {
  /** Takes all values of a page that was to have a dictionary. */
  takeFrom(dictionary: DictionaryValues): void;
  /** Chooses the form by how the values held compress in each. */
  choose(measure: Measure): void;
  /** Copies what still lies in the buffers of a batch, which are the caller's again. */
  own(): void;
}

/** BOOLEAN: one bit per value, least significant first. */
export class BooleanValues implements PageValues {
  readonly encoding: Encoding = Encoding.PLAIN;
  #values = new Uint8Array(1024);
  #trueCount = 0;
  count = 0;

  get byteLength(): number {
    return (this.count + 7) >> 3;
  }

  add(data: ColumnData, start: number, end: number): void {
    const count = end - start;
    const needed = this.count + count;
    if (needed > this.#values.length) {
      const grown = new Uint8Array(Math.max(needed, this.#values.length * 2));
      grown.set(this.#values);
      this.#values = grown;
    }
    const bits = input.put(data.values.subarray(start >> 3, (end + 7) >> 3));
    const spread = output.reserve(count);
    this.#trueCount += kernel().run.spreadBits(bits, start & 7, count, spread);
    this.#values.set(kernel().view(spread, count), this.count);
    this.count = needed;
  }

  appendTo(body: PageBody): void {
    const out = body.reserve(this.byteLength);
    const values = input.put(this.#values.subarray(0, this.count));
    body.end(kernel().run.packBits(values, this.count, out));
  }

  outside(): null {
    return null;
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

/** Which entries a page uses, and of byte strings their lengths: of one call. */
const used = new Region();
const lengths = new Region();
const offsets = new Region();

/** Of the values, those that are distinct: had a page twice as many, most would be there already. */
const PROMISING = 0.8;
/** Where more of the first values are, four times as many still hold too few that come again. */
const HOPELESS = 0.95;

/** Indices into a dictionary that all pages of the column chunk share. */
export class DictionaryValues implements PageValues {
  readonly encoding = Encoding.RLE_DICTIONARY;
  readonly dictionary: Dictionary;
  readonly #leaf: Leaf;
  /** Null for BYTE_ARRAY, whose values are found where they lie. */
  readonly #plainWriter: PlainWriter | null;
  readonly #indices = new Region();
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
    this.dictionary = new Dictionary(leaf.width);
    freeWith(this, [this.#indices]);
  }

  /** Of the indices held, which are 4 bytes each until the page is sealed. */
  get byteLength(): number {
    return this.count * 4;
  }

  get #width(): number {
    return Math.max(1, bitWidth(this.dictionary.size - 1));
  }

  add(data: ColumnData, start: number, end: number): void {
    const count = end - start;
    const held = this.count * 4;
    const indices = this.#indices.reserve(held + count * 4, held) + held;
    if (this.#plainWriter === null) this.#addByteArrays(data, start, end, indices);
    else {
      this.dictionary.indexFixed(this.#plainWriter.put(data, start, end), count, indices);
      this.plainBytes += count * this.#leaf.width;
    }
    this.count += count;
  }

  /** Whether the dictionary and the page's indices are well below the same values in PLAIN. */
  get pays(): boolean {
    const encoded = this.dictionary.plainBytes + this.count * this.#width / 8;
    return encoded < this.plainBytes * 0.75;
  }

  /**
   * Whether it may pay once more values have come: some were there already, and those that are not numbers of a few
   * bits take more than an index each.
   */
  get promises(): boolean {
    const { width } = this.#leaf;
    return (width === 0 || width > 8) && this.dictionary.size <= this.count * PROMISING;
  }

  /** Whether hardly a value came twice. */
  get hopeless(): boolean {
    return this.dictionary.size > this.count * HOPELESS;
  }

  /** The page's values of fixed width, PLAIN. A view that is good until the kernel is used again. */
  plainValues(): Uint8Array {
    const out = output.reserve(this.plainBytes);
    this.dictionary.gather(this.#indices.address, this.count, out);
    return kernel().view(out, this.plainBytes);
  }

  /** The page's byte strings one behind the other, and how long each is. Views, as above. */
  byteArrays(): { bytes: Uint8Array; lengths: Int32Array } {
    const out = output.reserve(this.plainBytes);
    const at = lengths.reserve(this.count * 4);
    const end = this.dictionary.gatherBytes(this.#indices.address, this.count, at, out);
    return {
      bytes: kernel().view(out, end - out),
      lengths: kernel().words.subarray(at >> 2, (at >> 2) + this.count),
    };
  }

  appendTo(body: PageBody): void {
    body.byte(this.#width);
    appendIndices(this.#indices.address, this.count, this.#width, body);
  }

  outside(): null {
    return null;
  }

  /** Bounds of the entries that this page uses. */
  bounds(): Bounds | null {
    const { dictionary } = this;
    const usedCount = dictionary.markUsed(this.#indices.address, this.count, used);
    // Pages of a small dictionary mostly use all of it.
    const all = usedCount === dictionary.size;
    if (all && this.#boundedSize === usedCount) return this.#boundsOfAll;
    const bounds = this.#boundsOfUsed();
    if (all) {
      this.#boundedSize = usedCount;
      this.#boundsOfAll = bounds;
    }
    return bounds;
  }

  #boundsOfUsed(): Bounds | null {
    const count = this.dictionary.gatherUsed(used.address, output, lengths);
    return this.#plainWriter === null
      ? boundsOfBytesAt(this.#leaf, lengths.address, output.address, count)
      : boundsAt(this.#leaf, output.address, count);
  }

  clear(): void {
    this.count = 0;
    this.plainBytes = 0;
  }

  /** Frees what takes most memory; the chunk has all its pages, or goes on without a dictionary. */
  release(): void {
    this.dictionary.release();
    this.#indices.free();
  }

  /** Frees the rest. */
  free(): void {
    this.release();
    this.dictionary.free();
  }

  #addByteArrays(data: ColumnData, start: number, end: number, indices: number): void {
    if (data.offsets === null) throw new TypeError("byte arrays came without offsets");
    const first = data.offsets[start];
    const last = data.offsets[end];
    const bytes = input.put(data.values.subarray(first, last));
    const at = offsets.put(data.offsets.subarray(start, end + 1));
    this.dictionary.indexBytes(at, bytes - first, end - start, indices);
    this.plainBytes += last - first + 4 * (end - start);
  }
}
