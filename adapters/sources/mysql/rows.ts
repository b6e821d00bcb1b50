/**
 * The packets of a result as they come, and the rows of the text protocol among them, laid out where they lie.
 * A packet is a 24-bit length, a sequence number, and that many bytes; one of 16 MB continues in the next. A row
 * is a length-encoded string per field, or 0xFB for NULL.
 * https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_basic_packets.html
 * https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_com_query_response_text_resultset_row.html
 */
import { SourceError } from "../../../core/base/errors.ts";
import { BLOCK_BYTES, blockWords, giveBack, type RowLimits, rowsPerBlock } from "../kit/block.ts";
import { kernelOf, type LaidOutRows, rowBlock } from "../kit/kernel/row_kernel.ts";
import { ReceivedBytes } from "../kit/received_bytes.ts";
import { valueTooLarge } from "../kit/value_fault.ts";
import type { Kernel, KernelCode } from "./kernel/kernel.ts";

const HEADER_BYTES = 4;
/** Of a packet that continues in the next one. */
const FULL_PACKET = 0xff_ffff;

const NULL = 0xfb;
const TWO_BYTES = 0xfc;
const THREE_BYTES = 0xfd;
/** The first byte of a packet that is no row: an error, or, of a short one, the end of the rows. */
const ERROR = 0xff;
const END = 0xfe;
const END_MAX_BYTES = 9;
const TWO_32 = 4_294_967_296;

/** A peer that speaks otherwise than the protocol has it; the connection is of no use any more. */
export class PacketError extends Error {
  readonly code = "PROTOCOL_PACKETS_OUT_OF_ORDER";
}

/** Why no more rows were laid out. */
export type Stop =
  /** More bytes are needed. */
  | "short"
  /** The block has to be taken first. */
  | "full"
  /** A packet of another kind follows. */
  | "other";

/** The bytes of one statement's answer. Those that are not consumed yet begin with a packet. */
export class RowPackets {
  readonly #limits: RowLimits;
  readonly #stride: number;
  readonly #buffer = new ReceivedBytes();
  #kernel: Kernel | null;
  #positions: Int32Array<ArrayBuffer>;
  #lengths: Int32Array<ArrayBuffer>;
  #rows = 0;
  #byteLength = 0;
  #sequence = 0;
  /** Bytes of the row at `start` whose packets are being joined; 0 for none. */
  #joined = 0;
  /** Whether the packet before the next one continues in it. */
  #continues = false;
  #skipping = false;
  /** Bytes of the packet that is being skipped. */
  #toSkip = 0;

  /** @param kernel does what is ordinary, in its memory, until `release`. */
  constructor(limits: RowLimits, kernel: Kernel | null = null) {
    const columns = limits.columnNames.length;
    this.#limits = limits;
    this.#stride = rowsPerBlock(columns);
    const fields = columns * this.#stride;
    this.#kernel = kernel !== null && fields <= kernel.positions.length ? kernel : null;
    if (this.#kernel !== null) this.#buffer.moveTo(this.#kernel.input);
    this.#positions = this.#kernel?.positions.subarray(0, fields) ?? blockWords(fields);
    this.#lengths = this.#kernel?.lengths.subarray(0, fields) ?? blockWords(fields);
  }

  /** Idempotent. The statement is over. */
  release(): void {
    if (this.#kernel === null) giveBack(this.#positions, this.#lengths);
    this.#kernel = null;
    this.#buffer.release();
    this.#positions = new Int32Array(0);
    this.#lengths = new Int32Array(0);
    this.#rows = 0;
  }

  /** Rows that are laid out. */
  get rows(): number {
    return this.#rows;
  }

  /** Bytes that there is room for. */
  get capacity(): number {
    return this.#buffer.bytes.length;
  }

  /** The number that the next packet has. */
  get sequence(): number {
    return this.#sequence;
  }

  /** Adds bytes from the server. What was laid out is gone. */
  append(piece: Uint8Array): void {
    this.#buffer.append(piece);
  }

  /** Consumes a packet with its header, of whatever kind; null while it is not complete. */
  takePacket(): Uint8Array<ArrayBuffer> | null {
    const buffer = this.#buffer;
    const { bytes, start } = buffer;
    if (buffer.end - start < HEADER_BYTES) return null;
    const end = start + HEADER_BYTES + this.#lengthAt(start);
    if (end > buffer.end) return null;
    this.#sequence = (bytes[start + 3] + 1) & 0xff;
    buffer.start = end;
    return bytes.slice(start, end);
  }

  /** From here on rows are dropped, of whatever size they are. */
  skip(): void {
    if (this.#skipping) return;
    this.#skipping = true;
    if (this.#joined > 0) this.#toSkip = HEADER_BYTES + this.#joined;
    this.#joined = 0;
  }

  /**
   * Adds whole rows to the block.
   * @throws PacketError
   * @throws SourceError naming the column of a value above the limit; `skip` goes on behind it.
   */
  layOut(): Stop {
    if (this.#skipping) return this.#skipRows();
    for (;;) {
      // What has been joined, or is, it does not know.
      if (this.#usable !== null && this.#joined === 0) this.#layOutInKernel(this.#usable);
      if (this.#rows === this.#stride || this.#byteLength >= BLOCK_BYTES) return "full";
      const stop = this.#joined > 0 ? this.#join() : this.#layOutOne();
      if (stop !== null) return stop;
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
      columnNames.length,
      this.#stride,
      this.#rows,
      this.#byteLength,
      this.#sequence,
      Math.min(maxValueBytes, FULL_PACKET - 1),
      BLOCK_BYTES,
    );
    buffer.start = kernel.stopped[0];
    this.#byteLength = kernel.stopped[1];
    this.#sequence = kernel.stopped[2];
  }

  /** Adds the next packet, if it is a row that has come whole, or begins to join it. Null: there may be more. */
  #layOutOne(): Stop | null {
    const { bytes, start, end: received } = this.#buffer;
    if (received - start < HEADER_BYTES) return "short";
    const length = this.#lengthAt(start);
    if (length > 0 && received - start === HEADER_BYTES) return "short";
    if (this.#isOther(start, length)) return "other";
    if (length === FULL_PACKET) return this.#join();
    const end = start + HEADER_BYTES + length;
    if (end > received) {
      if (length > this.#limits.maxValueBytes) this.#partial();
      return "short";
    }
    this.#count(bytes[start + 3]);
    this.#add(start + HEADER_BYTES, end);
    return null;
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
      byteLength: this.#byteLength,
    };
    this.#rows = 0;
    this.#byteLength = 0;
    return laidOut;
  }

  /** Consumes the row at `[start, end)` and adds it. */
  #add(start: number, end: number): void {
    this.#buffer.start = end;
    if (this.#fields(start, end) !== end) {
      throw new SourceError("SOURCE_QUERY", "MySQL sent a row of other columns than described", {
        hint: "Did the table change while it was read? Run the export again.",
      });
    }
    this.#rows++;
    this.#byteLength += end - start;
  }

  /**
   * Lays out the fields of the row at `start`. Returns where they end, which is beyond `end` for a row that has
   * not come whole, or -1 when it has fewer than columns.
   */
  #fields(start: number, end: number): number {
    const { bytes } = this.#buffer;
    const positions = this.#positions;
    const lengths = this.#lengths;
    const stride = this.#stride;
    const last = positions.length;
    let at = start;
    let i = this.#rows;
    for (; i < last && at < end; i += stride) {
      let length = bytes[at++];
      if (length >= NULL) {
        if (length === NULL) {
          lengths[i] = -1;
          continue;
        }
        const prefix = length === TWO_BYTES ? 2 : length === THREE_BYTES ? 3 : 8;
        if (length === ERROR || at + prefix > end) return -1;
        length = this.#longLength(at, prefix);
        at += prefix;
        const { maxValueBytes, columnNames } = this.#limits;
        if (length > maxValueBytes) {
          throw valueTooLarge(columnNames[Math.floor(i / stride)], length, maxValueBytes);
        }
      }
      positions[i] = at;
      lengths[i] = length;
      at += length;
    }
    return i < last ? -1 : at;
  }

  /** A length above 250, little-endian. */
  #longLength(at: number, prefix: number): number {
    const { bytes, view } = this.#buffer;
    if (prefix === 2) return view.getUint16(at, true);
    if (prefix === 3) return view.getUint16(at, true) + bytes[at + 2] * 0x1_0000;
    return view.getUint32(at, true) + view.getUint32(at + 4, true) * TWO_32;
  }

  /** Joins the packets of the row at `start` as they come: the headers between them are taken out. */
  #join(): Stop | null {
    const buffer = this.#buffer;
    const start = buffer.start + HEADER_BYTES;
    if (this.#joined === 0) this.#nextPacket(buffer.start);
    while (this.#continues) {
      const header = start + this.#joined;
      if (header + HEADER_BYTES > buffer.end) {
        this.#partial();
        return "short";
      }
      this.#nextPacket(header);
      buffer.bytes.copyWithin(header, header + HEADER_BYTES, buffer.end);
      buffer.end -= HEADER_BYTES;
    }
    const end = start + this.#joined;
    if (end > buffer.end) return "short";
    this.#joined = 0;
    this.#add(start, end);
    return null;
  }

  /** Counts the packet at `header` to the row that is joined. */
  #nextPacket(header: number): void {
    const length = this.#lengthAt(header);
    this.#count(this.#buffer.bytes[header + 3]);
    this.#joined += length;
    this.#continues = length === FULL_PACKET;
  }

  /** Looks at the fields of the row at `start` that have come: one above the limit is not waited for. */
  #partial(): void {
    const { start, end } = this.#buffer;
    this.#fields(start + HEADER_BYTES, end);
  }

  /** Drops rows without laying them out. */
  #skipRows(): Stop {
    const buffer = this.#buffer;
    for (;;) {
      const dropped = Math.min(this.#toSkip, buffer.end - buffer.start);
      buffer.start += dropped;
      this.#toSkip -= dropped;
      const { start } = buffer;
      if (this.#toSkip > 0 || buffer.end - start < HEADER_BYTES) return "short";
      const length = this.#lengthAt(start);
      if (!this.#continues) {
        if (length > 0 && buffer.end - start === HEADER_BYTES) return "short";
        if (this.#isOther(start, length)) return "other";
      }
      this.#count(buffer.bytes[start + 3]);
      this.#toSkip = HEADER_BYTES + length;
      this.#continues = length === FULL_PACKET;
    }
  }

  /** Whether the packet at `start`, whose first byte has come, is no row. */
  #isOther(start: number, length: number): boolean {
    if (length === 0) return true;
    const first = this.#buffer.bytes[start + HEADER_BYTES];
    return first === ERROR || (first === END && length < END_MAX_BYTES);
  }

  #lengthAt(start: number): number {
    const { bytes } = this.#buffer;
    return bytes[start] | (bytes[start + 1] << 8) | (bytes[start + 2] << 16);
  }

  #count(sequence: number): void {
    if (sequence !== this.#sequence) {
      throw new PacketError(`packet ${sequence} came instead of packet ${this.#sequence}`);
    }
    this.#sequence = (sequence + 1) & 0xff;
  }
}

const latin1 = new TextDecoder("latin1");

/** A value of digits and punctuation as text; for messages and rare forms only. */
export function asciiText(bytes: Uint8Array, at: number, length: number): string {
  return latin1.decode(bytes.subarray(at, at + length));
}
