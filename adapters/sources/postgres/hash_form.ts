/**
 * Rows in the checksum form `lookup3`: what the server's hash functions make of every value (`hash_sql.ts`), made
 * here from the binary form of the wire, a column at a time.
 */
import type { RowChecksum } from "../../../core/batch/row_checksum.ts";
import type { Column } from "../../../core/types/types.ts";
import type { BinaryBlock } from "../kit/block.ts";
import { type Field, fieldOf, LATER_US, LOOKUP3_FORM, type Seed, seedOf } from "./hash_sql.ts";
import { hashBytes, hashed, hashWord } from "./jenkins.ts";

const LATER_LOW = Number(BigInt.asIntN(32, LATER_US));
const LATER_HIGH = Number(LATER_US >> 32n);

const NEGATIVE = 0x4000;

/** Hashes rows as they are laid out. */
export class HashForm {
  readonly #checksum: RowChecksum;
  readonly #fields: readonly Field[];
  readonly #seeds: readonly Seed[];
  #low = new Int32Array(0);
  #high = new Int32Array(0);
  /** The digits of a numeric, in the order of bytes that they are stored in. */
  #digits = new DataView(new ArrayBuffer(64));

  constructor(checksum: RowChecksum, columns: readonly Column[]) {
    checksum.useHashes(LOOKUP3_FORM);
    this.#checksum = checksum;
    this.#fields = columns.map(fieldOf);
    this.#seeds = columns.map((_, i) => seedOf(i));
  }

  /** Hashes the first `rows` tuples of the block. */
  add(block: BinaryBlock, rows: number): void {
    if (this.#low.length < rows) {
      this.#low = new Int32Array(rows);
      this.#high = new Int32Array(rows);
    }
    const low = this.#low;
    const high = this.#high;
    low.fill(0, 0, rows);
    high.fill(0, 0, rows);
    for (let c = 0; c < this.#fields.length; c++) {
      this.#column(this.#fields[c], block, c * block.stride, rows, this.#seeds[c]);
    }
    for (let row = 0; row < rows; row++) {
      hashWord(0, low[row], high[row]);
      low[row] = hashed.low;
      high[row] = hashed.high;
    }
    this.#checksum.addHashes(low, high, rows);
  }

  #column(field: Field, block: BinaryBlock, base: number, rows: number, seed: Seed): void {
    if (typeof field !== "string") return this.#sent(block, base, rows, seed);
    switch (field) {
      case "bool":
      case "int2":
      case "int4":
      case "oid":
        return this.#words(field, block, base, rows, seed);
      case "int8":
        return this.#int8(block, base, rows, seed);
      case "timestamp":
      case "timestamptz":
        return this.#timestamps(block, base, rows, seed);
      case "numeric":
        return this.#numeric(block, base, rows, seed);
      case "text":
      case "uuid":
        return this.#bytes(block, base, rows, seed);
    }
  }

  #words(
    field: "bool" | "int2" | "int4" | "oid",
    { view, positions, lengths }: BinaryBlock,
    base: number,
    rows: number,
    seed: Seed,
  ): void {
    const low = this.#low;
    const high = this.#high;
    for (let row = 0, i = base; row < rows; row++, i++) {
      if (lengths[i] < 0) continue;
      const at = positions[i];
      const value = field === "int2"
        ? view.getInt16(at)
        : field === "bool"
        ? view.getUint8(at)
        : view.getInt32(at);
      hashWord(value, seed.low, seed.high);
      low[row] ^= hashed.low;
      high[row] ^= hashed.high;
    }
  }

  #int8({ view, positions, lengths }: BinaryBlock, base: number, rows: number, seed: Seed): void {
    const low = this.#low;
    const high = this.#high;
    for (let row = 0, i = base; row < rows; row++, i++) {
      if (lengths[i] < 0) continue;
      const top = view.getInt32(positions[i]);
      const bottom = view.getInt32(positions[i] + 4);
      hashWord(bottom ^ (top < 0 ? ~top : top), seed.low, seed.high);
      low[row] ^= hashed.low ^ bottom;
      high[row] ^= hashed.high ^ top;
    }
  }

  #timestamps(
    { view, positions, lengths }: BinaryBlock,
    base: number,
    rows: number,
    seed: Seed,
  ): void {
    const low = this.#low;
    const high = this.#high;
    for (let row = 0, i = base; row < rows; row++, i++) {
      if (lengths[i] < 0) continue;
      const top = view.getInt32(positions[i]);
      const bottom = view.getInt32(positions[i] + 4);
      hashWord(bottom ^ (top < 0 ? ~top : top), seed.low, seed.high);
      low[row] ^= hashed.low;
      high[row] ^= hashed.high;
      const laterLow = (bottom + LATER_LOW) | 0;
      const carry = (laterLow >>> 0) < (bottom >>> 0) ? 1 : 0;
      const laterHigh = (top + LATER_HIGH + carry) | 0;
      hashWord(laterLow ^ (laterHigh < 0 ? ~laterHigh : laterHigh), seed.low, seed.high);
      low[row] ^= hashed.low;
      high[row] ^= hashed.high;
    }
  }

  #bytes({ view, positions, lengths }: BinaryBlock, base: number, rows: number, seed: Seed): void {
    const low = this.#low;
    const high = this.#high;
    for (let row = 0, i = base; row < rows; row++, i++) {
      if (lengths[i] < 0) continue;
      hashBytes(view, positions[i], lengths[i], seed.low, seed.high);
      low[row] ^= hashed.low;
      high[row] ^= hashed.high;
    }
  }

  /** As an array of one element: 31 and the element's hash, which is 0 for NULL. */
  #sent({ view, positions, lengths }: BinaryBlock, base: number, rows: number, seed: Seed): void {
    const low = this.#low;
    const high = this.#high;
    for (let row = 0, i = base; row < rows; row++, i++) {
      if (lengths[i] < 0) {
        low[row] ^= 31;
        continue;
      }
      hashBytes(view, positions[i], lengths[i], seed.low, seed.high);
      const sum = (hashed.low + 31) | 0;
      low[row] ^= sum;
      high[row] ^= (sum >>> 0) < 31 ? hashed.high + 1 : hashed.high;
    }
  }

  #numeric(block: BinaryBlock, base: number, rows: number, seed: Seed): void {
    const { view, positions, lengths } = block;
    const low = this.#low;
    const high = this.#high;
    for (let row = 0, i = base; row < rows; row++, i++) {
      if (lengths[i] < 0) continue;
      const flip = view.getUint16(positions[i] + 4) === NEGATIVE ? -1 : 0;
      this.#hashNumeric(view, positions[i], seed);
      low[row] ^= hashed.low ^ flip;
      high[row] ^= hashed.high ^ flip;
    }
  }

  /** The digits without zeros around them, and the place of the first. */
  #hashNumeric(view: DataView, at: number, seed: Seed): void {
    let from = 0;
    let to = view.getUint16(at);
    const first = at + 8;
    while (from < to && view.getInt16(first + from * 2) === 0) from++;
    while (to > from && view.getInt16(first + to * 2 - 2) === 0) to--;
    if (from === to) {
      hashed.low = (seed.low - 1) | 0;
      hashed.high = seed.low === 0 ? (seed.high - 1) | 0 : seed.high;
      return;
    }
    const bytes = (to - from) * 2;
    if (this.#digits.byteLength < bytes) this.#digits = new DataView(new ArrayBuffer(bytes * 2));
    const digits = this.#digits;
    for (let i = from; i < to; i++) {
      digits.setInt16((i - from) * 2, view.getInt16(first + i * 2), true);
    }
    hashBytes(digits, 0, bytes, seed.low, seed.high);
    const weight = view.getInt16(at + 2) - from;
    hashed.low ^= weight;
    hashed.high ^= weight >> 31;
  }
}
