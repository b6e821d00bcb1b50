/**
 * A writer of FlatBuffers: tables, texts and vectors, each made before what points to it.
 * https://flatbuffers.dev/internals/
 */

/** The width of a field in bytes; an offset points to what was written before. */
export type FieldKind = "int8" | "int16" | "int32" | "int64" | "offset";

/** One field of a table. What has its default is left out, by whoever lists the fields. */
export interface TableField {
  /** Its number in the schema. */
  readonly slot: number;
  readonly kind: FieldKind;
  readonly value: number;
}

const WIDTH: Record<FieldKind, number> = { int8: 1, int16: 2, int32: 4, int64: 8, offset: 4 };

const INITIAL_BYTES = 1024;
const OFFSET_BYTES = 4;
/** Of a table's description: its own length, and the table's. */
const DESCRIPTION_HEAD_BYTES = 4;

const encoder = new TextEncoder();

/** Writes from the last byte to the first, so that places are counted from the end. */
export class FlatBuffer {
  #view = new DataView(new ArrayBuffer(INITIAL_BYTES));
  /** Bytes that are written. */
  #size = 0;
  #alignment = 1;
  /** Places of the tables' descriptions, which tables of the same form share. */
  readonly #descriptions: number[] = [];

  /** @returns its place. */
  text(value: string): number {
    const bytes = encoder.encode(value);
    // Ends with a zero, which its length does not count.
    this.#align(OFFSET_BYTES, bytes.length + 1);
    this.#reserve(bytes.length + 1);
    new Uint8Array(this.#view.buffer).set(bytes, this.#start);
    this.#put("int32", bytes.length);
    return this.#size;
  }

  /** @returns its place. */
  vector(places: readonly number[]): number {
    this.#align(OFFSET_BYTES, OFFSET_BYTES * places.length);
    for (const place of places.toReversed()) this.#put("offset", place);
    this.#put("int32", places.length);
    return this.#size;
  }

  /** @param fields in the order in which they are written. @returns its place. */
  table(fields: readonly TableField[]): number {
    const end = this.#size;
    const slots: number[] = [];
    for (const { slot, kind, value } of fields) {
      this.#put(kind, value);
      slots[slot] = this.#size;
    }
    this.#put("int32", 0);
    const place = this.#size;
    const distances = Array.from(slots, (at) => at === undefined ? 0 : place - at);
    const description = this.#describe(distances, place - end);
    this.#view.setInt32(this.#view.byteLength - place, description - place, true);
    return place;
  }

  /** @param root the place of the outermost table. @returns the finished message. */
  finish(root: number): Uint8Array<ArrayBuffer> {
    this.#align(this.#alignment, OFFSET_BYTES);
    this.#put("offset", root);
    return new Uint8Array(this.#view.buffer as ArrayBuffer, this.#start);
  }

  /** @returns the place of a table's description: the one that is there already, or a new one. */
  #describe(distances: readonly number[], tableBytes: number): number {
    const before = this.#size;
    for (const distance of distances.toReversed()) this.#put("int16", distance);
    this.#put("int16", tableBytes);
    const bytes = DESCRIPTION_HEAD_BYTES + 2 * distances.length;
    this.#put("int16", bytes);
    const same = this.#descriptions.find((place) => this.#equal(place, this.#size, bytes));
    if (same !== undefined) {
      this.#size = before;
      return same;
    }
    this.#descriptions.push(this.#size);
    return this.#size;
  }

  #equal(a: number, b: number, bytes: number): boolean {
    const all = this.#view.byteLength;
    for (let i = 0; i < bytes; i += 2) {
      if (this.#view.getInt16(all - a + i) !== this.#view.getInt16(all - b + i)) return false;
    }
    return true;
  }

  get #start(): number {
    return this.#view.byteLength - this.#size;
  }

  /** Fills up with zeroes, so that what ends `after` bytes from here begins at a multiple of `width`. */
  #align(width: number, after: number): void {
    this.#alignment = Math.max(this.#alignment, width);
    this.#reserve(-(this.#size + after) & (width - 1));
  }

  #put(kind: FieldKind, value: number): void {
    const width = WIDTH[kind];
    this.#align(width, 0);
    this.#reserve(width);
    const at = this.#start;
    if (kind === "int8") this.#view.setInt8(at, value);
    else if (kind === "int16") this.#view.setInt16(at, value, true);
    else if (kind === "int64") this.#view.setBigInt64(at, BigInt(value), true);
    else this.#view.setInt32(at, kind === "offset" ? this.#size - value : value, true);
  }

  /** Zeroes before what is written, in a larger buffer where it is needed. */
  #reserve(bytes: number): void {
    const needed = this.#size + bytes;
    if (needed > this.#view.byteLength) {
      const larger = new Uint8Array(Math.max(2 * this.#view.byteLength, needed));
      larger.set(new Uint8Array(this.#view.buffer), larger.length - this.#view.byteLength);
      this.#view = new DataView(larger.buffer);
    }
    this.#size = needed;
    new Uint8Array(this.#view.buffer, this.#start, bytes).fill(0);
  }
}
