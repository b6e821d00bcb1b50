/**
 * ROW and NBCROW tokens of a result: found, measured and laid out for the decoders.
 * [MS-TDS] 2.2.7.19 (ROW), 2.2.7.15 (NBCROW), 2.2.5.2.3 (chunked values).
 */
import { BYTE_LENGTH, CHUNKED, type Field, LONG_LENGTH, POINTED, SHORT_LENGTH } from "./fields.ts";
import { BLOCK_BYTES, blockWords, giveBack, rowsPerBlock } from "../kit/block.ts";
import { kernelOf, type LaidOutRows, rowBlock } from "../kit/kernel/row_kernel.ts";
import { ReceivedBytes } from "../kit/received_bytes.ts";
import { valueTooLarge } from "../kit/value_fault.ts";
import { type Kernel, type KernelCode, MAX_COLUMNS, setPrefixes } from "./kernel/kernel.ts";

const ROW = 0xd1;
const NBCROW = 0xd2;
const SHORT_NULL = 0xffff;
const ALL_ONES = 0xffff_ffff;
/** Behind the pointer of a value that has one. */
const TIMESTAMP_BYTES = 8;
/** A kernel takes no row above this, whatever a value may have. */
const MAX_ORDINARY_BYTES = 0x7fff_ffff;

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
  /** Bytes that a row may have of which the kernel need not look at every value. */
  readonly #maxRowBytes: number;
  readonly #stride: number;
  /** What is not laid out begins with a row's token byte. */
  readonly #received = new ReceivedBytes();
  #kernel: Kernel | null;
  #fragments: Fragments[] = [];
  #positions: Int32Array<ArrayBuffer>;
  #lengths: Int32Array<ArrayBuffer>;

  /** @param kernel does what is ordinary, in its memory, until `release`. */
  constructor(fields: readonly Field[], maxValueBytes: number, kernel: Kernel | null = null) {
    this.#fields = fields;
    this.#prefixes = Int32Array.from(fields, (field) => field.prefix);
    this.#maxRowBytes = Math.min(maxValueBytes, MAX_ORDINARY_BYTES);
    // UTF-16 takes two bytes for each of ASCII; the decoder checks the length that it gives.
    this.#limits = Float64Array.from(
      fields,
      (field) => maxValueBytes * (field.wire === "utf16" ? 2 : 1),
    );
    this.#stride = rowsPerBlock(fields.length);
    const count = fields.length * this.#stride;
    const fits = kernel !== null && fields.length <= MAX_COLUMNS &&
      count <= kernel.positions.length;
    this.#kernel = fits ? kernel : null;
    if (this.#kernel !== null) {
      setPrefixes(this.#kernel, this.#prefixes);
      this.#received.moveTo(this.#kernel.input);
    }
    this.#positions = this.#kernel?.positions.subarray(0, count) ?? blockWords(count);
    this.#lengths = this.#kernel?.lengths.subarray(0, count) ?? blockWords(count);
  }

  /** Idempotent. The result is over; rows behind it can be measured, but not looked at. */
  release(): void {
    // A kernel's place is its own.
    if (this.#kernel === null) giveBack(this.#positions, this.#lengths);
    this.#kernel = null;
    this.#received.release();
    this.#positions = new Int32Array(0);
    this.#lengths = new Int32Array(0);
  }

  /** Bytes that wait to be laid out. */
  get pending(): number {
    return this.#received.end - this.#received.start;
  }

  /** True when what waits is the start of a row, false when it is another token. */
  get withinRow(): boolean {
    const { bytes, start } = this.#received;
    return this.pending > 0 && (bytes[start] === ROW || bytes[start] === NBCROW);
  }

  /** What was laid out is gone. */
  append(piece: Uint8Array): void {
    this.#received.append(piece);
  }

  /** Rows that are dropped may hold values of any size. */
  unlimit(): void {
    this.#limits.fill(Infinity);
  }

  /** Bytes that wait are tokens of another kind: gives them up. */
  rest(): Uint8Array {
    const { bytes, start, end } = this.#received;
    this.#received.start = end;
    return bytes.slice(start, end);
  }

  /**
   * Lays out the next complete rows, which stay valid until the next `append`. Zero rows: more bytes
   * are needed, or what follows is no row.
   * @throws SourceError naming the column of a value above the limit.
   */
  next(): LaidOutRows<KernelCode> {
    const from = this.#received.start;
    this.#fragments = [];
    const rows = this.#scan();
    for (const value of this.#fragments) this.#join(value);
    const { start } = this.#received;
    return {
      block: rowBlock(this.#received, this.#kernel, {
        positions: this.#positions,
        lengths: this.#lengths,
        stride: this.#stride,
      }),
      rows,
      byteLength: start - from,
    };
  }

  /** The kernel, while the bytes lie in its memory. */
  get #usable(): Kernel | null {
    return kernelOf(this.#received, this.#kernel);
  }

  /** Moves the start behind the complete rows it found. */
  #scan(): number {
    const received = this.#received;
    const from = received.start;
    let rows = 0;
    for (;;) {
      rows = this.#scanInKernel(rows, received.start - from);
      const full = rows === this.#stride || received.start - from >= BLOCK_BYTES;
      if (full || !this.withinRow) return rows;
      const complete = this.#fragments.length;
      const at = this.#scanRow(rows);
      if (at < 0 || at > received.end) {
        this.#fragments.length = complete;
        return rows;
      }
      received.start = at;
      rows++;
    }
  }

  /** The ordinary rows that are there, up to the first that is not. Returns how many rows there are then. */
  #scanInKernel(rows: number, bytes: number): number {
    const kernel = this.#usable;
    if (kernel === null) return rows;
    const received = this.#received;
    const count = kernel.code.layOut(
      received.start,
      received.end,
      this.#prefixes.length,
      this.#stride,
      rows,
      bytes,
      this.#maxRowBytes,
      BLOCK_BYTES,
    );
    received.start = kernel.stopped[0];
    return count;
  }

  /** Returns where the row ends, which may be beyond the bytes that came, or -1 when that is not known. */
  #scanRow(row: number): number {
    const { bytes, start, end } = this.#received;
    const positions = this.#positions;
    const lengths = this.#lengths;
    const prefixes = this.#prefixes;
    const stride = this.#stride;
    let at = start + 1;
    let bitmap = -1;
    if (bytes[start] === NBCROW) {
      bitmap = at;
      at += (prefixes.length + 7) >> 3;
      if (at > end) return -1;
    }
    for (let c = 0, i = row; c < prefixes.length; c++, i += stride) {
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
    const { bytes, view, end } = this.#received;
    const pointed = this.#prefixes[column] === POINTED;
    let at = start;
    if (pointed) {
      if (at >= end) return -1;
      const pointer = bytes[at++];
      if (pointer === 0) {
        this.#lengths[index] = -1;
        return at;
      }
      at += pointer + TIMESTAMP_BYTES;
    }
    if (at + 4 > end) return -1;
    const length = view.getUint32(at, true);
    at += 4;
    if (length > this.#limits[column]) throw this.#tooLarge(column, length);
    this.#positions[index] = at;
    this.#lengths[index] = length === 0 && !pointed ? -1 : length;
    return at + length;
  }

  /** Returns where a chunked value ends, or -1 when it has not come whole. */
  #scanChunks(start: number, index: number, column: number): number {
    const { view, end } = this.#received;
    let at = start + 8;
    if (at > end) return -1;
    if (view.getUint32(start, true) === ALL_ONES && view.getUint32(start + 4, true) === ALL_ONES) {
      this.#lengths[index] = -1;
      return at;
    }
    let total = 0;
    let chunks = 0;
    for (;;) {
      if (at + 4 > end) return -1;
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
    const { bytes, view } = this.#received;
    let to = position + 4;
    let at = position;
    for (;;) {
      const length = view.getUint32(at, true);
      at += 4;
      if (length === 0) break;
      bytes.copyWithin(to, at, at + length);
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
}
