/**
 * The packets of a result as they come, and the rows of the text protocol among them, laid out where they lie.
 * A packet is a 24-bit length, a sequence number, and that many bytes; one of 16 MB continues in the next. A row
 * is a length-encoded string per field, or 0xFB for NULL.
 * https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_basic_packets.html
 * https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_com_query_response_text_resultset_row.html
 */
import { SourceError } from "../../../core/base/errors.ts";
import { takeBuffer } from "../../../core/batch/buffers.ts";
import {
  BLOCK_BYTES,
  blockWords,
  giveBack,
  type LaidOut,
  roomFor,
  type RowLimits,
  rowsPerBlock,
} from "../kit/block.ts";
import { valueTooLarge } from "../kit/value_fault.ts";

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

const INITIAL_BYTES = 160 * 1024;

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

/** Bytes `[start, end)` are not consumed yet, and begin with a packet. */
export class RowPackets {
  readonly #limits: RowLimits;
  readonly #stride: number;
  #positions: Int32Array<ArrayBuffer>;
  #lengths: Int32Array<ArrayBuffer>;
  #bytes = new Uint8Array(takeBuffer(INITIAL_BYTES));
  #view = new DataView(this.#bytes.buffer);
  #start = 0;
  #end = 0;
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

  constructor(limits: RowLimits) {
    const columns = limits.columnNames.length;
    this.#limits = limits;
    this.#stride = rowsPerBlock(columns);
    this.#positions = blockWords(columns * this.#stride);
    this.#lengths = blockWords(columns * this.#stride);
  }

  /** Idempotent. The statement is over. */
  release(): void {
    giveBack(this.#bytes, this.#positions, this.#lengths);
    this.#bytes = new Uint8Array(0);
    this.#view = new DataView(this.#bytes.buffer);
    this.#positions = new Int32Array(0);
    this.#lengths = new Int32Array(0);
    this.#start = this.#end = this.#rows = 0;
  }

  /** Rows that are laid out. */
  get rows(): number {
    return this.#rows;
  }

  /** Bytes that there is room for. */
  get capacity(): number {
    return this.#bytes.length;
  }

  /** The number that the next packet has. */
  get sequence(): number {
    return this.#sequence;
  }

  /** Adds bytes from the server. What was laid out is gone. */
  append(piece: Uint8Array): void {
    if (this.#end + piece.length > this.#bytes.length) this.#compact(piece.length);
    this.#bytes.set(piece, this.#end);
    this.#end += piece.length;
  }

  /** Consumes a packet with its header, of whatever kind; null while it is not complete. */
  takePacket(): Uint8Array | null {
    const start = this.#start;
    if (this.#end - start < HEADER_BYTES) return null;
    const end = start + HEADER_BYTES + this.#lengthAt(start);
    if (end > this.#end) return null;
    this.#sequence = (this.#bytes[start + 3] + 1) & 0xff;
    this.#start = end;
    return this.#bytes.slice(start, end);
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
    while (this.#rows < this.#stride && this.#byteLength < BLOCK_BYTES) {
      if (this.#joined > 0) {
        if (this.#join()) continue;
        return "short";
      }
      const start = this.#start;
      if (this.#end - start < HEADER_BYTES) return "short";
      const length = this.#lengthAt(start);
      if (length > 0 && this.#end - start === HEADER_BYTES) return "short";
      if (this.#isOther(start, length)) return "other";
      const end = start + HEADER_BYTES + length;
      if (length === FULL_PACKET) {
        if (!this.#join()) return "short";
      } else if (end <= this.#end) {
        this.#count(this.#bytes[start + 3]);
        this.#add(start + HEADER_BYTES, end);
      } else {
        if (length > this.#limits.maxValueBytes) this.#partial(this.#end);
        return "short";
      }
    }
    return "full";
  }

  /** What has been laid out, which the next rows do not join. */
  take(): LaidOut {
    const laidOut = {
      block: {
        bytes: this.#bytes,
        view: this.#view,
        positions: this.#positions,
        lengths: this.#lengths,
        stride: this.#stride,
      },
      rows: this.#rows,
      byteLength: this.#byteLength,
    };
    this.#rows = 0;
    this.#byteLength = 0;
    return laidOut;
  }

  /** Consumes the row at `[start, end)` and adds it. */
  #add(start: number, end: number): void {
    this.#start = end;
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
    const bytes = this.#bytes;
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
    const view = this.#view;
    if (prefix === 2) return view.getUint16(at, true);
    if (prefix === 3) return view.getUint16(at, true) + this.#bytes[at + 2] * 0x1_0000;
    return view.getUint32(at, true) + view.getUint32(at + 4, true) * TWO_32;
  }

  /**
   * Joins the packets of the row at `start` as they come: the headers between them are taken out. False: more
   * bytes are needed.
   */
  #join(): boolean {
    const start = this.#start + HEADER_BYTES;
    if (this.#joined === 0) this.#nextPacket(this.#start);
    while (this.#continues) {
      const header = start + this.#joined;
      if (header + HEADER_BYTES > this.#end) return this.#partial(this.#end);
      this.#nextPacket(header);
      this.#bytes.copyWithin(header, header + HEADER_BYTES, this.#end);
      this.#end -= HEADER_BYTES;
    }
    const end = start + this.#joined;
    if (end > this.#end) return false;
    this.#joined = 0;
    this.#add(start, end);
    return true;
  }

  /** Counts the packet at `header` to the row that is joined. */
  #nextPacket(header: number): void {
    const length = this.#lengthAt(header);
    this.#count(this.#bytes[header + 3]);
    this.#joined += length;
    this.#continues = length === FULL_PACKET;
  }

  /** Looks at the fields of a row of which `[start, end)` has come: one above the limit is not waited for. */
  #partial(end: number): false {
    this.#fields(this.#start + HEADER_BYTES, end);
    return false;
  }

  /** Drops rows without laying them out. */
  #skipRows(): Stop {
    for (;;) {
      const dropped = Math.min(this.#toSkip, this.#end - this.#start);
      this.#start += dropped;
      this.#toSkip -= dropped;
      const start = this.#start;
      if (this.#toSkip > 0 || this.#end - start < HEADER_BYTES) return "short";
      const length = this.#lengthAt(start);
      if (!this.#continues) {
        if (length > 0 && this.#end - start === HEADER_BYTES) return "short";
        if (this.#isOther(start, length)) return "other";
      }
      this.#count(this.#bytes[start + 3]);
      this.#toSkip = HEADER_BYTES + length;
      this.#continues = length === FULL_PACKET;
    }
  }

  /** Whether the packet at `start`, whose first byte has come, is no row. */
  #isOther(start: number, length: number): boolean {
    if (length === 0) return true;
    const first = this.#bytes[start + HEADER_BYTES];
    return first === ERROR || (first === END && length < END_MAX_BYTES);
  }

  #lengthAt(start: number): number {
    const bytes = this.#bytes;
    return bytes[start] | (bytes[start + 1] << 8) | (bytes[start + 2] << 16);
  }

  #count(sequence: number): void {
    if (sequence !== this.#sequence) {
      throw new PacketError(`packet ${sequence} came instead of packet ${this.#sequence}`);
    }
    this.#sequence = (sequence + 1) & 0xff;
  }

  /** Makes room for `count` bytes. Grows by what has come, never by what a length promises. */
  #compact(count: number): void {
    const pending = this.#end - this.#start;
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

const latin1 = new TextDecoder("latin1");

/** A value of digits and punctuation as text; for messages and rare forms only. */
export function asciiText(bytes: Uint8Array, at: number, length: number): string {
  return latin1.decode(bytes.subarray(at, at + length));
}
