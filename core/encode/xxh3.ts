/**
 * The low 64 bits of xxh3-128 with seed 0, for many short inputs in a row: by a small WebAssembly module, in whose
 * memory the inputs are laid out.
 * https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md
 */
import { WASM } from "./kernel/wasm.ts";
import { type FormBuffer, MAX_INPUTS } from "./value_form.ts";

/** What `kernel/row_xxh3.as` exports; all addresses are of `memory`. */
interface Exports {
  readonly memory: WebAssembly.Memory;
  hashRows(at: number, ends: number, rows: number, out: number): void;
}

const PAGE_BYTES = 64 * 1024;
/** Behind the kernel's own data. */
const OUT_AT = PAGE_BYTES;
const ENDS_AT = OUT_AT + MAX_INPUTS * 8;
const INPUTS_AT = ENDS_AT + MAX_INPUTS * 4;
const FIRST_CAPACITY = PAGE_BYTES;

let module: WebAssembly.Module | null = null;

function instantiate(): Exports {
  module ??= new WebAssembly.Module(Uint8Array.fromBase64(WASM));
  return new WebAssembly.Instance(module).exports as unknown as Exports;
}

/** Where inputs are laid out: the kernel's memory, from `INPUTS_AT` on. */
class InputBuffer implements FormBuffer {
  readonly #memory: WebAssembly.Memory;
  bytes: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  view: DataView<ArrayBuffer> = new DataView(new ArrayBuffer(0));
  words: Int32Array<ArrayBuffer> = new Int32Array(0);

  constructor(memory: WebAssembly.Memory) {
    this.#memory = memory;
    this.reserve(FIRST_CAPACITY);
  }

  reserve(size: number): void {
    if (size <= this.bytes.length) return;
    const wanted = INPUTS_AT + Math.max(size, this.bytes.length * 2);
    const missing = wanted - this.#memory.buffer.byteLength;
    if (missing > 0) this.#memory.grow(Math.ceil(missing / PAGE_BYTES));
    // Only a memory that threads share has another kind of buffer.
    const buffer = this.#memory.buffer as ArrayBuffer;
    this.bytes = new Uint8Array(buffer, INPUTS_AT);
    this.view = new DataView(buffer, INPUTS_AT);
    this.words = new Int32Array(buffer);
  }
}

/** A memory that had to grow beyond this is given back. */
const KEPT_BYTES = 4 * 1024 * 1024;

/** One serves one thread. */
export class Xxh3 {
  #run = instantiate();
  #inputs = new InputBuffer(this.#run.memory);

  /** Inputs of `size` bytes in all are written into the buffer, one behind another from 0 on. */
  begin(size: number): FormBuffer {
    if (this.#inputs.bytes.length > KEPT_BYTES && size <= KEPT_BYTES) {
      this.#run = instantiate();
      this.#inputs = new InputBuffer(this.#run.memory);
    }
    this.#inputs.reserve(size);
    return this.#inputs;
  }

  /**
   * Hashes the first `count` inputs, which end where `ends` says. The hash of each is two words of `out` from `index`
   * on, the low one first. @param count `MAX_INPUTS` at most
   */
  hash(ends: Int32Array, count: number, out: Int32Array, index: number): void {
    const { words } = this.#inputs;
    for (let i = 0; i < count; i++) words[ENDS_AT / 4 + i] = INPUTS_AT + ends[i];
    this.#run.hashRows(INPUTS_AT, ENDS_AT, count, OUT_AT);
    out.set(words.subarray(OUT_AT / 4, OUT_AT / 4 + count * 2), index);
  }
}

let ofThread: Xxh3 | null = null;

/** The one of this thread: an instance takes longer to make than a small chunk to hash. */
export function createXxh3(): Xxh3 {
  return ofThread ??= new Xxh3();
}
