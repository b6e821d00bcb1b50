/**
 * Rows in the checksum form `lookup3`: what the server's hash functions make of every value (`hash_sql.ts`), made
 * here from the binary form of the wire, a column at a time, in WebAssembly (`hash/lookup3.as`).
 */
import type { RowChecksum } from "../../../core/batch/row_checksum.ts";
import type { Column } from "../../../core/types/types.ts";
import type { BinaryBlock } from "../kit/block.ts";
import { WASM } from "./hash/wasm.ts";
import { type Field, fieldOf, LOOKUP3_FORM, seedOf } from "./hash_sql.ts";

/** Adds the hashes of a column. @param base what positions are counted from @param seed as a 64-bit number */
type AddColumn = (base: number, rows: number, seed: bigint) => void;

/** What `lookup3.as` exports; all addresses are of `memory`. */
interface Exports {
  readonly memory: WebAssembly.Memory;
  readonly positions: WebAssembly.Global;
  readonly lengths: WebAssembly.Global;
  readonly sums: WebAssembly.Global;
  readonly addBools: AddColumn;
  readonly addInt2s: AddColumn;
  readonly addInt4s: AddColumn;
  readonly addInt8s: AddColumn;
  readonly addTimestamps: AddColumn;
  readonly addNumerics: AddColumn;
  readonly addBytes: AddColumn;
  readonly addSent: AddColumn;
  finish(rows: number): void;
}

type Adder = Exclude<keyof Exports, "memory" | "positions" | "lengths" | "sums" | "finish">;

const ADDERS: Readonly<Record<Extract<Field, string>, Adder>> = {
  bool: "addBools",
  int2: "addInt2s",
  int4: "addInt4s",
  oid: "addInt4s",
  int8: "addInt8s",
  timestamp: "addTimestamps",
  timestamptz: "addTimestamps",
  numeric: "addNumerics",
  text: "addBytes",
  uuid: "addBytes",
};

/** That the module has room for. */
const MAX_ROWS = 4096;
const PAGE_BYTES = 64 * 1024;
/** Behind the module's own data. */
const BYTES_AT = 4 * PAGE_BYTES;
/** Memory for bytes that had to grow beyond this is given back. */
const KEPT_BYTES = 4 * 1024 * 1024;

let module: WebAssembly.Module | null = null;

/** The module, and views of its memory. */
class Hasher {
  readonly run: Exports;
  readonly #positions: number;
  readonly #lengths: number;
  readonly #sums: number;
  #bytes = new Uint8Array(0);
  #words = new Int32Array(0);

  constructor() {
    module ??= new WebAssembly.Module(Uint8Array.fromBase64(WASM));
    this.run = new WebAssembly.Instance(module).exports as unknown as Exports;
    this.#positions = this.run.positions.value / 4;
    this.#lengths = this.run.lengths.value / 4;
    this.#sums = this.run.sums.value / 8;
    this.reserve(PAGE_BYTES);
  }

  get capacity(): number {
    return this.#bytes.length - BYTES_AT;
  }

  reserve(size: number): void {
    if (size <= this.capacity) return;
    const { memory } = this.run;
    const missing = BYTES_AT + size - memory.buffer.byteLength;
    if (missing > 0) memory.grow(Math.ceil(missing / PAGE_BYTES));
    // Only a memory that threads share has another kind of buffer.
    const buffer = memory.buffer as ArrayBuffer;
    this.#bytes = new Uint8Array(buffer);
    this.#words = new Int32Array(buffer);
  }

  copyBytes(bytes: Uint8Array): void {
    this.#bytes.set(bytes, BYTES_AT);
  }

  copyFields({ positions, lengths }: BinaryBlock, from: number, rows: number): void {
    this.#words.set(positions.subarray(from, from + rows), this.#positions);
    this.#words.set(lengths.subarray(from, from + rows), this.#lengths);
  }

  /** Of the rows that are finished: of the high words, and of the low ones. */
  get sums(): readonly [high: number, low: number] {
    const [high, low] = new Float64Array(this.run.memory.buffer, this.#sums * 8, 2);
    return [high, low];
  }
}

/** Hashes rows as they are laid out. */
export class HashForm {
  readonly #checksum: RowChecksum;
  readonly #columns: readonly { readonly adder: Adder; readonly seed: bigint }[];
  #hasher = new Hasher();

  constructor(checksum: RowChecksum, columns: readonly Column[]) {
    checksum.useHashes(LOOKUP3_FORM);
    this.#checksum = checksum;
    this.#columns = columns.map((column, i) => {
      const field = fieldOf(column);
      return { adder: typeof field === "string" ? ADDERS[field] : "addSent", seed: seedOf(i) };
    });
  }

  /** Hashes the first `rows` tuples of the block. */
  add(block: BinaryBlock, rows: number): void {
    for (let from = 0; from < rows; from += MAX_ROWS) {
      this.#add(block, from, Math.min(rows, from + MAX_ROWS));
    }
  }

  #add(block: BinaryBlock, from: number, to: number): void {
    const { bytes, positions, lengths, stride } = block;
    // Fields lie in the order of rows and columns.
    const begin = positions[from];
    const last = (this.#columns.length - 1) * stride + to - 1;
    const end = positions[last] + Math.max(0, lengths[last]);
    const hasher = this.#hasherFor(end - begin);
    hasher.copyBytes(bytes.subarray(begin, end));
    const rows = to - from;
    for (const [c, { adder, seed }] of this.#columns.entries()) {
      hasher.copyFields(block, c * stride + from, rows);
      hasher.run[adder](BYTES_AT - begin, rows, seed);
    }
    hasher.run.finish(rows);
    const [high, low] = hasher.sums;
    this.#checksum.addHashes(high, low, rows);
  }

  #hasherFor(size: number): Hasher {
    if (this.#hasher.capacity > KEPT_BYTES && size <= KEPT_BYTES) this.#hasher = new Hasher();
    this.#hasher.reserve(size);
    return this.#hasher;
  }
}
