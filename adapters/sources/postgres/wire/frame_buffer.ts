/**
 * The bytes that came from the server, and the messages among them: a type byte, a 32-bit length that
 * counts itself, and the body.
 * https://www.postgresql.org/docs/current/protocol-message-formats.html
 */
import { discard } from "../../../../core/batch/buffers.ts";
import { ProtocolError } from "./protocol_error.ts";

/** A message's type and length. */
export const HEADER_BYTES = 5;

const INITIAL_BYTES = 256 * 1024;
/** Times that what is left over was small before a buffer that one row has grown is given back. */
const CALM_MOVES = 4;
/** A read has at least this much room. */
const MIN_ROOM = 64 * 1024;
/** A buffer that one large row has grown is given back above this size. */
const KEEP_BYTES = 4 * 1024 * 1024;
/** A server allocates a message as one piece, which it limits to this. */
const MAX_MESSAGE_BYTES = 0x3fff_ffff;

/** A whole message. Its body is valid until the next read. */
export interface Frame {
  /** The character's code. */
  readonly type: number;
  readonly body: Uint8Array;
}

/** Bytes [start, end) are not consumed yet. Fields are open to the one that lays rows out in place. */
export class FrameBuffer {
  bytes: Uint8Array<ArrayBuffer> = new Uint8Array(INITIAL_BYTES);
  view: DataView = new DataView(this.bytes.buffer);
  start = 0;
  end = 0;
  /** Where bytes are as long as they fit; null: anywhere. */
  #home: Uint8Array<ArrayBuffer> | null = null;
  #calm = 0;

  /** From now on bytes are received into `home`, while no row is too large for it. */
  moveTo(home: Uint8Array<ArrayBuffer>): void {
    this.#home = home;
    if (this.bytes !== home && this.end - this.start <= home.length - MIN_ROOM) this.#move(home);
  }

  /** True when a read needs no bytes moved, so that what was laid out stays where it is. */
  get hasRoom(): boolean {
    return this.bytes.length - this.end >= MIN_ROOM;
  }

  /** Where the next bytes go. Moves what is not consumed when there is too little room. */
  room(): Uint8Array {
    if (!this.hasRoom) this.#compact();
    return this.bytes.subarray(this.end);
  }

  /** Nothing is read any more: the memory is free at once. */
  release(): void {
    this.#leave();
    this.bytes = new Uint8Array(0);
    this.view = new DataView(this.bytes.buffer);
    this.start = 0;
    this.end = 0;
  }

  /** Says how many bytes were put into the room. */
  filled(count: number): void {
    this.end += count;
  }

  /** The length of the message at `start` without its type byte. @throws ProtocolError */
  lengthAt(start: number): number {
    const length = this.view.getInt32(start + 1);
    if (length >= 4 && length <= MAX_MESSAGE_BYTES) return length;
    const type = String.fromCharCode(this.bytes[start]);
    throw new ProtocolError(`a message ${JSON.stringify(type)} of ${length} bytes`);
  }

  /** True when the next message is complete. */
  get holdsFrame(): boolean {
    const pending = this.end - this.start;
    return pending >= HEADER_BYTES && pending > this.lengthAt(this.start);
  }

  /** Consumes the next message; null while it is not complete. */
  take(): Frame | null {
    if (!this.holdsFrame) return null;
    const { start } = this;
    const end = start + 1 + this.lengthAt(start);
    this.start = end;
    return { type: this.bytes[start], body: this.bytes.subarray(start + HEADER_BYTES, end) };
  }

  /** Grows by what has come, never by what a length promises. */
  #compact(): void {
    const pending = this.end - this.start;
    const size = this.bytes.length;
    const tight = size - pending < MIN_ROOM;
    const small = pending <= INITIAL_BYTES - MIN_ROOM;
    this.#calm = small ? this.#calm + 1 : 0;
    if (tight) this.#move(new Uint8Array(size * 2));
    else if (small && (size > KEEP_BYTES || this.#mayReturn)) {
      this.#move(this.#home ?? new Uint8Array(INITIAL_BYTES));
    } else this.#move(this.bytes);
  }

  get #mayReturn(): boolean {
    return this.#home !== null && this.bytes !== this.#home && this.#calm >= CALM_MOVES;
  }

  /** `bytes` is not needed any more; a home is somebody else's. */
  #leave(): void {
    if (this.bytes !== this.#home) discard(this.bytes);
  }

  /** Moves what is not consumed to the front of `bytes`. */
  #move(bytes: Uint8Array<ArrayBuffer>): void {
    const pending = this.end - this.start;
    if (bytes === this.bytes) bytes.copyWithin(0, this.start, this.end);
    else {
      bytes.set(this.bytes.subarray(this.start, this.end));
      this.#leave();
      this.bytes = bytes;
      this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    }
    this.start = 0;
    this.end = pending;
  }
}
