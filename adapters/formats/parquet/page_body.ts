/** The body of one page while it is put together in the kernel: levels, then values. */
import { kernel, Region } from "./kernel/memory.ts";

/** What is appended lies behind what was; one body at a time. */
export class PageBody {
  readonly #region = new Region();
  /** Where it begins: not in `#region` where values are left where they are. */
  #start = 0;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** Begins the next one. */
  clear(): void {
    this.#start = this.#region.reserve(MIN_BYTES);
    this.#length = 0;
  }

  /** Makes room for `bytes` more bytes. @returns the address to write them to. */
  reserve(bytes: number): number {
    this.#start = this.#region.reserve(this.#length + bytes, this.#length);
    return this.#start + this.#length;
  }

  /** What was reserved is written up to `address`. */
  end(address: number): void {
    this.#length = address - this.#start;
  }

  byte(value: number): void {
    const at = this.reserve(1);
    kernel().bytes[at] = value;
    this.#length++;
  }

  append(bytes: Uint8Array): void {
    const at = this.reserve(bytes.length);
    kernel().bytes.set(bytes, at);
    this.#length += bytes.length;
  }

  /** Writes a number of 4 bytes over what is at `at`. */
  setU32(at: number, value: number): void {
    const { bytes } = kernel();
    for (let i = 0; i < 4; i++) bytes[this.#start + at + i] = value >>> (8 * i);
  }

  /**
   * Ends the body with `bytes` bytes that lie at `address`, with room for all that is there before them: they stay where
   * they are.
   */
  endBefore(address: number, bytes: number): void {
    const start = address - this.#length;
    kernel().bytes.copyWithin(start, this.#start, this.#start + this.#length);
    this.#start = start;
    this.#length += bytes;
  }

  /** The body. A view that is good until the kernel is used again. */
  written(): Uint8Array {
    return kernel().view(this.#start, this.#length);
  }
}

const MIN_BYTES = 1024;
