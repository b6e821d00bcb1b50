/**
 * Tuples in the layout that binary COPY and a binary cursor's rows share: a 16-bit field count, then per
 * field a 32-bit length (-1 for NULL) and that many bytes, all big-endian.
 * https://www.postgresql.org/docs/current/sql-copy.html#id-1.9.3.55.9.4
 */
import { SourceError } from "../../../core/base/errors.ts";
import { type BinaryBlock, BLOCK_ROWS, copyBytes } from "../kit/block.ts";
import { valueTooLarge } from "../kit/value_fault.ts";

const INITIAL_BYTES = 128 * 1024;
/** A buffer that one large row has grown is given back above this size. */
const KEEP_BYTES = 4 * 1024 * 1024;

/** `PGCOPY\n\377\r\n\0`, flags, and the length of an extension area. */
const COPY_SIGNATURE = [80, 71, 67, 79, 80, 89, 10, 255, 13, 10, 0];
const COPY_HEADER_BYTES = 19;

export interface TupleLimits {
  readonly columnNames: readonly string[];
  readonly maxValueBytes: number;
}

/** Gathers tuples as they arrive, in pieces of any size, and lays them out as blocks. */
export class TupleBuffer {
  readonly #limits: TupleLimits;
  #bytes = new Uint8Array(INITIAL_BYTES);
  #view = new DataView(this.#bytes.buffer);
  /** Bytes [start, end) are not laid out yet. */
  #start = 0;
  #end = 0;
  readonly #positions: Int32Array;
  readonly #lengths: Int32Array;

  constructor(limits: TupleLimits) {
    this.#limits = limits;
    this.#positions = new Int32Array(limits.columnNames.length * BLOCK_ROWS);
    this.#lengths = new Int32Array(limits.columnNames.length * BLOCK_ROWS);
  }

  /** Bytes that wait to be laid out. */
  get pending(): number {
    return this.#end - this.#start;
  }

  /** Appends a piece of a COPY stream. */
  append(piece: Uint8Array): void {
    this.#reserve(piece.length);
    this.#bytes.set(piece, this.#end);
    this.#end += piece.length;
  }

  /** Appends a row of a cursor, whose fields come one by one. */
  appendRow(fields: readonly (Uint8Array | null)[]): void {
    let size = 2 + 4 * fields.length;
    for (const field of fields) size += field === null ? 0 : field.length;
    this.#reserve(size);
    const view = this.#view;
    let at = this.#end;
    view.setInt16(at, fields.length);
    at += 2;
    for (const field of fields) {
      view.setInt32(at, field === null ? -1 : field.length);
      at += 4;
      if (field !== null) at = copyBytes(field, 0, field.length, this.#bytes, at);
    }
    this.#end = at;
  }

  /** Skips the header that a COPY stream starts with. Returns false while it is incomplete. */
  skipCopyHeader(): boolean {
    if (this.pending < COPY_HEADER_BYTES) return false;
    const signed = COPY_SIGNATURE.every((byte, i) => this.#bytes[this.#start + i] === byte);
    const extension = this.#view.getInt32(this.#start + 15);
    if (!signed || extension !== 0) throw protocolError("a COPY stream without its signature");
    this.#start += COPY_HEADER_BYTES;
    return true;
  }

  /**
   * Lays out the next complete tuples, which stay valid until the next `append`. Zero rows: more bytes
   * are needed, or the stream has ended.
   */
  next(): { readonly block: BinaryBlock; readonly rows: number; readonly byteLength: number } {
    const from = this.#start;
    const rows = this.#scan();
    const block: BinaryBlock = {
      bytes: this.#bytes,
      view: this.#view,
      positions: this.#positions,
      lengths: this.#lengths,
      stride: BLOCK_ROWS,
    };
    return { block, rows, byteLength: this.#start - from };
  }

  /** Moves `#start` behind the complete tuples it found. */
  #scan(): number {
    const { columnNames, maxValueBytes } = this.#limits;
    const columns = columnNames.length;
    const view = this.#view;
    const positions = this.#positions;
    const lengths = this.#lengths;
    const end = this.#end;
    let rows = 0;
    for (; rows < BLOCK_ROWS; rows++) {
      let at = this.#start;
      if (at + 2 > end) break;
      const fields = view.getInt16(at);
      at += 2;
      // The trailer of a COPY stream; nothing follows it.
      if (fields === -1) break;
      if (fields !== columns) throw protocolError(`${fields} fields instead of ${columns}`);
      for (let i = rows; i < columns * BLOCK_ROWS; i += BLOCK_ROWS) {
        if (at + 4 > end) return rows;
        const length = view.getInt32(at);
        at += 4;
        positions[i] = at;
        lengths[i] = length;
        if (length > 0) {
          if (length > maxValueBytes) {
            throw valueTooLarge(columnNames[(i - rows) / BLOCK_ROWS], length, maxValueBytes);
          }
          at += length;
        }
      }
      if (at > end) break;
      this.#start = at;
    }
    return rows;
  }

  #reserve(count: number): void {
    if (this.#end + count <= this.#bytes.length) return;
    const pending = this.pending;
    const needed = pending + count;
    const size = this.#bytes.length;
    if (needed > size || (size > KEEP_BYTES && needed <= INITIAL_BYTES)) {
      const bytes = new Uint8Array(Math.max(needed, needed > size ? size * 2 : INITIAL_BYTES));
      bytes.set(this.#bytes.subarray(this.#start, this.#end));
      this.#bytes = bytes;
      this.#view = new DataView(bytes.buffer);
    } else {
      this.#bytes.copyWithin(0, this.#start, this.#end);
    }
    this.#start = 0;
    this.#end = pending;
  }
}

function protocolError(what: string): SourceError {
  return new SourceError("SOURCE_QUERY", `PostgreSQL sent ${what}`, {
    hint: "Did the table change while it was read? Run the export again.",
  });
}
