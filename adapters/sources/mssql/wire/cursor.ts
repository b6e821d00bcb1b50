/** Reads a token's numbers and texts one behind the other. */
import { Buffer } from "node:buffer";

/** The token goes on in bytes that have not come yet: it is read again with them. */
export class Incomplete {}

const INCOMPLETE = new Incomplete();

/** Little-endian numbers, and texts of UTF-16. Every method throws `Incomplete` at the end of the bytes. */
export class Cursor {
  readonly bytes: Uint8Array;
  readonly #view: DataView;
  readonly #end: number;
  at: number;

  /** Of `[at, end)`. */
  constructor(bytes: Uint8Array, at: number, end: number) {
    this.bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.at = at;
    this.#end = end;
  }

  /** Goes on by `count` bytes, all of which are there; returns where they began. */
  skip(count: number): number {
    const at = this.at;
    if (at + count > this.#end) throw INCOMPLETE;
    this.at = at + count;
    return at;
  }

  u8(): number {
    return this.bytes[this.skip(1)];
  }

  u16(): number {
    return this.#view.getUint16(this.skip(2), true);
  }

  u32(): number {
    return this.#view.getUint32(this.skip(4), true);
  }

  u64(): bigint {
    return this.#view.getBigUint64(this.skip(8), true);
  }

  /** @param characters of two bytes. */
  text(characters: number): string {
    const at = this.skip(characters * 2);
    const { buffer, byteOffset } = this.bytes;
    return Buffer.from(buffer, byteOffset + at, characters * 2).toString("utf16le");
  }

  /** A text of up to 255 characters. */
  shortText(): string {
    return this.text(this.u8());
  }

  /** A text of up to 65,535 characters. */
  longText(): string {
    return this.text(this.u16());
  }

  /** Bytes behind a count of one byte, a copy of them. */
  shortBytes(): Uint8Array {
    const count = this.u8();
    const at = this.skip(count);
    return this.bytes.slice(at, at + count);
  }
}
