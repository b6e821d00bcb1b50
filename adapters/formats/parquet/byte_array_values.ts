/** BYTE_ARRAY without a dictionary. */
import type { ColumnData } from "../../../core/batch/batch.ts";
import { ByteBuilder } from "../byte_builder.ts";
import type { Bounds } from "./bounds.ts";
import { appendDelta32 } from "./delta.ts";
import { appendDeltaStrings } from "./delta_strings.ts";
import { Encoding } from "./enums.ts";
import { boundsOfBytesAt, bytesBounds } from "./extremes.ts";
import { kernel, Region } from "./kernel/memory.ts";
import { PageBody } from "./page_body.ts";
import type { Leaf } from "./schema.ts";
import { compareValues } from "./statistics.ts";
import type { DictionaryValues, DirectValues, Measure } from "./values.ts";

/** What is compressed in each form to choose between them. */
const SAMPLE_VALUES = 4096;
const SAMPLE_BYTES = 64 * 1024;
/** Of all bytes of a sample, what its values must share with the one before to be tried as differences. */
const LEAST_SHARED = 0.3;
/** Strings that are put together from the one before are slower to read. */
const WORTH_READING = 0.8;
/** Shorter runs are copied at once: remembering where they lie would cost more. */
const MIN_BORROWED_BYTES = 512;
/** A page of more is not put into the kernel, whose memory stays as large as it once was. */
const LARGE_BYTES = 4 << 20;
/** Kept free before the bytes of a page: what lies before them in its body mostly fits. */
const HEADROOM_BYTES = 256 * 1024;

/** The values of one page, from when its form is chosen until it is written. */
const text = new Region();
const lengthsOfText = new Region();
/** Whose those are. */
let staged: ByteArrayValues | null = null;
/** A sample in one form. */
const trial = new PageBody();

/** Lengths, and where the bytes lie. Long runs stay in the batch that they came with until the page is written. */
export class ByteArrayValues implements DirectValues {
  readonly #leaf: Leaf;
  readonly #plainOnly: boolean;
  /** Runs that are not in a batch. */
  readonly #owned: ByteBuilder;
  /** Of each run of values; null: in `#owned`. */
  #sources: (Uint8Array | null)[] = [];
  #starts: number[] = [];
  #ends: number[] = [];
  #lengths: Int32Array<ArrayBuffer> = new Int32Array(64);
  #bytes = 0;
  #form: Encoding = Encoding.PLAIN;
  count = 0;

  constructor(leaf: Leaf, plainOnly: boolean, pageBytes: number) {
    this.#leaf = leaf;
    this.#owned = new ByteBuilder(0, pageBytes);
    this.#plainOnly = plainOnly;
  }

  /** A page without a value is empty, and only PLAIN may be. */
  get encoding(): Encoding {
    if (this.count === 0) return Encoding.PLAIN;
    return this.#large ? Encoding.PLAIN : this.#form;
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
    const { bytes, lengths } = dictionary.byteArrays();
    this.#lengths.set(lengths, this.count);
    this.count += dictionary.count;
    const from = this.#owned.length;
    this.#owned.append(bytes);
    this.#addOwned(from);
  }

  choose(measure: Measure): void {
    this.#form = Encoding.PLAIN;
    if (this.#plainOnly || this.count === 0 || this.#large) return;
    let sampled = 0;
    for (let bytes = 0; sampled < Math.min(this.count, SAMPLE_VALUES); sampled++) {
      bytes += this.#lengths[sampled];
      if (sampled > 0 && bytes > SAMPLE_BYTES) break;
    }
    this.#stage();
    const sizeOf = (append: (count: number, body: PageBody) => boolean) => {
      trial.clear();
      return append(sampled, trial) ? measure(trial.written()) : Infinity;
    };
    const plain = sizeOf((count, body) => this.#appendPlain(count, body));
    const delta = sizeOf((count, body) => this.#appendDelta(count, body));
    // Of two equal ones, the one that is copied in one piece.
    if (delta <= plain) this.#form = Encoding.DELTA_LENGTH_BYTE_ARRAY;
    const strings = sizeOf((count, body) => this.#appendStrings(count, LEAST_SHARED, body));
    if (strings <= Math.min(plain, delta) * WORTH_READING) this.#form = Encoding.DELTA_BYTE_ARRAY;
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

  appendTo(body: PageBody): void {
    if (this.count === 0) return;
    this.#stage();
    switch (this.#form) {
      case Encoding.DELTA_BYTE_ARRAY:
        this.#appendStrings(this.count, 0, body);
        return;
      case Encoding.DELTA_LENGTH_BYTE_ARRAY:
        this.#appendLengths(this.count, body);
        if (body.length <= HEADROOM_BYTES) body.endBefore(this.#textAddress, this.#bytes);
        else body.append(kernel().view(this.#textAddress, this.#bytes));
        return;
      default:
        this.#appendPlain(this.count, body);
    }
  }

  /** A large page, PLAIN. */
  outside(): Uint8Array | null {
    if (!this.#large) return null;
    const out = new ByteBuilder(this.byteLength);
    for (const value of this.#values()) {
      out.u32(value.length);
      out.append(value);
    }
    return out.written();
  }

  bounds(): Bounds | null {
    if (this.count === 0) return null;
    if (this.#large) return this.#boundsOutside();
    this.#stage();
    return boundsOfBytesAt(this.#leaf, lengthsOfText.address, this.#textAddress, this.count);
  }

  clear(): void {
    if (staged === this) staged = null;
    this.#owned.clear();
    this.#sources = [];
    this.#starts = [];
    this.#ends = [];
    this.#bytes = 0;
    this.count = 0;
  }

  get #large(): boolean {
    return this.byteLength > LARGE_BYTES;
  }

  get #textAddress(): number {
    return text.address + HEADROOM_BYTES;
  }

  /** Puts the page's values into the kernel, unless they are there. */
  #stage(): void {
    if (staged === this) return;
    staged = this;
    let at = text.reserve(HEADROOM_BYTES + this.#bytes) + HEADROOM_BYTES;
    lengthsOfText.put(this.#lengths.subarray(0, this.count));
    const { bytes } = kernel();
    for (let run = 0; run < this.#sources.length; run++) {
      const source = this.#sources[run] ?? this.#owned.bytes;
      bytes.set(source.subarray(this.#starts[run], this.#ends[run]), at);
      at += this.#ends[run] - this.#starts[run];
    }
  }

  *#values(): Generator<Uint8Array> {
    let value = 0;
    for (let run = 0; run < this.#sources.length; run++) {
      const source = this.#sources[run] ?? this.#owned.bytes;
      for (let at = this.#starts[run]; value < this.count; value++) {
        const end = at + this.#lengths[value];
        if (end > this.#ends[run]) break;
        yield source.subarray(at, end);
        at = end;
      }
    }
  }

  #boundsOutside(): Bounds {
    const compare = (a: Uint8Array, b: Uint8Array) => compareValues(this.#leaf.order, a, b);
    const [first, ...others] = this.#values();
    let [min, max] = [first, first];
    for (const value of others) {
      if (compare(value, min) < 0) min = value;
      if (compare(value, max) > 0) max = value;
    }
    return bytesBounds(this.#leaf, min, max);
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

  #appendLengths(count: number, body: PageBody): void {
    appendDelta32(lengthsOfText.address, count, body);
  }

  /** DELTA_LENGTH_BYTE_ARRAY of the first `count` values: all lengths, then all bytes. */
  #appendDelta(count: number, body: PageBody): boolean {
    this.#appendLengths(count, body);
    body.append(kernel().view(this.#textAddress, this.#bytesOf(count)));
    return true;
  }

  #bytesOf(count: number): number {
    if (count === this.count) return this.#bytes;
    let bytes = 0;
    for (let value = 0; value < count; value++) bytes += this.#lengths[value];
    return bytes;
  }

  #appendPlain(count: number, body: PageBody): boolean {
    const out = body.reserve(this.#bytesOf(count) + 4 * count);
    const { run } = kernel();
    body.end(run.interleave(lengthsOfText.address, this.#textAddress, count, out));
    return true;
  }

  #appendStrings(count: number, leastShared: number, body: PageBody): boolean {
    return appendDeltaStrings(
      { lengths: lengthsOfText.address, bytes: this.#textAddress, count },
      this.#bytesOf(count),
      leastShared,
      body,
    );
  }

  #reserve(extra: number): void {
    const needed = this.count + extra;
    if (needed <= this.#lengths.length) return;
    const grown = Math.max(needed, this.#lengths.length * 2);
    this.#lengths = new Int32Array(this.#lengths.buffer.transfer(grown * 4));
  }
}
