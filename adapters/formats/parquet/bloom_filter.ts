/**
 * Split block Bloom filters: whether a row group may hold a value, for readers that look for one.
 * https://github.com/apache/parquet-format/blob/master/BloomFilter.md
 */
import { viewOf } from "../../../core/base/copy_range.ts";
import type { ColumnData } from "../../../core/batch/batch.ts";
import { ByteBuilder } from "../byte_builder.ts";
import { PhysicalType } from "./enums.ts";
import { type PlainWriter, plainWriter } from "./plain.ts";
import type { Leaf } from "./schema.ts";
import { ThriftWriter } from "./thrift.ts";
import { hash, xxh64 } from "./xxh64.ts";

const BLOCK_WORDS = 8;
const BLOCK_BYTES = BLOCK_WORDS * 4;
/** Bits per distinct value for one false answer in a hundred: -8 / ln(1 - 0.01^(1/8)). */
const BITS_PER_VALUE = 9.681;
/** A larger filter costs a reader more than it saves: a chunk of more distinct values has none. */
const MAX_BYTES = 1 << 20;
const MAX_DISTINCT = Math.floor(MAX_BYTES * 8 / BITS_PER_VALUE);
const INITIAL_SLOTS = 2048;

const SALT = Int32Array.of(
  0x47b6137b,
  0x44974d91,
  0x8824ad5b,
  0xa2b7289d,
  0x705495c7,
  0x2df1424b,
  0x9efc4947,
  0x5c6bfb31,
);

/** The bits of `distinct` values, as few as a power of two allows. */
function filterBytes(distinct: number): number {
  const wanted = distinct * BITS_PER_VALUE / 8;
  let bytes = BLOCK_BYTES;
  while (bytes < wanted) bytes *= 2;
  return Math.min(bytes, MAX_BYTES);
}

/** BloomFilterHeader: its size, blocks, xxh64, not compressed. */
function header(bytes: number): Uint8Array {
  const writer = new ThriftWriter();
  writer.i32(1, bytes);
  for (const id of [2, 3, 4]) writer.struct(id, (choice) => choice.struct(1, () => {}));
  return writer.finish();
}

function insert(words: Int32Array, low: number, high: number): void {
  const block = Math.floor((high >>> 0) * (words.length / BLOCK_WORDS) / 2 ** 32) * BLOCK_WORDS;
  for (let i = 0; i < BLOCK_WORDS; i++) {
    words[block + i] |= 1 << (Math.imul(low, SALT[i]) >>> 27);
  }
}

/** The distinct hashes of one column chunk, and the filter of them. */
export class BloomFilterBuilder {
  /** Null for BYTE_ARRAY, whose values are hashed where they lie. */
  readonly #plain: PlainWriter | null;
  readonly #width: number;
  readonly #scratch = new ByteBuilder();
  /** Low and high word of each; both zero: free. Open addressing, at most half full. */
  #slots = new Int32Array(INITIAL_SLOTS * 2);
  #distinct = 0;
  #zero = false;

  constructor(leaf: Leaf) {
    this.#plain = leaf.physical === PhysicalType.BYTE_ARRAY ? null : plainWriter(leaf);
    this.#width = leaf.width;
  }

  /** Takes values [start, end), none of them NULL. */
  add(data: ColumnData, start: number, end: number): void {
    if (this.#distinct > MAX_DISTINCT) return;
    if (this.#plain === null) this.#addByteArrays(data, start, end);
    else this.#addFixed(this.#plain, data, start, end);
  }

  /** The filter as it is written, null where it would be too large or has no value. The next chunk begins. */
  close(): Uint8Array | null {
    const count = this.#distinct + (this.#zero ? 1 : 0);
    const filter = count === 0 || count > MAX_DISTINCT ? null : this.#filter(count);
    this.#slots = new Int32Array(INITIAL_SLOTS * 2);
    this.#distinct = 0;
    this.#zero = false;
    return filter;
  }

  #filter(count: number): Uint8Array {
    const words = new Int32Array(filterBytes(count) / 4);
    const slots = this.#slots;
    for (let i = 0; i < slots.length; i += 2) {
      if ((slots[i] | slots[i + 1]) !== 0) insert(words, slots[i], slots[i + 1]);
    }
    if (this.#zero) insert(words, 0, 0);
    const out = new ByteBuilder(words.byteLength + 64);
    out.append(header(words.byteLength));
    out.append(new Uint8Array(words.buffer));
    return out.copy();
  }

  #addByteArrays({ values, offsets }: ColumnData, start: number, end: number): void {
    if (offsets === null) throw new TypeError("byte arrays came without offsets");
    const view = viewOf(values);
    for (let i = start; i < end; i++) {
      xxh64(view, offsets[i], offsets[i + 1] - offsets[i]);
      this.#remember(hash.low, hash.high);
    }
  }

  #addFixed(write: PlainWriter, data: ColumnData, start: number, end: number): void {
    const scratch = this.#scratch;
    scratch.clear();
    write.append(scratch, data, start, end);
    for (let at = 0; at < scratch.length; at += this.#width) {
      xxh64(scratch.view, at, this.#width);
      this.#remember(hash.low, hash.high);
    }
  }

  #remember(low: number, high: number): void {
    if ((low | high) === 0) {
      this.#zero = true;
      return;
    }
    const slots = this.#slots;
    const mask = slots.length / 2 - 1;
    let slot = low & mask;
    for (;;) {
      const low2 = slots[slot * 2];
      const high2 = slots[slot * 2 + 1];
      if (low2 === low && high2 === high) return;
      if ((low2 | high2) === 0) break;
      slot = (slot + 1) & mask;
    }
    slots[slot * 2] = low;
    slots[slot * 2 + 1] = high;
    if (++this.#distinct * 2 > mask) this.#grow();
  }

  #grow(): void {
    const old = this.#slots;
    this.#slots = new Int32Array(old.length * 2);
    this.#distinct = 0;
    for (let i = 0; i < old.length; i += 2) {
      if ((old[i] | old[i + 1]) !== 0) this.#remember(old[i], old[i + 1]);
    }
  }
}
