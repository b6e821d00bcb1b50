/** The values of a page that goes without a dictionary: PLAIN, or a form that a sample has shown to be smaller. */
import { copyRange, viewOf } from "../../../core/base/copy_range.ts";
import type { ColumnData } from "../../../core/batch/batch.ts";
import { ByteBuilder } from "../byte_builder.ts";
import type { Bounds } from "./bounds.ts";
import { appendDelta32 } from "./delta.ts";
import { appendDeltaStrings, type ByteRuns } from "./delta_strings.ts";
import { Encoding, PhysicalType } from "./enums.ts";
import { type Packing, packingOf } from "./packings.ts";
import { type PlainWriter, plainWriter } from "./plain.ts";
import type { Leaf } from "./schema.ts";
import { boundsOf, ByteArrayBounds } from "./statistics.ts";
import { BooleanValues, type DictionaryValues, type PageValues } from "./values.ts";

/** What is compressed in both forms to choose between them. */
const SAMPLE_VALUES = 4096;
const SAMPLE_BYTES = 64 * 1024;
/** The other form must be worth the reader that does not know it. */
const WORTH_IT = 0.98;
/** Of all bytes of a sample, what its values must share with the one before to be tried as differences. */
const LEAST_SHARED = 0.3;
/** Strings that are put together from the one before are slower to read. */
const WORTH_READING = 0.8;
/** Shorter runs are copied at once: remembering where they lie would cost more. */
const MIN_BORROWED_BYTES = 512;

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

/** @param plainOnly no other form than PLAIN */
export function directValues(leaf: Leaf, plainOnly: boolean): DirectValues {
  switch (leaf.physical) {
    case PhysicalType.BOOLEAN:
      return new DirectBooleans();
    case PhysicalType.BYTE_ARRAY:
      return new ByteArrayValues(leaf, plainOnly);
    default:
      return new FixedValues(leaf, plainOnly ? null : packingOf(leaf));
  }
}

/** BOOLEAN has one form, and no dictionary. */
class DirectBooleans extends BooleanValues implements DirectValues {
  takeFrom(): void {
    throw new TypeError("booleans have no dictionary");
  }

  choose(): void {}

  own(): void {}
}

/** Values of one width. */
export class FixedValues implements DirectValues {
  readonly #leaf: Leaf;
  readonly #write: PlainWriter;
  readonly #candidate: Packing | null;
  readonly #bytes = new ByteBuilder();
  #packing: Packing | null = null;
  encoding: Encoding = Encoding.PLAIN;
  count = 0;

  constructor(leaf: Leaf, candidate: Packing | null) {
    this.#leaf = leaf;
    this.#write = plainWriter(leaf);
    this.#candidate = candidate;
  }

  get byteLength(): number {
    return this.#bytes.length;
  }

  get encoded(): Uint8Array | null {
    return this.#packing === null ? this.#bytes.written() : null;
  }

  add(data: ColumnData, start: number, end: number): void {
    this.#write(this.#bytes, data, start, end);
    this.count += end - start;
  }

  takeFrom(dictionary: DictionaryValues): void {
    dictionary.appendPlain(this.#bytes);
    this.count += dictionary.count;
  }

  choose(measure: Measure): void {
    const candidate = this.#candidate;
    this.#packing = null;
    this.encoding = Encoding.PLAIN;
    if (candidate === null || this.count === 0) return;
    const sample = this.#bytes.written().subarray(0, SAMPLE_VALUES * this.#leaf.width);
    const packed = new ByteBuilder(sample.length);
    if (!candidate.append(sample, packed)) return;
    if (measure(packed.written()) <= measure(sample) * WORTH_IT) this.#packing = candidate;
  }

  own(): void {}

  appendTo(body: ByteBuilder): void {
    const start = body.length;
    if (this.#packing !== null && this.count > 0) {
      this.encoding = this.#packing.encoding;
      if (this.#packing.append(this.#bytes.written(), body)) return;
      body.length = start;
    }
    this.encoding = Encoding.PLAIN;
    body.append(this.#bytes.written());
  }

  bounds(): Bounds | null {
    return boundsOf(this.#leaf, this.#bytes.written());
  }

  clear(): void {
    this.#bytes.clear();
    this.count = 0;
  }
}

/**
 * BYTE_ARRAY: lengths, and where the bytes lie. Long runs stay in the batch that they came with, so that
 * they are copied once, into the page.
 */
export class ByteArrayValues implements DirectValues {
  readonly #leaf: Leaf;
  readonly #plainOnly: boolean;
  /** Runs that are not in a batch. */
  readonly #owned = new ByteBuilder();
  /** Of each run of values; null: in `#owned`. */
  #sources: (Uint8Array | null)[] = [];
  #starts: number[] = [];
  #ends: number[] = [];
  #lengths = new Int32Array(1024);
  #bytes = 0;
  #form: Encoding = Encoding.PLAIN;
  readonly encoded = null;
  count = 0;

  constructor(leaf: Leaf, plainOnly: boolean) {
    this.#leaf = leaf;
    this.#plainOnly = plainOnly;
  }

  /** A page without a value is empty, and only PLAIN may be. */
  get encoding(): Encoding {
    return this.count === 0 ? Encoding.PLAIN : this.#form;
  }

  get byteLength(): number {
    return this.#bytes + 4 * this.count;
  }

  add(data: ColumnData, start: number, end: number): void {
    const { offsets, values } = data;
    if (offsets === null) throw new TypeError("byte arrays came without offsets");
    this.#reserve(end - start);
    const lengths = this.#lengths;
    let at = this.count;
    for (let i = start; i < end; i++) lengths[at++] = offsets[i + 1] - offsets[i];
    this.count = at;
    this.#addRun(values, offsets[start], offsets[end]);
  }

  takeFrom(dictionary: DictionaryValues): void {
    this.#reserve(dictionary.count);
    const from = this.#owned.length;
    dictionary.appendValues(this.#owned, this.#lengths, this.count);
    this.count += dictionary.count;
    this.#addOwned(from);
  }

  choose(measure: Measure): void {
    this.#form = Encoding.PLAIN;
    if (this.#plainOnly || this.count === 0) return;
    let sampled = 0;
    for (let bytes = 0; sampled < Math.min(this.count, SAMPLE_VALUES); sampled++) {
      bytes += this.#lengths[sampled];
      if (sampled > 0 && bytes > SAMPLE_BYTES) break;
    }
    const plain = new ByteBuilder();
    this.#appendPlain(sampled, plain);
    const delta = new ByteBuilder();
    this.#appendDelta(sampled, delta);
    const plainSize = measure(plain.written());
    const deltaSize = measure(delta.written());
    // Of two equal ones, the one that is copied in one piece.
    if (deltaSize <= plainSize) this.#form = Encoding.DELTA_LENGTH_BYTE_ARRAY;
    const strings = new ByteBuilder();
    if (!appendDeltaStrings(this.#runs, sampled, LEAST_SHARED, strings)) return;
    if (measure(strings.written()) <= Math.min(plainSize, deltaSize) * WORTH_READING) {
      this.#form = Encoding.DELTA_BYTE_ARRAY;
    }
  }

  get #runs(): ByteRuns {
    return {
      sources: this.#sources.map((source) => source ?? this.#owned.bytes),
      starts: this.#starts,
      ends: this.#ends,
      lengths: this.#lengths,
    };
  }

  own(): void {
    for (let run = 0; run < this.#sources.length; run++) {
      const source = this.#sources[run];
      if (source === null) continue;
      const from = this.#owned.length;
      this.#owned.appendRange(source, this.#starts[run], this.#ends[run]);
      this.#sources[run] = null;
      this.#starts[run] = from;
      this.#ends[run] = this.#owned.length;
    }
  }

  appendTo(body: ByteBuilder): void {
    if (this.count === 0) return;
    switch (this.#form) {
      case Encoding.DELTA_BYTE_ARRAY:
        appendDeltaStrings(this.#runs, this.count, 0, body);
        return;
      case Encoding.DELTA_LENGTH_BYTE_ARRAY:
        return this.#appendDelta(this.count, body);
      default:
        return this.#appendPlain(this.count, body);
    }
  }

  bounds(): Bounds | null {
    const bounds = new ByteArrayBounds();
    const lengths = this.#lengths;
    let value = 0;
    for (let run = 0; run < this.#sources.length; run++) {
      const source = this.#sources[run];
      const view = source === null ? this.#owned.view : viewOf(source);
      value = bounds.addRun(view, this.#starts[run], this.#ends[run], lengths, value, this.count);
    }
    return bounds.result(this.#leaf);
  }

  clear(): void {
    this.#owned.clear();
    this.#sources = [];
    this.#starts = [];
    this.#ends = [];
    this.#bytes = 0;
    this.count = 0;
  }

  #addRun(source: Uint8Array, start: number, end: number): void {
    if (end - start >= MIN_BORROWED_BYTES) {
      this.#sources.push(source);
      this.#starts.push(start);
      this.#ends.push(end);
      this.#bytes += end - start;
      return;
    }
    const from = this.#owned.length;
    this.#owned.appendRange(source, start, end);
    this.#addOwned(from);
  }

  /** What was appended to `#owned` from `from` on: it continues the last run where that ends there. */
  #addOwned(from: number): void {
    const end = this.#owned.length;
    const last = this.#sources.length - 1;
    this.#bytes += end - from;
    if (last >= 0 && this.#sources[last] === null && this.#ends[last] === from) {
      this.#ends[last] = end;
      return;
    }
    this.#sources.push(null);
    this.#starts.push(from);
    this.#ends.push(end);
  }

  /** DELTA_LENGTH_BYTE_ARRAY of the first `count` values: all lengths, then all bytes. */
  #appendDelta(count: number, out: ByteBuilder): void {
    appendDelta32(this.#lengths, count, out);
    let left = 0;
    for (let value = 0; value < count; value++) left += this.#lengths[value];
    for (let run = 0; run < this.#sources.length && left > 0; run++) {
      const start = this.#starts[run];
      const end = Math.min(this.#ends[run], start + left);
      out.appendRange(this.#sources[run] ?? this.#owned.bytes, start, end);
      left -= end - start;
    }
  }

  #appendPlain(count: number, out: ByteBuilder): void {
    out.reserve(this.byteLength);
    let value = 0;
    for (let run = 0; run < this.#sources.length && value < count; run++) {
      const source = this.#sources[run] ?? this.#owned.bytes;
      value = this.#appendPlainRun(source, run, value, count, out);
    }
  }

  /** Appends the values of one run, from `value` on, for which there is room. @returns the value behind it. */
  #appendPlainRun(
    source: Uint8Array,
    run: number,
    value: number,
    count: number,
    out: ByteBuilder,
  ): number {
    const { bytes, view } = out;
    const lengths = this.#lengths;
    const sourceView = viewOf(source);
    const runEnd = this.#ends[run];
    let at = this.#starts[run];
    let used = out.length;
    let next = value;
    for (; next < count; next++) {
      const end = at + lengths[next];
      if (end > runEnd) break;
      view.setInt32(used, end - at, true);
      used = copyRange(source, sourceView, at, end, bytes, view, used + 4);
      at = end;
    }
    out.length = used;
    return next;
  }

  #reserve(extra: number): void {
    const needed = this.count + extra;
    if (needed <= this.#lengths.length) return;
    const grown = new Int32Array(Math.max(needed, this.#lengths.length * 2));
    grown.set(this.#lengths);
    this.#lengths = grown;
  }
}
