/** The bytes that came from a server and are not consumed yet, in one buffer. */
import { discard } from "../../../core/batch/buffers.ts";

const INITIAL_BYTES = 256 * 1024;
/** Times that what is left over was small before a buffer that one row has grown is given back. */
const CALM_MOVES = 4;
/** A read has at least this much room. */
const MIN_ROOM = 64 * 1024;
/** A buffer that one large row has grown is given back above this size. */
const KEEP_BYTES = 4 * 1024 * 1024;

/** Bytes `[start, end)` are not consumed yet. Fields are open to the one that lays rows out in place. */
export class ReceivedBytes {
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

  /** Nothing is read any more: the memory is free at once. What comes late has a place of its own. */
  release(): void {
    this.#leave();
    this.#home = null;
    this.bytes = new Uint8Array(0);
    this.view = new DataView(this.bytes.buffer);
    this.start = 0;
    this.end = 0;
  }

  /** Says how many bytes were put into the room. */
  filled(count: number): void {
    this.end += count;
  }

  /** Adds bytes that were received elsewhere. */
  append(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length;) {
      const room = this.room();
      const piece = bytes.subarray(at, at + room.length);
      room.set(piece);
      this.filled(piece.length);
      at += piece.length;
    }
  }

  /** Grows by what has come, never by what a length promises. */
  #compact(): void {
    const pending = this.end - this.start;
    const size = this.bytes.length;
    const tight = size - pending < MIN_ROOM;
    const small = pending <= INITIAL_BYTES - MIN_ROOM;
    this.#calm = small ? this.#calm + 1 : 0;
    if (tight) this.#move(new Uint8Array(Math.max(INITIAL_BYTES, size * 2)));
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
