/** xxh3-64 with seed 0, of bytes that come in pieces. */
import { WASM } from "./kernel/wasm.ts";

interface Exports {
  readonly memory: WebAssembly.Memory;
  readonly accumulators: WebAssembly.Global;
  readonly result: WebAssembly.Global;
  begin(): void;
  blocks(at: number, count: number): void;
  finish(at: number, rest: number, length: number): void;
}

const BLOCK_BYTES = 1024;
/** Of those before the rest, which its last stripe may reach into. */
const HISTORY_BYTES = 64;
const ACCUMULATOR_BYTES = 64;
/** Where the bytes lie, behind the kernel's own data: the second page of its memory and the third. */
const INPUT = 64 * 1024;
const INPUT_BYTES = 60 * 1024;
const PAGES = 2;

/** One per thread; what belongs to an input is taken along when its call ends. */
class Kernel {
  readonly run: Exports;
  readonly bytes: Uint8Array;
  readonly accumulators: number;
  readonly result: DataView;

  constructor() {
    const module = new WebAssembly.Module(Uint8Array.fromBase64(WASM));
    this.run = new WebAssembly.Instance(module).exports as unknown as Exports;
    const { memory, accumulators, result } = this.run;
    memory.grow(PAGES);
    this.bytes = new Uint8Array(memory.buffer);
    this.accumulators = accumulators.value;
    this.result = new DataView(memory.buffer, result.value, 8);
  }
}

let ofThread: Kernel | null = null;

/** One input. */
export class Xxh3Stream {
  readonly #kernel = ofThread ??= new Kernel();
  readonly #accumulators = new Uint8Array(ACCUMULATOR_BYTES);
  /** What was taken in last, and what was not: the second begins at `HISTORY_BYTES`. */
  readonly #tail = new Uint8Array(HISTORY_BYTES + BLOCK_BYTES);
  #rest = 0;
  #length = 0;

  constructor() {
    this.#kernel.run.begin();
    this.#takeAlong();
  }

  update(bytes: Uint8Array): this {
    const most = INPUT_BYTES - HISTORY_BYTES - BLOCK_BYTES;
    for (let at = 0; at < bytes.length; at += most) this.#add(bytes.subarray(at, at + most));
    return this;
  }

  /** 16 hex digits. */
  digest(): string {
    const { run, result } = this.#kernel;
    this.#put();
    run.finish(INPUT + HISTORY_BYTES, this.#rest, this.#length);
    return result.getBigUint64(0, true).toString(16).padStart(16, "0");
  }

  #add(bytes: Uint8Array): void {
    const { run, bytes: memory } = this.#kernel;
    const start = this.#put();
    memory.set(bytes, start + this.#rest);
    this.#length += bytes.length;
    const held = this.#rest + bytes.length;
    // A block is taken in when something follows it: the last bytes are treated otherwise.
    const blocks = Math.floor((held - 1) / BLOCK_BYTES);
    const taken = blocks * BLOCK_BYTES;
    run.blocks(start, blocks);
    this.#rest = held - taken;
    this.#tail.set(memory.subarray(start + taken - HISTORY_BYTES, start + held));
    this.#takeAlong();
  }

  /** Puts what the input has come to into the kernel. @returns where what was not taken in begins. */
  #put(): number {
    const { bytes, accumulators } = this.#kernel;
    bytes.set(this.#accumulators, accumulators);
    bytes.set(this.#tail.subarray(0, HISTORY_BYTES + this.#rest), INPUT);
    return INPUT + HISTORY_BYTES;
  }

  #takeAlong(): void {
    const { bytes, accumulators } = this.#kernel;
    this.#accumulators.set(bytes.subarray(accumulators, accumulators + ACCUMULATOR_BYTES));
  }
}

const utf8 = new TextEncoder();

/** 16 hex digits, of a text in UTF-8. */
export function xxh3OfText(text: string): string {
  return new Xxh3Stream().update(utf8.encode(text)).digest();
}
