/** The bytes of a file in their order, taken in whatever lengths a format has. */

/** What comes is held only as far as it has been looked at. */
export class ByteQueue {
  readonly #pieces: AsyncIterator<Uint8Array>;
  /** Came, and not taken yet; the first of them from `#start` on. */
  #held: Uint8Array[] = [];
  #start = 0;
  #heldBytes = 0;
  /** Of the next byte in the file. */
  position = 0;

  constructor(pieces: AsyncIterable<Uint8Array>) {
    this.#pieces = pieces[Symbol.asyncIterator]();
  }

  /** The next `length` bytes, fewer only at the end; they stay. */
  async peek(length: number): Promise<Uint8Array> {
    while (this.#heldBytes < length && await this.#more());
    const wanted = Math.min(length, this.#heldBytes);
    const [first] = this.#held;
    if (wanted === 0) return new Uint8Array(0);
    if (first.length - this.#start >= wanted) {
      return first.subarray(this.#start, this.#start + wanted);
    }
    const bytes = new Uint8Array(wanted);
    let filled = 0;
    for (const [i, piece] of this.#held.entries()) {
      const part = piece.subarray(i === 0 ? this.#start : 0).subarray(0, wanted - filled);
      bytes.set(part, filled);
      filled += part.length;
    }
    return bytes;
  }

  /** Takes the next `length` bytes, `use` told of them piece by piece. @returns how many there were. */
  async take(length: number, use: (bytes: Uint8Array) => void = () => {}): Promise<number> {
    let taken = 0;
    while (taken < length && (this.#heldBytes > 0 || await this.#more())) {
      const bytes = this.#held[0].subarray(this.#start, this.#start + length - taken);
      use(bytes);
      this.#drop(bytes.length);
      taken += bytes.length;
    }
    return taken;
  }

  #drop(length: number): void {
    this.#start += length;
    this.#heldBytes -= length;
    this.position += length;
    if (this.#start === this.#held[0].length) {
      this.#held.shift();
      this.#start = 0;
    }
  }

  async #more(): Promise<boolean> {
    const { value, done } = await this.#pieces.next();
    if (done === true) return false;
    if (value.length > 0) {
      this.#held.push(value);
      this.#heldBytes += value.length;
    }
    return true;
  }
}
