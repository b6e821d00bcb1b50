/**
 * A dictionary page in the making: distinct values in PLAIN encoding, found by hashing bytes in place.
 * https://github.com/apache/parquet-format/blob/master/Encodings.md#dictionary-encoding-plain_dictionary--2-and-rle_dictionary--8
 */
import { copyRange } from "../../../core/base/copy_range.ts";
import { ByteBuilder } from "../byte_builder.ts";
import type { ByteArrayBounds } from "./statistics.ts";

const INITIAL_SLOTS = 1024;

function mix(hash: number, word: number): number {
  const mixed = Math.imul(hash ^ word, 0x9e3779b1);
  return mixed ^ (mixed >>> 15);
}

/** Words of four bytes; the last one may begin in the one before it. */
function hashBytes(view: DataView, start: number, length: number): number {
  let hash = length;
  if (length >= 4) {
    const last = start + length - 4;
    for (let i = start; i < last; i += 4) hash = mix(hash, view.getInt32(i, true));
    hash = mix(hash, view.getInt32(last, true));
  } else {
    for (let i = start; i < start + length; i++) hash = mix(hash, view.getUint8(i));
  }
  hash = Math.imul(hash, 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}

function sameBytes(
  a: DataView,
  aStart: number,
  b: DataView,
  bStart: number,
  length: number,
): boolean {
  if (length >= 4) {
    const last = length - 4;
    for (let i = 0; i < last; i += 4) {
      if (a.getInt32(aStart + i, true) !== b.getInt32(bStart + i, true)) return false;
    }
    return a.getInt32(aStart + last, true) === b.getInt32(bStart + last, true);
  }
  for (let i = 0; i < length; i++) {
    if (a.getUint8(aStart + i) !== b.getUint8(bStart + i)) return false;
  }
  return true;
}

/** The distinct values of a column chunk, each with its index. */
export class Dictionary {
  /** Bytes before each value: 4 (its length) for BYTE_ARRAY, 0 for fixed widths. */
  readonly #prefix: number;
  readonly #plain = new ByteBuilder(4096);
  /** Where entry i starts in `#plain`, its prefix included; one more for the end. */
  #starts = new Int32Array(INITIAL_SLOTS);
  #hashes = new Int32Array(INITIAL_SLOTS);
  /** Open addressing: entry + 1, or 0. Its length is a power of two, at most half full. */
  #slots = new Int32Array(INITIAL_SLOTS * 2);
  size = 0;

  constructor(lengthPrefixed: boolean) {
    this.#prefix = lengthPrefixed ? 4 : 0;
  }

  /** The page body: every entry, PLAIN. A view: the next `indexOf` may overwrite it. */
  get plain(): Uint8Array {
    return this.#plain.written();
  }

  /** The entry of the value at `[start, start + length)`, added when it is new. */
  indexOf(bytes: Uint8Array, view: DataView, start: number, length: number): number {
    const hash = hashBytes(view, start, length);
    const mask = this.#slots.length - 1;
    let slot = hash & mask;
    while (true) {
      const entry = this.#slots[slot] - 1;
      if (entry < 0) return this.#add(bytes, start, length, hash, slot);
      if (this.#hashes[entry] === hash) {
        const at = this.#starts[entry] + this.#prefix;
        const same = this.#starts[entry + 1] - at === length &&
          sameBytes(this.#plain.view, at, view, start, length);
        if (same) return entry;
      }
      slot = (slot + 1) & mask;
    }
  }

  /** The same of fixed widths of 4 (then `high` is 0) and 8 bytes, by their words. */
  indexOfWords(low: number, high: number, width: number): number {
    let hash = Math.imul(mix(low, high), 0xc2b2ae35);
    hash ^= hash >>> 16;
    const { view } = this.#plain;
    const mask = this.#slots.length - 1;
    let slot = hash & mask;
    while (true) {
      const entry = this.#slots[slot] - 1;
      if (entry < 0) return this.#addWords(low, high, width, hash, slot);
      const at = entry * width;
      if (view.getInt32(at, true) === low) {
        if (width === 4 || view.getInt32(at + 4, true) === high) return entry;
      }
      slot = (slot + 1) & mask;
    }
  }

  /** Appends entry `index`, PLAIN, to `out`. */
  copyEntry(index: number, out: ByteBuilder): void {
    this.#copy(this.#starts[index], this.#starts[index + 1], out);
  }

  /** The same without the length that comes before a byte array. */
  copyValue(index: number, out: ByteBuilder): void {
    this.#copy(this.#starts[index] + this.#prefix, this.#starts[index + 1], out);
  }

  /** Widens `bounds` by entry `index`. The bounds are good until the next `indexOf`. */
  bound(index: number, bounds: ByteArrayBounds): void {
    bounds.add(this.#plain.view, this.#starts[index] + this.#prefix, this.#starts[index + 1]);
  }

  /** PLAIN bytes of entry `index`. */
  entryBytes(index: number): number {
    return this.#starts[index + 1] - this.#starts[index];
  }

  /**
   * Frees what finds entries, which is several times the entries themselves; those stay, for the page that they
   * became. A Worker's garbage collector does not feel the weight of buffers, and tables of many columns pile up.
   */
  release(): void {
    for (const { buffer } of [this.#starts, this.#hashes, this.#slots]) buffer.transfer(0);
  }

  #copy(start: number, end: number, out: ByteBuilder): void {
    out.reserve(end - start);
    const { bytes, view } = this.#plain;
    out.length = copyRange(bytes, view, start, end, out.bytes, out.view, out.length);
  }

  #add(bytes: Uint8Array, start: number, length: number, hash: number, slot: number): number {
    if (this.#prefix > 0) this.#plain.u32(length);
    this.#plain.appendRange(bytes, start, start + length);
    return this.#added(hash, slot);
  }

  #addWords(low: number, high: number, width: number, hash: number, slot: number): number {
    this.#plain.u32(low);
    if (width === 8) this.#plain.u32(high);
    return this.#added(hash, slot);
  }

  /** The entry that was appended last. */
  #added(hash: number, slot: number): number {
    const entry = this.size++;
    this.#slots[slot] = entry + 1;
    this.#hashes[entry] = hash;
    this.#starts[entry + 1] = this.#plain.length;
    if (this.size + 1 === this.#starts.length) this.#grow();
    return entry;
  }

  #grow(): void {
    const capacity = this.#starts.length * 2;
    const starts = new Int32Array(capacity);
    starts.set(this.#starts);
    const hashes = new Int32Array(capacity);
    hashes.set(this.#hashes);
    this.release();
    this.#starts = starts;
    this.#hashes = hashes;
    this.#slots = new Int32Array(capacity * 2);
    const mask = this.#slots.length - 1;
    for (let entry = 0; entry < this.size; entry++) {
      let slot = hashes[entry] & mask;
      while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
      this.#slots[slot] = entry + 1;
    }
  }
}
