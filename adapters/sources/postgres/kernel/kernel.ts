/**
 * The loops over PostgreSQL's rows in WebAssembly (`kernel.as`), and the memory that they work on: bytes are
 * received into it, and columns copied out of it (docs/adr/0040-rows-in-webassembly.md).
 */
import {
  type BitBuilder,
  type BytesBuilder,
  type ColumnBuilder,
  type FixedArray,
  type FixedBuilder,
} from "../../../../core/batch/builders.ts";
import { type BinaryBlock, BLOCK_FIELDS, type LaidOut } from "../../kit/block.ts";
import { WASM } from "./wasm.ts";

/** Bytes that can be received into a kernel's memory. */
export const INPUT_BYTES = 256 * 1024;

/** Where the parts of the memory begin, as in `kernel.as`. */
const STOPPED_AT = 0x50000;
const VALIDITY = 0x51000;
const VALUES = 0x60000;
const OFFSETS = 0x70000;
const TEXT = 0x80000;
const POSITIONS = 0x100000;
const LENGTHS = 0x200840;

/** Returns how many values are NULL; below 0 when one is unusual. */
type DecodeFixed = (from: number, to: number) => number;

/** What `kernel.as` exports. */
export interface KernelCode {
  readonly memory: WebAssembly.Memory;
  layOut(
    start: number,
    end: number,
    type: number,
    columns: number,
    stride: number,
    row: number,
    bytes: number,
    maxRowBytes: number,
    maxBytes: number,
  ): number;
  validity(from: number, to: number, phase: number): void;
  bool(from: number, to: number, phase: number): number;
  readonly fixed2: DecodeFixed;
  readonly fixed4: DecodeFixed;
  readonly fixed8: DecodeFixed;
  readonly uuid: DecodeFixed;
  readonly date: DecodeFixed;
  readonly time: DecodeFixed;
  readonly timestamp: DecodeFixed;
  decimal(from: number, to: number, precision: number, scale: number): number;
  bytes(from: number, to: number, used: number, skip: number): number;
}

/** One of the functions above for one column. */
export type FixedInKernel = (code: KernelCode, from: number, to: number) => number;

/** A block of rows; with the kernel in whose memory they lie, if they do. */
export interface RowBlock extends BinaryBlock {
  readonly kernel: Kernel | null;
}

/** Rows that are laid out, wherever they lie. */
export interface LaidOutRows extends LaidOut {
  readonly block: RowBlock;
}

let compiled: WebAssembly.Module | null = null;

/** Of connections that have ended, for the next ones: a memory is given up by the collector alone, which is late. */
const free: Kernel[] = [];

/** One memory, for one connection at a time. */
export class Kernel {
  readonly code: KernelCode;
  /** Where bytes are received. */
  readonly input: Uint8Array<ArrayBuffer>;
  readonly positions: Int32Array<ArrayBuffer>;
  readonly lengths: Int32Array<ArrayBuffer>;
  readonly #bytes: Uint8Array<ArrayBuffer>;
  readonly #offsets: Int32Array<ArrayBuffer>;
  readonly #stopped: Int32Array<ArrayBuffer>;

  private constructor(code: KernelCode) {
    const buffer = code.memory.buffer as ArrayBuffer;
    this.code = code;
    this.input = new Uint8Array(buffer, 0, INPUT_BYTES);
    this.positions = new Int32Array(buffer, POSITIONS, BLOCK_FIELDS);
    this.lengths = new Int32Array(buffer, LENGTHS, BLOCK_FIELDS);
    this.#bytes = new Uint8Array(buffer);
    this.#offsets = new Int32Array(buffer, OFFSETS, (TEXT - OFFSETS) / 4);
    this.#stopped = new Int32Array(buffer, STOPPED_AT, 2);
  }

  /** Null where there is no WebAssembly with vectors, or no address space for another memory. */
  static open(): Kernel | null {
    const used = free.pop();
    if (used !== undefined) return used;
    try {
      compiled ??= new WebAssembly.Module(Uint8Array.fromBase64(WASM));
      const { exports } = new WebAssembly.Instance(compiled);
      return new Kernel(exports as unknown as KernelCode);
    } catch {
      return null;
    }
  }

  /** Nobody reads or writes it any more; at most once. */
  close(): void {
    free.push(this);
  }

  /** Where `layOut` stopped. */
  get stoppedAt(): number {
    return this.#stopped[0];
  }

  /** Bytes of the rows that are laid out. */
  get rowBytes(): number {
    return this.#stopped[1];
  }

  /** Appends the fields `[from, to)` as `decode` makes them; false, and nothing done, when one is unusual. */
  fixed(
    decode: FixedInKernel,
    from: number,
    to: number,
    builder: FixedBuilder<FixedArray>,
  ): boolean {
    const nulls = decode(this.code, from, to);
    if (nulls < 0) return false;
    builder.reserve(to - from);
    const { values, stride, length } = builder;
    const width = stride * values.BYTES_PER_ELEMENT;
    const decoded = this.#bytes.subarray(VALUES, VALUES + (to - from) * width);
    new Uint8Array(values.buffer).set(decoded, length * width);
    this.#append(nulls, from, to, builder);
    return true;
  }

  /** The same for bits. */
  bits(from: number, to: number, builder: BitBuilder): boolean {
    const phase = builder.length & 7;
    const nulls = this.code.bool(from, to, phase);
    if (nulls < 0) return false;
    builder.reserve(to - from);
    const first = builder.length >> 3;
    const more = (phase + to - from + 7) >> 3;
    builder.bits[first] |= this.#bytes[VALUES];
    builder.bits.set(this.#bytes.subarray(VALUES + 1, VALUES + more), first + 1);
    this.#append(nulls, from, to, builder);
    return true;
  }

  /** The same for bytes, without the first `skip` of each value. */
  text(from: number, to: number, skip: number, builder: BytesBuilder): boolean {
    const { used } = builder;
    const nulls = this.code.bytes(from, to, used, skip);
    if (nulls < 0) return false;
    const ends = this.#offsets.subarray(0, to - from);
    const end = ends[ends.length - 1];
    builder.reserve(to - from);
    builder.reserveBytes(end - used);
    builder.data.set(this.#bytes.subarray(TEXT, TEXT + end - used), used);
    builder.offsets.set(ends, builder.length + 1);
    builder.used = end;
    this.#append(nulls, from, to, builder);
    return true;
  }

  #append(nulls: number, from: number, to: number, builder: ColumnBuilder): void {
    const { length } = builder;
    if (nulls > 0) {
      const phase = length & 7;
      this.code.validity(from, to, phase);
      const bytes = (phase + to - from + 7) >> 3;
      builder.markNulls(this.#bytes.subarray(VALIDITY, VALIDITY + bytes), nulls);
    }
    builder.length = length + to - from;
  }
}
