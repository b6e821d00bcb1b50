/**
 * Rows in the checksum form `lookup3`: what the server's hash functions make of every value (`hash_sql.ts`), made
 * here from the binary form of the wire, a column at a time.
 */
import type { RowChecksum } from "../../../core/batch/row_checksum.ts";
import type { Column } from "../../../core/types/types.ts";
import type { BinaryBlock } from "../kit/block.ts";
import { type Field, fieldOf, LATER_US, LOOKUP3_FORM, type Seed, seedOf } from "./hash_sql.ts";
import {
  hashBytes,
  type Hashes,
  hashSeeds,
  hashWord,
  type WordState,
  wordState,
} from "./jenkins.ts";

const LATER_LOW = Number(BigInt.asIntN(32, LATER_US));
const LATER_HIGH = Number(LATER_US >> 32n);

const NEGATIVE = 0x4000;

/** Hashes rows as they are laid out. */
export class HashForm {
  readonly #checksum: RowChecksum;
  readonly #fields: readonly Field[];
  readonly #seeds: readonly Seed[];
  readonly #states: readonly WordState[];
  #hashes: Hashes = { low: new Int32Array(0), high: new Int32Array(0) };

  constructor(checksum: RowChecksum, columns: readonly Column[]) {
    checksum.useHashes(LOOKUP3_FORM);
    this.#checksum = checksum;
    this.#fields = columns.map(fieldOf);
    this.#seeds = columns.map((_, i) => seedOf(i));
    this.#states = this.#seeds.map(wordState);
  }

  /** Hashes the first `rows` tuples of the block. */
  add(block: BinaryBlock, rows: number): void {
    if (this.#hashes.low.length < rows) {
      this.#hashes = { low: new Int32Array(rows), high: new Int32Array(rows) };
    }
    const { low, high } = this.#hashes;
    low.fill(0, 0, rows);
    high.fill(0, 0, rows);
    for (let c = 0; c < this.#fields.length; c++) this.#column(c, block, rows);
    hashSeeds(this.#hashes, rows);
    this.#checksum.addHashes(low, high, rows);
  }

  #column(c: number, block: BinaryBlock, rows: number): void {
    const field = this.#fields[c];
    const base = c * block.stride;
    const seed = this.#seeds[c];
    const state = this.#states[c];
    if (typeof field !== "string") return addSent(block, base, rows, seed, this.#hashes);
    switch (field) {
      case "bool":
        return addBools(block, base, rows, state, this.#hashes);
      case "int2":
        return addInt2s(block, base, rows, state, this.#hashes);
      case "int4":
      case "oid":
        return addInt4s(block, base, rows, state, this.#hashes);
      case "int8":
        return addInt8s(block, base, rows, state, this.#hashes);
      case "timestamp":
      case "timestamptz":
        return addTimestamps(block, base, rows, state, this.#hashes);
      case "numeric":
        return addNumerics(block, base, rows, seed, this.#hashes);
      case "text":
      case "uuid":
        return addBytes(block, base, rows, seed, this.#hashes);
    }
  }
}

function addBools(
  { view, positions, lengths }: BinaryBlock,
  base: number,
  rows: number,
  state: WordState,
  out: Hashes,
): void {
  for (let row = 0, i = base; row < rows; row++, i++) {
    if (lengths[i] >= 0) hashWord(view.getUint8(positions[i]), state, out, row);
  }
}

function addInt2s(
  { view, positions, lengths }: BinaryBlock,
  base: number,
  rows: number,
  state: WordState,
  out: Hashes,
): void {
  for (let row = 0, i = base; row < rows; row++, i++) {
    if (lengths[i] >= 0) hashWord(view.getInt16(positions[i]), state, out, row);
  }
}

function addInt4s(
  { view, positions, lengths }: BinaryBlock,
  base: number,
  rows: number,
  state: WordState,
  out: Hashes,
): void {
  for (let row = 0, i = base; row < rows; row++, i++) {
    if (lengths[i] >= 0) hashWord(view.getInt32(positions[i]), state, out, row);
  }
}

/** Eight bytes folded to four, as the server does before it hashes them. */
function folded(high: number, low: number): number {
  return low ^ (high < 0 ? ~high : high);
}

function addInt8s(
  { view, positions, lengths }: BinaryBlock,
  base: number,
  rows: number,
  state: WordState,
  out: Hashes,
): void {
  const { low, high } = out;
  for (let row = 0, i = base; row < rows; row++, i++) {
    if (lengths[i] < 0) continue;
    const top = view.getInt32(positions[i]);
    const bottom = view.getInt32(positions[i] + 4);
    hashWord(folded(top, bottom), state, out, row);
    low[row] ^= bottom;
    high[row] ^= top;
  }
}

function addTimestamps(
  { view, positions, lengths }: BinaryBlock,
  base: number,
  rows: number,
  state: WordState,
  out: Hashes,
): void {
  for (let row = 0, i = base; row < rows; row++, i++) {
    if (lengths[i] < 0) continue;
    const top = view.getInt32(positions[i]);
    const bottom = view.getInt32(positions[i] + 4);
    hashWord(folded(top, bottom), state, out, row);
    const laterLow = (bottom + LATER_LOW) | 0;
    const carry = (laterLow >>> 0) < (bottom >>> 0) ? 1 : 0;
    hashWord(folded((top + LATER_HIGH + carry) | 0, laterLow), state, out, row);
  }
}

function addBytes(
  { view, positions, lengths }: BinaryBlock,
  base: number,
  rows: number,
  seed: Seed,
  out: Hashes,
): void {
  for (let row = 0, i = base; row < rows; row++, i++) {
    if (lengths[i] >= 0) hashBytes(view, positions[i], lengths[i], seed, out, row);
  }
}

/** One hash, to be calculated with. */
const one: Hashes = { low: new Int32Array(1), high: new Int32Array(1) };
/** What an array of one element adds to the element's hash, which is 0 for NULL. */
const ARRAY_OF_ONE = 31;

function addSent(
  { view, positions, lengths }: BinaryBlock,
  base: number,
  rows: number,
  seed: Seed,
  { low, high }: Hashes,
): void {
  for (let row = 0, i = base; row < rows; row++, i++) {
    one.low[0] = 0;
    one.high[0] = 0;
    if (lengths[i] >= 0) hashBytes(view, positions[i], lengths[i], seed, one, 0);
    const sum = (one.low[0] + ARRAY_OF_ONE) | 0;
    low[row] ^= sum;
    high[row] ^= (sum >>> 0) < ARRAY_OF_ONE ? one.high[0] + 1 : one.high[0];
  }
}

function addNumerics(
  { view, positions, lengths }: BinaryBlock,
  base: number,
  rows: number,
  seed: Seed,
  out: Hashes,
): void {
  const { low, high } = out;
  for (let row = 0, i = base; row < rows; row++, i++) {
    if (lengths[i] < 0) continue;
    addNumeric(view, positions[i], seed, out, row);
    const flip = view.getUint16(positions[i] + 4) === NEGATIVE ? -1 : 0;
    low[row] ^= flip;
    high[row] ^= flip;
  }
}

/** The digits of a numeric, in the order of bytes that they are stored in. */
let digits = new DataView(new ArrayBuffer(64));

/** Of the digits without zeros around them, and the place of the first. */
function addNumeric(view: DataView, at: number, seed: Seed, out: Hashes, row: number): void {
  let from = 0;
  let to = view.getUint16(at);
  const first = at + 8;
  while (from < to && view.getInt16(first + from * 2) === 0) from++;
  while (to > from && view.getInt16(first + to * 2 - 2) === 0) to--;
  if (from === to) {
    // Less 1, as the server says it.
    out.low[row] ^= seed.low - 1;
    out.high[row] ^= seed.low === 0 ? seed.high - 1 : seed.high;
    return;
  }
  const bytes = (to - from) * 2;
  if (digits.byteLength < bytes) digits = new DataView(new ArrayBuffer(bytes * 2));
  for (let i = from; i < to; i++) {
    digits.setInt16((i - from) * 2, view.getInt16(first + i * 2), true);
  }
  hashBytes(digits, 0, bytes, seed, out, row);
  const weight = view.getInt16(at + 2) - from;
  out.low[row] ^= weight;
  out.high[row] ^= weight >> 31;
}
