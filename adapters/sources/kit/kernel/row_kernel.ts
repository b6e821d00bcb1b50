/**
 * Rows in a WebAssembly module's memory: bytes are received into it, the module's functions lay out rows and decode a
 * column at a time (`fields.as`, and each engine's `kernel.as`), and columns are copied out of it
 * (docs/adr/0040-rows-in-webassembly.md).
 */
import {
  type BitBuilder,
  type BytesBuilder,
  type ColumnBuilder,
  type FixedArray,
  type FixedBuilder,
} from "../../../../core/batch/builders.ts";
import { type BinaryBlock, BLOCK_FIELDS, type LaidOut } from "../block.ts";
import type { ReceivedBytes } from "../received_bytes.ts";

/** Bytes that can be received into a kernel's memory. */
export const INPUT_BYTES = 256 * 1024;

/** Where the parts of the memory begin, as in `fields.as`. */
const STOPPED_AT = 0x50000;
const VALIDITY = 0x51000;
const VALUES = 0x60000;
const OFFSETS = 0x70000;
const TEXT = 0x80000;
const POSITIONS = 0x100000;
const LENGTHS = 0x200840;

/** What `fields.as` exports: what all engines' modules have. */
export interface RowKernelCode {
  readonly memory: WebAssembly.Memory;
  validity(from: number, to: number, phase: number): void;
  bool(from: number, to: number, phase: number, zero: number): number;
  uuid(from: number, to: number): number;
  bytes(from: number, to: number, used: number, skip: number): number;
}

/** A module's function for one column. Returns how many values are NULL; below 0 when one is unusual. */
export type DecodeFixed = (from: number, to: number) => number;

/** The call of one. */
export type FixedInKernel<C extends RowKernelCode> = (code: C, from: number, to: number) => number;

/** A block of rows; with the kernel in whose memory they lie, if they do. */
export interface RowBlock<C extends RowKernelCode> extends BinaryBlock {
  readonly kernel: RowKernel<C> | null;
}

/** Rows that are laid out, wherever they lie. */
export interface LaidOutRows<C extends RowKernelCode> extends LaidOut {
  readonly block: RowBlock<C>;
}

/** Where the fields of rows are, as a block has it. */
type Fields = Pick<BinaryBlock, "positions" | "lengths" | "stride">;

/** The kernel, while what was received lies in its memory. */
export function kernelOf<C extends RowKernelCode>(
  { bytes }: ReceivedBytes,
  kernel: RowKernel<C> | null,
): RowKernel<C> | null {
  return bytes === kernel?.input ? kernel : null;
}

/** What was received, with where its fields are. */
export function rowBlock<C extends RowKernelCode>(
  received: ReceivedBytes,
  kernel: RowKernel<C> | null,
  { positions, lengths, stride }: Fields,
): RowBlock<C> {
  const { bytes, view } = received;
  return { bytes, view, positions, lengths, stride, kernel: kernelOf(received, kernel) };
}

/** One memory, for one statement or connection at a time. */
export class RowKernel<C extends RowKernelCode = RowKernelCode> {
  readonly code: C;
  /** Where bytes are received. */
  readonly input: Uint8Array<ArrayBuffer>;
  readonly positions: Int32Array<ArrayBuffer>;
  readonly lengths: Int32Array<ArrayBuffer>;
  readonly #bytes: Uint8Array<ArrayBuffer>;
  readonly #offsets: Int32Array<ArrayBuffer>;
  /** What `layOut` says: where it stopped, bytes of the rows that are laid out, and what else an engine has. */
  readonly stopped: Int32Array<ArrayBuffer>;

  constructor(code: C) {
    const buffer = code.memory.buffer as ArrayBuffer;
    this.code = code;
    this.input = new Uint8Array(buffer, 0, INPUT_BYTES);
    this.positions = new Int32Array(buffer, POSITIONS, BLOCK_FIELDS);
    this.lengths = new Int32Array(buffer, LENGTHS, BLOCK_FIELDS);
    this.#bytes = new Uint8Array(buffer);
    this.#offsets = new Int32Array(buffer, OFFSETS, (TEXT - OFFSETS) / 4);
    this.stopped = new Int32Array(buffer, STOPPED_AT, 3);
  }

  /** Appends the fields `[from, to)` as `decode` makes them; false, and nothing done, when one is unusual. */
  fixed(
    decode: FixedInKernel<C>,
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

  /** The same for bits, of bytes that are `zero` or one more. */
  bits(from: number, to: number, zero: number, builder: BitBuilder): boolean {
    const phase = builder.length & 7;
    const nulls = this.code.bool(from, to, phase, zero);
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
    const asTheyAre = (code: C, from: number, to: number, used: number) =>
      code.bytes(from, to, used, skip);
    return this.made(asTheyAre, from, to, builder);
  }

  /** The same for bytes that `decode` makes, whose ends it counts from `used` on. */
  made(
    decode: (code: C, from: number, to: number, used: number) => number,
    from: number,
    to: number,
    builder: BytesBuilder,
  ): boolean {
    const { used } = builder;
    const nulls = decode(this.code, from, to, used);
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

/** The memories of one engine. */
export class RowKernels<C extends RowKernelCode> {
  readonly #wasm: string;
  #compiled: WebAssembly.Module | null = null;
  /** Of what has ended, for what comes next: a memory is given up by the collector alone, which is late. */
  readonly #free: RowKernel<C>[] = [];

  /** @param wasm the module in base64. */
  constructor(wasm: string) {
    this.#wasm = wasm;
  }

  /** Null where there is no WebAssembly with vectors, or no address space for another memory. */
  open(): RowKernel<C> | null {
    const used = this.#free.pop();
    if (used !== undefined) return used;
    try {
      this.#compiled ??= new WebAssembly.Module(Uint8Array.fromBase64(this.#wasm));
      const { exports } = new WebAssembly.Instance(this.#compiled);
      return new RowKernel(exports as unknown as C);
    } catch {
      return null;
    }
  }

  /** Nobody reads or writes it any more; at most once. */
  close(kernel: RowKernel<C>): void {
    this.#free.push(kernel);
  }
}
