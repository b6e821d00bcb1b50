/**
 * A dictionary page in the making: distinct values in PLAIN encoding, found by the kernel.
 * https://github.com/apache/parquet-format/blob/master/Encodings.md#dictionary-encoding-plain_dictionary--2-and-rle_dictionary--8
 */
import { freeWith, kernel, Region } from "./kernel/memory.ts";

/** Many a file has some tens of rows; a larger dictionary grows in no time. */
const INITIAL_ENTRIES = 64;
const INITIAL_BYTES = 1024;

/** Words of `Dictionary` in `kernel/dictionary.as`. */
const SIZE = 0;
const CAPACITY = 1;
const SLOTS = 2;
const MASK = 3;
const PLAIN = 4;
const PLAIN_LENGTH = 5;
const PLAIN_CAPACITY = 6;
const STARTS = 7;
const HASHES = 8;
const HEADER_BYTES = 36;

/** Byte strings before each of which lies its length. */
const LENGTH_BYTES = 4;

/** The distinct values of a column chunk, each with its index. */
export class Dictionary {
  /** Bytes of a value; 0: byte strings. */
  readonly #width: number;
  readonly #header = new Region();
  readonly #slots = new Region();
  readonly #plain = new Region();
  /** The last two are of no use for words of 4 and 8 bytes, which are compared themselves. */
  readonly #starts = new Region();
  readonly #hashes = new Region();
  #capacity = 0;

  constructor(width: number) {
    this.#width = width;
    freeWith(this, [this.#header, this.#slots, this.#plain, this.#starts, this.#hashes]);
    const header = this.#header.reserve(HEADER_BYTES) >> 2;
    kernel().words.fill(0, header, header + HEADER_BYTES / 4);
    this.#grow(INITIAL_ENTRIES);
  }

  get size(): number {
    return this.#word(SIZE);
  }

  /** Of all entries, their lengths included. */
  get plainBytes(): number {
    return this.#word(PLAIN_LENGTH);
  }

  /** The page body: every entry, PLAIN. A view that is good until the kernel is used again. */
  get plain(): Uint8Array {
    return kernel().view(this.#plain.address, this.plainBytes);
  }

  /** Writes the indices of `count` values of fixed width, adding those that are new. All are addresses. */
  indexFixed(values: number, count: number, indices: number): void {
    const { run } = kernel();
    const width = this.#width;
    let done = 0;
    for (;;) {
      const at = values + done * width;
      const to = indices + done * 4;
      const header = this.#header.address;
      if (width === 4) done += run.indexWords32(header, at, count - done, to);
      else if (width === 8) done += run.indexWords64(header, at, count - done, to);
      else done += run.indexFixed(header, width, at, count - done, to);
      if (done === count) return;
      this.#makeRoom(width);
    }
  }

  /** The same of byte strings that lie at `offsets` of `bytes`. */
  indexBytes(offsets: number, bytes: number, count: number, indices: number): void {
    const { run } = kernel();
    let done = 0;
    for (;;) {
      const at = offsets + done * 4;
      done += run.indexBytes(this.#header.address, at, bytes, count - done, indices + done * 4);
      if (done === count) return;
      const { words } = kernel();
      const next = (offsets >> 2) + done;
      this.#makeRoom(words[next + 1] - words[next] + LENGTH_BYTES);
    }
  }

  /** Marks what `count` indices use, a byte per entry. @returns how many entries that are. */
  markUsed(indices: number, count: number, used: Region): number {
    const { size } = this;
    const at = used.reserve(size);
    kernel().bytes.fill(0, at, at + size);
    return kernel().run.markUsed(indices, count, at);
  }

  /** Puts the entries that are marked into `out`, those of byte strings without `lengths`. @returns how many. */
  gatherUsed(used: number, out: Region, lengths: Region): number {
    const { run } = kernel();
    const to = out.reserve(this.plainBytes);
    const header = this.#header.address;
    return this.#width > 0
      ? run.gatherUsed(header, this.#width, used, to)
      : run.gatherUsedBytes(header, used, lengths.reserve(this.size * 4), to);
  }

  /** Writes the entries of `count` indices of fixed width. All are addresses. */
  gather(indices: number, count: number, out: number): void {
    kernel().run.gather(this.#header.address, this.#width, indices, count, out);
  }

  /** The same of byte strings, their lengths apart. @returns the end. */
  gatherBytes(indices: number, count: number, lengths: number, out: number): number {
    return kernel().run.gatherBytes(this.#header.address, indices, count, lengths, out);
  }

  /** Frees what finds entries; those stay, for the page that they became. */
  release(): void {
    for (const region of [this.#slots, this.#starts, this.#hashes]) region.free();
  }

  /** Frees the rest. */
  free(): void {
    this.release();
    for (const region of [this.#header, this.#plain]) region.free();
  }

  #word(index: number): number {
    return kernel().words[(this.#header.address >> 2) + index];
  }

  /** For one more entry of so many bytes at least. */
  #makeRoom(bytes: number): void {
    if (this.size === this.#capacity) return this.#grow(this.#capacity * 2);
    const used = this.plainBytes;
    this.#plain.reserve(used + bytes, used);
    this.#lay();
  }

  #grow(capacity: number): void {
    const { size, plainBytes } = this;
    this.#capacity = capacity;
    this.#slots.reserve(capacity * 2 * 4);
    this.#plain.reserve(Math.max(INITIAL_BYTES, capacity * this.#width), plainBytes);
    if (this.#width !== 4 && this.#width !== 8) {
      const starts = this.#starts.reserve((capacity + 1) * 4, (size + 1) * 4);
      if (size === 0) kernel().words[starts >> 2] = 0;
      this.#hashes.reserve(capacity * 4, size * 4);
    }
    this.#lay();
    kernel().run.rehash(this.#header.address, this.#width);
  }

  /** Tells the kernel where what it works on lies. */
  #lay(): void {
    const { words } = kernel();
    const header = this.#header.address >> 2;
    words[header + CAPACITY] = this.#capacity;
    words[header + SLOTS] = this.#slots.address;
    words[header + MASK] = this.#capacity * 2 - 1;
    words[header + PLAIN] = this.#plain.address;
    words[header + PLAIN_CAPACITY] = this.#plain.capacity;
    words[header + STARTS] = this.#starts.address;
    words[header + HASHES] = this.#hashes.address;
  }
}
