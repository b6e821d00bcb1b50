/**
 * The kernel, one per thread, and its memory, which grows and never shrinks: what lies in it beyond a call is either a
 * `Region` of this module or freed by its owner.
 */
import { FreeRoom } from "./free_room.ts";
import { WASM } from "./wasm.ts";

/** What `kernel.as` and `dictionary.as` export; all addresses are of `memory`. */
interface Exports {
  readonly memory: WebAssembly.Memory;
  readonly found: WebAssembly.Global;
  delta32(values: number, count: number, out: number): number;
  delta64(values: number, count: number, out: number): number;
  hybrid8(values: number, count: number, width: number, out: number): number;
  hybrid32(values: number, count: number, width: number, out: number): number;
  packBits(values: number, count: number, out: number): number;
  extremesI32(values: number, count: number): void;
  extremesI64(values: number, count: number): void;
  extremesU64(values: number, count: number): void;
  extremesF32(values: number, count: number): number;
  extremesF64(values: number, count: number): number;
  boundsOfBytes(lengths: number, bytes: number, count: number): void;
  boundsOfFixed(values: number, width: number, count: number, signed: boolean): void;
  spreadBits(bits: number, from: number, count: number, out: number): number;
  compact(values: number, width: number, valid: number, count: number, out: number): void;
  compactOffsets(offsets: number, valid: number, count: number, out: number): number;
  listLevels(
    offsets: number,
    rows: number,
    rowValid: number,
    valid: number,
    present: number,
    definition: number,
    repetition: number,
  ): number;
  widen16(values: number, count: number, out: number): void;
  low32(values: number, stride: number, count: number, out: number): void;
  low64(values: number, stride: number, count: number, out: number): void;
  bigEndian(values: number, stride: number, width: number, count: number, out: number): void;
  splitStreams(values: number, width: number, count: number, out: number): void;
  interleave(lengths: number, bytes: number, count: number, out: number): number;
  prefixes(
    lengths: number,
    bytes: number,
    count: number,
    shared: number,
    rests: number,
  ): number;
  appendRests(
    shared: number,
    rests: number,
    bytes: number,
    count: number,
    out: number,
  ): number;
  indexWords32(dictionary: number, values: number, count: number, indices: number): number;
  indexWords64(dictionary: number, values: number, count: number, indices: number): number;
  indexBytes(
    dictionary: number,
    offsets: number,
    bytes: number,
    count: number,
    indices: number,
  ): number;
  indexFixed(
    dictionary: number,
    width: number,
    values: number,
    count: number,
    indices: number,
  ): number;
  rehash(dictionary: number, width: number): void;
  markUsed(indices: number, count: number, used: number): number;
  gatherUsed(dictionary: number, width: number, used: number, out: number): number;
  gatherUsedBytes(dictionary: number, used: number, lengths: number, out: number): number;
  gather(dictionary: number, width: number, indices: number, count: number, out: number): void;
  gatherBytes(
    dictionary: number,
    indices: number,
    count: number,
    lengths: number,
    out: number,
  ): number;
}

/** Where the kernel's own data ends. */
const FIRST_ADDRESS = 64 * 1024;
const PAGE_BYTES = 64 * 1024;
/** The memory grows by so much: every time, the views of it are made anew. */
const GROWTH_BYTES = 1024 * 1024;
/** The least that is handed out. */
const MIN_BYTES = 1024;
/** Behind what was asked for: the kernel reads and writes a little beyond. */
const SLACK = 64;
/** Sizes between one power of two and the next: what is freed is mostly what others ask for. */
const STEPS = 4;
/** What grows is moved, so that it grows by some part of itself. */
const GROWTH = 1.5;

/** Where something lies. */
export interface Block {
  readonly address: number;
  /** Bytes, without what the kernel may touch beyond. */
  readonly capacity: number;
}

const NOTHING: Block = { address: 0, capacity: 0 };

/** The least of the sizes that has room: mostly asked for are powers of two, which are some of them. */
function roundUp(bytes: number): number {
  if (bytes <= MIN_BYTES) return MIN_BYTES;
  const step = 2 ** (31 - Math.clz32(bytes - 1)) / STEPS;
  return Math.ceil(bytes / step) * step;
}

let module: WebAssembly.Module | null = null;

/** The kernel of this thread. */
class Kernel {
  readonly run: Exports;
  /** Address of `found`. */
  readonly found: number;
  #bytes: Uint8Array = new Uint8Array(0);
  #words: Int32Array = new Int32Array(0);
  #end = FIRST_ADDRESS;
  readonly #free = new FreeRoom();

  constructor() {
    module ??= new WebAssembly.Module(Uint8Array.fromBase64(WASM));
    this.run = new WebAssembly.Instance(module).exports as unknown as Exports;
    this.found = this.run.found.value;
  }

  /** All of the memory. Stale after the next `take`. */
  get bytes(): Uint8Array {
    // It is detached, and empty, once the memory has grown.
    if (this.#bytes.length === 0) this.#bytes = new Uint8Array(this.run.memory.buffer);
    return this.#bytes;
  }

  /** The same as integers of 32 bits. */
  get words(): Int32Array {
    if (this.#words.length === 0) this.#words = new Int32Array(this.run.memory.buffer);
    return this.#words;
  }

  /** A view that is good until the next `take`. */
  view(address: number, length: number): Uint8Array {
    return this.bytes.subarray(address, address + length);
  }

  /** Room for `bytes` bytes, whatever was in it. */
  take(bytes: number): Block {
    const capacity = roundUp(bytes);
    const size = capacity + SLACK;
    const free = this.#free.take(size);
    return { address: free < 0 ? this.#extend(size) : free, capacity };
  }

  give({ address, capacity }: Block): void {
    if (address !== 0) this.#free.give(address, capacity + SLACK);
  }

  #extend(size: number): number {
    const address = this.#free.takeLast(this.#end);
    this.#end = address + size;
    const { memory } = this.run;
    const missing = this.#end - memory.buffer.byteLength;
    if (missing > 0) memory.grow(Math.ceil(Math.max(missing, GROWTH_BYTES) / PAGE_BYTES));
    return address;
  }
}

let ofThread: Kernel | null = null;

/** Made when it is first asked for. */
export function kernel(): Kernel {
  return ofThread ??= new Kernel();
}

/** A place that is used again and again, and grows to what was most. */
export class Region {
  #block = NOTHING;

  get address(): number {
    return this.#block.address;
  }

  get capacity(): number {
    return this.#block.capacity;
  }

  /** Room for `bytes` bytes, of which the first `keep` stay. @returns its address. */
  reserve(bytes: number, keep = 0): number {
    if (bytes > this.#block.capacity) {
      const old = this.#block;
      if (keep === 0) this.free();
      this.#block = kernel().take(keep > 0 ? Math.max(bytes, old.capacity * GROWTH) : bytes);
      if (keep > 0) {
        kernel().bytes.copyWithin(this.#block.address, old.address, old.address + keep);
        kernel().give(old);
      }
    }
    return this.#block.address;
  }

  /** Copies `source` into it. @returns its address. */
  put(source: Uint8Array | Int32Array): number {
    const address = this.reserve(source.byteLength);
    const { bytes, words } = kernel();
    if (source instanceof Uint8Array) bytes.set(source, address);
    else words.set(source, address >> 2);
    return address;
  }

  /** Gives the memory back. */
  free(): void {
    kernel().give(this.#block);
    this.#block = NOTHING;
  }
}

const forgotten = new FinalizationRegistry<readonly Region[]>((regions) => {
  for (const region of regions) region.free();
});

/** Frees the regions of an owner that was dropped before it freed them. */
export function freeWith(owner: object, regions: readonly Region[]): void {
  forgotten.register(owner, regions);
}

/** Of what comes into the kernel and is done with when a call of this folder's returns. */
export const input: Region = new Region();
/** One byte a row: whether it has a value. */
export const valid: Region = new Region();
/** Of what comes out of it; the same. */
export const output: Region = new Region();
