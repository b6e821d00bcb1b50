/**
 * Rows laid out where they lie among the bytes that came: the messages of a binary COPY and those of binary
 * rows have one layout, a 16-bit field count, then per field a 32-bit length (-1 for NULL) and that many
 * bytes, all big-endian. The server sends one message per row.
 * https://www.postgresql.org/docs/current/sql-copy.html#id-1.9.3.55.9.4
 */
import { BLOCK_BYTES, blockWords, giveBack, type RowLimits, rowsPerBlock } from "../kit/block.ts";
import { valueTooLarge } from "../kit/value_fault.ts";
import { kernelOf, type LaidOutRows, rowBlock } from "../kit/kernel/row_kernel.ts";
import type { Kernel, KernelCode } from "./kernel/kernel.ts";
import { type FrameBuffer, HEADER_BYTES } from "./wire/frame_buffer.ts";
import { ProtocolError } from "./wire/protocol_error.ts";
import { FROM_SERVER } from "./wire/server_messages.ts";

/** `PGCOPY\n\377\r\n\0`, flags, and the length of an extension area. */
const COPY_SIGNATURE = [80, 71, 67, 79, 80, 89, 10, 255, 13, 10, 0];
const COPY_HEADER_BYTES = 19;
/** Instead of a field count: the end of a COPY. */
const COPY_TRAILER = -1;
/** A kernel takes no row above this, whatever a value may have. */
const MAX_ORDINARY_BYTES = 0x7fff_ffff;

/** How the rows come: by COPY, or as those of a statement. */
export type RowKind = "copy" | "cursor";

/** Lays out the rows of one statement, a block at a time. */
export class RowFrames {
  readonly #buffer: FrameBuffer;
  readonly #limits: RowLimits;
  readonly #type: number;
  readonly #stride: number;
  readonly #kernel: Kernel | null;
  #positions: Int32Array<ArrayBuffer>;
  #lengths: Int32Array<ArrayBuffer>;
  /** A COPY starts with a header of its own. */
  #headed: boolean;
  /** And ends with a trailer, without which there may have been more; other rows end with their statement. */
  #ended = false;
  readonly #kind: RowKind;
  #rows = 0;
  #bytes = 0;

  /** @param kernel does what is ordinary, in its memory. */
  constructor(
    buffer: FrameBuffer,
    limits: RowLimits,
    kind: RowKind,
    kernel: Kernel | null = null,
  ) {
    const columns = limits.columnNames.length;
    this.#buffer = buffer;
    this.#limits = limits;
    this.#type = kind === "copy" ? FROM_SERVER.copyData : FROM_SERVER.dataRow;
    this.#headed = kind !== "copy";
    this.#kind = kind;
    this.#stride = rowsPerBlock(columns);
    const fields = columns * this.#stride;
    this.#kernel = kernel !== null && fields <= kernel.positions.length ? kernel : null;
    if (this.#kernel !== null) buffer.moveTo(this.#kernel.input);
    this.#positions = this.#kernel?.positions ?? blockWords(fields);
    this.#lengths = this.#kernel?.lengths ?? blockWords(fields);
  }

  /** Idempotent. Nothing is laid out any more: the next statement's rows go to the same place. */
  release(): void {
    // A kernel's place is its own.
    if (this.#kernel !== null) return;
    giveBack(this.#positions, this.#lengths);
    this.#positions = new Int32Array(0);
    this.#lengths = new Int32Array(0);
  }

  get rows(): number {
    return this.#rows;
  }

  get full(): boolean {
    return this.#rows === this.#stride || this.#bytes >= BLOCK_BYTES;
  }

  /** The server has said that a statement is complete. */
  completed(): void {
    if (this.#kind === "cursor") this.#ended = true;
  }

  /** @throws ProtocolError when the answer is over before its rows are. */
  checkEnded(): void {
    if (this.#ended) return;
    throw new ProtocolError(
      this.#kind === "copy" ? "a COPY without its end" : "a FETCH without its end",
    );
  }

  /** What has been laid out, which the next rows do not join. */
  take(): LaidOutRows<KernelCode> {
    const laidOut = {
      block: rowBlock(this.#buffer, this.#kernel, {
        positions: this.#positions,
        lengths: this.#lengths,
        stride: this.#stride,
      }),
      rows: this.#rows,
      byteLength: this.#bytes,
    };
    this.#rows = 0;
    this.#bytes = 0;
    return laidOut;
  }

  /** Adds the whole rows that are there. False: another message follows them. @throws ProtocolError */
  layOut(): boolean {
    const buffer = this.#buffer;
    const { bytes, end } = buffer;
    for (;;) {
      const kernel = this.#usable;
      // The header is not its business.
      if (kernel !== null && this.#headed) this.#layOutInKernel(kernel);
      if (this.full) return true;
      const { start } = buffer;
      if (end - start < HEADER_BYTES) return true;
      if (bytes[start] !== this.#type) return false;
      const rowEnd = start + 1 + buffer.lengthAt(start);
      if (rowEnd > end) {
        this.#checkPartial(start + HEADER_BYTES, rowEnd);
        return true;
      }
      this.#add(start + HEADER_BYTES, rowEnd);
      buffer.start = rowEnd;
    }
  }

  /** The kernel, while the bytes lie in its memory. */
  get #usable(): Kernel | null {
    return kernelOf(this.#buffer, this.#kernel);
  }

  /** The ordinary rows that are there, up to the first that is not. */
  #layOutInKernel(kernel: Kernel): void {
    const buffer = this.#buffer;
    const { columnNames, maxValueBytes } = this.#limits;
    this.#rows = kernel.code.layOut(
      buffer.start,
      buffer.end,
      this.#type,
      columnNames.length,
      this.#stride,
      this.#rows,
      this.#bytes,
      Math.min(maxValueBytes, MAX_ORDINARY_BYTES),
      BLOCK_BYTES,
    );
    buffer.start = kernel.stopped[0];
    this.#bytes = kernel.stopped[1];
  }

  #add(start: number, end: number): void {
    const at = this.#headed ? start : this.#skipHeader(start, end);
    const { view } = this.#buffer;
    if (end - at < 2) {
      if (at < end) throw new ProtocolError("a row without its count of fields");
      return;
    }
    const count = view.getInt16(at);
    if (count === COPY_TRAILER) {
      this.#ended = true;
      return;
    }
    if (this.#fields(count, at + 2, end) !== end) {
      throw new ProtocolError("a row whose fields have another length than itself");
    }
    this.#rows++;
    this.#bytes += end - at;
  }

  /** Describes the fields of one row; returns where they end. */
  #fields(count: number, start: number, end: number): number {
    const { columnNames, maxValueBytes } = this.#limits;
    if (count !== columnNames.length) {
      throw new ProtocolError(`a row of ${count} columns instead of ${columnNames.length}`);
    }
    const { view } = this.#buffer;
    const positions = this.#positions;
    const lengths = this.#lengths;
    const stride = this.#stride;
    const last = count * stride;
    let at = start;
    for (let i = this.#rows; i < last; i += stride) {
      if (at + 4 > end) throw new ProtocolError("a row that ends within its fields");
      const length = view.getInt32(at);
      at += 4;
      positions[i] = at;
      lengths[i] = length;
      if (length > 0) {
        if (length > maxValueBytes) {
          throw valueTooLarge(columnNames[(i - this.#rows) / stride], length, maxValueBytes);
        }
        at += length;
      } else if (length < -1) throw new ProtocolError(`a field of ${length} bytes`);
    }
    return at;
  }

  #skipHeader(start: number, end: number): number {
    const { bytes, view } = this.#buffer;
    const signed = end - start >= COPY_HEADER_BYTES &&
      COPY_SIGNATURE.every((byte, i) => bytes[start + i] === byte);
    const extension = signed ? view.getInt32(start + 15) : -1;
    if (extension !== 0) throw new ProtocolError("a COPY without its signature");
    this.#headed = true;
    return start + COPY_HEADER_BYTES;
  }

  /** Says which value is too large before all of it has come. */
  #checkPartial(start: number, rowEnd: number): void {
    const { columnNames, maxValueBytes } = this.#limits;
    if (rowEnd - start <= maxValueBytes) return;
    const { view, end } = this.#buffer;
    let at = (this.#headed ? start : start + COPY_HEADER_BYTES) + 2;
    for (const name of columnNames) {
      if (at + 4 > end) return;
      const length = view.getInt32(at);
      if (length > maxValueBytes) throw valueTooLarge(name, length, maxValueBytes);
      at += 4 + Math.max(0, length);
    }
  }
}
