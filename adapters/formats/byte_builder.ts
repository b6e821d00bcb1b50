/** A growable little-endian byte buffer: what pages, headers and CSV rows are written into. */

const MIN_CAPACITY = 256;

/**
 * Bytes from 0 to `length` are written; `bytes` is replaced by a larger buffer when it is full.
 */
export class ByteBuilder {
  bytes: Uint8Array<ArrayBuffer>;
  view: DataView;
  length = 0;
  /** It grows no further than that while this is enough. */
  readonly #usual: number;

  constructor(capacity = MIN_CAPACITY, usual = 0) {
    this.#usual = usual;
    this.bytes = new Uint8Array(Math.max(capacity, MIN_CAPACITY));
    this.view = new DataView(this.bytes.buffer);
  }

  /** Makes room for `extra` more bytes; afterwards `bytes` and `view` may be new objects. */
  reserve(extra: number): void {
    const needed = this.length + extra;
    if (needed <= this.bytes.length) return;
    const doubled = this.bytes.length * 2;
    const enough = needed <= this.#usual ? Math.min(doubled, this.#usual) : doubled;
    // What it lay in is free at once, not when the collector comes by.
    this.bytes = new Uint8Array(this.bytes.buffer.transfer(Math.max(needed, enough)));
    this.view = new DataView(this.bytes.buffer);
  }

  /** Appends `source[start, end)`. Short ranges are copied by hand: `set` costs 50 ns before it starts. */
  appendRange(source: Uint8Array, start: number, end: number): void {
    const length = end - start;
    this.reserve(length);
    const { bytes } = this;
    const at = this.length;
    if (length > 32) bytes.set(source.subarray(start, end), at);
    else for (let i = 0; i < length; i++) bytes[at + i] = source[start + i];
    this.length = at + length;
  }

  append(source: Uint8Array): void {
    this.appendRange(source, 0, source.length);
  }

  byte(value: number): void {
    this.reserve(1);
    this.bytes[this.length++] = value;
  }

  u32(value: number): void {
    this.reserve(4);
    this.view.setUint32(this.length, value, true);
    this.length += 4;
  }

  /** Unsigned LEB128 of an integer in [0, 2^53]. */
  varint(value: number): void {
    this.reserve(8);
    let rest = value;
    while (rest >= 0x80) {
      this.bytes[this.length++] = (rest % 0x80) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    this.bytes[this.length++] = rest;
  }

  /** What was written, as a view that the next write may overwrite. */
  written(): Uint8Array {
    return this.bytes.subarray(0, this.length);
  }

  /** What was written, as a copy of its own. */
  copy(): Uint8Array {
    return this.bytes.slice(0, this.length);
  }

  /** Empties the buffer; one that grew beyond `keepBytes` gives its memory back. */
  clear(keepBytes = 4 << 20): void {
    this.length = 0;
    if (this.bytes.length <= keepBytes) return;
    this.bytes = new Uint8Array(MIN_CAPACITY);
    this.view = new DataView(this.bytes.buffer);
  }
}
