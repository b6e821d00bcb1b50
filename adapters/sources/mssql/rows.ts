/**
 * ROW and NBCROW tokens of a result: found, measured and laid out for the decoders.
 * [MS-TDS] 2.2.7.19 (ROW), 2.2.7.15 (NBCROW), 2.2.5.2.3 (chunked values).
 */
import { BYTE_LENGTH, CHUNKED, type Field, LONG_LENGTH, POINTED, SHORT_LENGTH } from "./fields.ts";
import { takeBuffer } from "../../../core/batch/buffers.ts";
import { type BinaryBlock, BLOCK_ROWS, blockWords, giveBack, roomFor } from "../kit/block.ts";
import { valueTooLarge } from "../kit/value_fault.ts";

const ROW = 0xd1;
const NBCROW = 0xd2;
const SHORT_NULL = 0xffff;
const ALL_ONES = 0xffff_ffff;
/** Behind the pointer of a value that has one. */
const TIMESTAMP_BYTES = 8;

const INITIAL_BYTES = 128 * 1024;

/** A value that came in more than one chunk, the first of which starts at `position`. */
interface Fragments {
  readonly index: number;
  readonly position: number;
}

export class RowBuffer {
  readonly #fields: readonly Field[];
  readonly #prefixes: Int32Array;
  /** Bytes on the wire that a value of each column may have. */
  readonly #limits: Float64Array;
  #bytes = new Uint8Array(takeBuffer(INITIAL_BYTES));
  #view = new DataView(this.#bytes.buffer);
  /** Bytes [start, end) are not laid out yet; a row's token byte stands at `start`. */
  #start = 0;
  #end = 0;
  #fragments: Fragments[] = [];
  #positions: Int32Array<ArrayBuffer>;
  #lengths: Int32Array<ArrayBuffer>;

  constructor(fields: readonly Field[], maxValueBytes: number) {
    this.#fields = fields;
    this.#prefixes = Int32Array.from(fields, (field) => field.prefix);
    // UTF-16 takes two bytes for each of ASCII; the decoder checks the length that it gives.
    this.#limits = Float64Array.from(
      fields,
      (field) => maxValueBytes * (field.wire === "utf16" ? 2 : 1),
    );
    this.#positions = blockWords(fields.length * BLOCK_ROWS);
    this.#lengths = blockWords(fields.length * BLOCK_ROWS);
  }

  /** Idempotent. The result is over; rows behind it can be measured, but not looked at. */
  release(): void {
    giveBack(this.#bytes, this.#positions, this.#lengths);
    this.#bytes = new Uint8Array(0);
    this.#view = new DataView(this.#bytes.buffer);
    this.#positions = new Int32Array(0);
    this.#lengths = new Int32Array(0);
    this.clear();
  }

  /** Bytes that wait to be laid out. */
  get pending(): number {
    return this.#end - this.#start;
  }

  /** True when what waits is the start of a row, false when it is another token. */
  get withinRow(): boolean {
    return this.pending > 0 && isRow(this.#bytes[this.#start]);
  }

  append(piece: Uint8Array): void {
    this.#reserve(piece.length);
    this.#bytes.set(piece, this.#end);
    this.#end += piece.length;
  }

  /** Rows that are dropped may hold values of any size. */
  unlimit(): void {
    this.#limits.fill(Infinity);
  }

  /** Bytes that wait are tokens of another kind: gives them up. Valid until the next `append`. */
  rest(): Uint8Array {
    const rest = this.#bytes.subarray(this.#start, this.#end);
    this.clear();
    return rest;
  }

  /** Gives the waiting bytes up. */
  clear(): void {
    this.#start = 0;
    this.#end = 0;
  }

  /**
   * Lays out the next complete rows, which stay valid until the next `append`. Zero rows: more bytes
   * are needed, or what follows is no row.
   * @throws SourceError naming the column of a value above the limit.
   */
  next(): { readonly block: BinaryBlock; readonly rows: number; readonly byteLength: number } {
    const from = this.#start;
    this.#fragments = [];
    const rows = this.#scan();
    for (const value of this.#fragments) this.#join(value);
    const block: BinaryBlock = {
      bytes: this.#bytes,
      view: this.#view,
      positions: this.#positions,
      lengths: this.#lengths,
      stride: BLOCK_ROWS,
    };
    return { block, rows, byteLength: this.#start - from };
  }

  /** Moves `#start` behind the complete rows it found. */
  #scan(): number {
    let rows = 0;
    for (; rows < BLOCK_ROWS && this.withinRow; rows++) {
      const complete = this.#fragments.length;
      const at = this.#scanRow(rows);
      if (at < 0 || at > this.#end) {
        this.#fragments.length = complete;
        break;
      }
      this.#start = at;
    }
    return rows;
  }

  /** Returns where the row ends, which may be beyond the bytes that came, or -1 when that is not known. */
  #scanRow(row: number): number {
    const bytes = this.#bytes;
    const end = this.#end;
    const positions = this.#positions;
    const lengths = this.#lengths;
    const prefixes = this.#prefixes;
    let at = this.#start + 1;
    let bitmap = -1;
    if (bytes[this.#start] === NBCROW) {
      bitmap = at;
      at += (prefixes.length + 7) >> 3;
      if (at > end) return -1;
    }
    for (let c = 0, i = row; c < prefixes.length; c++, i += BLOCK_ROWS) {
      if (bitmap >= 0 && (bytes[bitmap + (c >> 3)] & (1 << (c & 7))) !== 0) {
        lengths[i] = -1;
        continue;
      }
      let length = prefixes[c];
      if (length === BYTE_LENGTH) {
        if (at >= end) return -1;
        length = bytes[at++];
        if (length === 0) length = -1;
      } else if (length === SHORT_LENGTH) {
        if (at + 2 > end) return -1;
        length = bytes[at] | (bytes[at + 1] << 8);
        at += 2;
        if (length === SHORT_NULL) length = -1;
      } else if (length === CHUNKED) {
        at = this.#scanChunks(at, i, c);
        if (at < 0) return -1;
        continue;
      } else if (length <= LONG_LENGTH) {
        at = this.#scanLong(at, i, c);
        if (at < 0) return -1;
        continue;
      } else if (length === 0) length = -1;
      positions[i] = at;
      lengths[i] = length;
      if (length > 0) {
        if (length > this.#limits[c]) throw this.#tooLarge(c, length);
        at += length;
      }
    }
    return at;
  }

  /** Returns where a value behind a long length ends, or -1 when that is not known. */
  #scanLong(start: number, index: number, column: number): number {
    const pointed = this.#prefixes[column] === POINTED;
    let at = start;
    if (pointed) {
      if (at >= this.#end) return -1;
      const pointer = this.#bytes[at++];
      if (pointer === 0) {
        this.#lengths[index] = -1;
        return at;
      }
      at += pointer + TIMESTAMP_BYTES;
    }
    if (at + 4 > this.#end) return -1;
    const length = this.#view.getUint32(at, true);
    at += 4;
    if (length > this.#limits[column]) throw this.#tooLarge(column, length);
    this.#positions[index] = at;
    this.#lengths[index] = length === 0 && !pointed ? -1 : length;
    return at + length;
  }

  /** Returns where a chunked value ends, or -1 when it has not come whole. */
  #scanChunks(start: number, index: number, column: number): number {
    const view = this.#view;
    let at = start + 8;
    if (at > this.#end) return -1;
    if (view.getUint32(start, true) === ALL_ONES && view.getUint32(start + 4, true) === ALL_ONES) {
      this.#lengths[index] = -1;
      return at;
    }
    let total = 0;
    let chunks = 0;
    for (;;) {
      if (at + 4 > this.#end) return -1;
      const length = view.getUint32(at, true);
      at += 4;
      if (length === 0) break;
      total += length;
      chunks++;
      if (total > this.#limits[column]) throw this.#tooLarge(column, total);
      at += length;
    }
    this.#positions[index] = start + 12;
    this.#lengths[index] = total;
    if (chunks > 1) this.#fragments.push({ index, position: start + 8 });
    return at;
  }

  /** Moves the chunks of a complete value together. */
  #join({ index, position }: Fragments): void {
    let to = position + 4;
    let at = position;
    for (;;) {
      const length = this.#view.getUint32(at, true);
      at += 4;
      if (length === 0) break;
      this.#bytes.copyWithin(to, at, at + length);
      to += length;
      at += length;
    }
    this.#positions[index] = position + 4;
  }

  #tooLarge(column: number, bytes: number): Error {
    const field = this.#fields[column];
    const scale = field.wire === "utf16" ? 2 : 1;
    return valueTooLarge(field.name, bytes / scale, this.#limits[column] / scale);
  }

  #reserve(count: number): void {
    if (this.#end + count <= this.#bytes.length) return;
    const pending = this.pending;
    const needed = pending + count;
    const bytes = roomFor(needed, this.#bytes, this.#start, this.#end, INITIAL_BYTES);
    if (bytes !== this.#bytes) {
      this.#bytes = bytes;
      this.#view = new DataView(bytes.buffer);
    }
    this.#start = 0;
    this.#end = pending;
  }
}

function isRow(token: number): boolean {
  return token === ROW || token === NBCROW;
}
