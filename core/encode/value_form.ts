/**
 * The bytes a value is hashed as. They are a public contract: row hashes must be the same on every run,
 * platform and engine, and however rows fall into batches (docs/adr/0006-row-hash.md).
 *
 * Every value begins with one byte: 0 for NULL, which has nothing after it, 1 otherwise. Then, all
 * numbers little-endian:
 *
 * | type | bytes |
 * |---|---|
 * | bool | 1: 0 or 1 |
 * | int, any width | 8, sign-extended; uint64 unsigned |
 * | float32, float64 | 8: IEEE 754 double; every NaN as 0x7ff8000000000000 |
 * | decimal | the unscaled integer, two's complement: 16 up to precision 38, else 32 |
 * | date | 4: days since 1970-01-01 |
 * | time | 8: microseconds since midnight |
 * | timestamp | 8: ticks of the column's unit since 1970-01-01T00:00:00 |
 * | uuid | 16, in the order of its text |
 * | text, json, interval, binary | 4: length in bytes, then the bytes (UTF-8 as received) |
 * | list | 4: number of elements, then each element as a value of its own |
 */
import type { ColumnData } from "../batch/batch.ts";
import { LAYOUT_WIDTH, layoutOf, type RivetType } from "../types/types.ts";

/** Inputs that are laid out and hashed in one call. */
export const MAX_INPUTS = 512;

/** A growable buffer and two views of it. */
export interface FormBuffer {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly view: DataView<ArrayBuffer>;
  /** Makes room for `size` bytes in all; what was in it is gone, and the views are others. */
  reserve(size: number): void;
}

/** The form of a column's values, bound to one batch. Without the leading byte; the row is not NULL. */
interface ValueForm {
  /** Bytes of every value, or null when they differ. */
  readonly width: number | null;
  size(row: number): number;
  /** Writes at `at` and returns where the value ends. */
  write(to: FormBuffer, row: number, at: number): number;
  /** `NullableForm.writeRows`, for forms that most columns have: a loop of its own each, without calls. */
  writeRows?(
    to: FormBuffer,
    from: number,
    until: number,
    at: Int32Array,
    validity: Uint8Array | null,
  ): void;
}

/** The same with the leading byte. */
export class NullableForm {
  readonly #form: ValueForm;
  readonly #validity: Uint8Array | null;

  constructor(type: RivetType, data: ColumnData) {
    this.#form = valueForm(type, data);
    this.#validity = data.validity;
  }

  size(row: number): number {
    return this.isNull(row) ? 1 : 1 + this.#form.size(row);
  }

  write(to: FormBuffer, row: number, at: number): number {
    if (this.isNull(row)) {
      to.bytes[at] = 0;
      return at + 1;
    }
    to.bytes[at] = 1;
    return this.#form.write(to, row, at + 1);
  }

  /** Writes the values of rows `from` to `to`, each where `at[0...]` says, which then says where it ends. */
  writeRows(to: FormBuffer, from: number, until: number, at: Int32Array): void {
    const { writeRows } = this.#form;
    if (writeRows !== undefined) return writeRows(to, from, until, at, this.#validity);
    for (let row = from; row < until; row++) at[row - from] = this.write(to, row, at[row - from]);
  }

  /** Adds the sizes of rows `from` to `to` to `sizes[0...]`. */
  addSizes(sizes: Int32Array, from: number, to: number): void {
    const { width } = this.#form;
    for (let row = from; row < to; row++) {
      sizes[row - from] += this.isNull(row) ? 1 : 1 + (width ?? this.#form.size(row));
    }
  }

  isNull(row: number): boolean {
    return isNullIn(this.#validity, row);
  }
}

function fixed(width: number, write: ValueForm["write"]): ValueForm {
  return { width, size: () => width, write };
}

function valueForm(type: RivetType, data: ColumnData): ValueForm {
  const layout = layoutOf(type);
  switch (layout) {
    case "bit":
      return fixed(1, (to, row, at) => {
        to.bytes[at] = (data.values[row >> 3] >> (row & 7)) & 1;
        return at + 1;
      });
    case "i16":
      return smallInteger(new Int16Array(...span(data, 2)));
    case "i32": {
      const values = new Int32Array(...span(data, 4));
      return type.kind === "int" ? smallInteger(values) : words(values, 1);
    }
    case "i64":
    case "u64":
    case "dec128":
    case "dec256":
    case "fixed16":
      return words(new Int32Array(...span(data, 4)), LAYOUT_WIDTH[layout] / 4);
    case "f32":
      return float(new Float32Array(...span(data, 4)));
    case "f64":
      return float(new Float64Array(...span(data, 8)));
    case "bytes":
      return sized(data);
    case "list":
      return list(type as Extract<RivetType, { kind: "list" }>, data);
  }
}

/** Arguments of a typed array over the column's values, which are aligned (`ColumnData`). */
function span(data: ColumnData, width: number): [ArrayBufferLike, number, number] {
  const { buffer, byteOffset, byteLength } = data.values;
  return [buffer, byteOffset, Math.floor(byteLength / width)];
}

function isNullIn(validity: Uint8Array | null, row: number): boolean {
  return validity !== null && (validity[row >> 3] & (1 << (row & 7))) === 0;
}

function smallInteger(values: Int16Array | Int32Array): ValueForm {
  return {
    ...fixed(8, (to, row, at) => {
      const value = values[row];
      to.view.setInt32(at, value, true);
      to.view.setInt32(at + 4, value >> 31, true);
      return at + 8;
    }),
    writeRows({ bytes, view }, from, until, at, validity) {
      for (let row = from, i = 0; row < until; row++, i++) {
        const start = at[i];
        if (isNullIn(validity, row)) bytes[at[i]++] = 0;
        else {
          bytes[start] = 1;
          view.setInt32(start + 1, values[row], true);
          view.setInt32(start + 5, values[row] >> 31, true);
          at[i] = start + 9;
        }
      }
    },
  };
}

/** Values whose own bytes are the form, `count` 32-bit words each. */
function words(values: Int32Array, count: number): ValueForm {
  return {
    ...fixed(count * 4, (to, row, at) => {
      const { view } = to;
      for (let i = row * count; i < (row + 1) * count; i++) {
        view.setInt32(at, values[i], true);
        at += 4;
      }
      return at;
    }),
    writeRows({ bytes, view }, from, until, at, validity) {
      for (let row = from, i = 0; row < until; row++, i++) {
        if (isNullIn(validity, row)) bytes[at[i]++] = 0;
        else {
          let next = at[i];
          bytes[next++] = 1;
          for (let w = row * count; w < (row + 1) * count; w++, next += 4) {
            view.setInt32(next, values[w], true);
          }
          at[i] = next;
        }
      }
    },
  };
}

function float(values: Float32Array | Float64Array): ValueForm {
  return fixed(8, (to, row, at) => {
    const value = values[row];
    if (Number.isNaN(value)) {
      // What `setFloat64` writes for NaN is up to the engine.
      to.view.setInt32(at, 0, true);
      to.view.setInt32(at + 4, 0x7ff8_0000, true);
    } else to.view.setFloat64(at, value, true);
    return at + 8;
  });
}

/** Below this a loop is faster than the view that `set` needs. */
const SMALL_COPY = 48;

/** The length and the bytes `[start, end)` of `values`. */
function writeSized(
  { bytes, view }: FormBuffer,
  at: number,
  values: Uint8Array,
  start: number,
  end: number,
): number {
  const length = end - start;
  view.setInt32(at, length, true);
  at += 4;
  if (length > SMALL_COPY) bytes.set(values.subarray(start, end), at);
  else for (let i = 0; i < length; i++) bytes[at + i] = values[start + i];
  return at + length;
}

function sized(data: ColumnData): ValueForm {
  const { values } = data;
  const offsets = data.offsets as Int32Array;
  return {
    width: null,
    size: (row) => 4 + offsets[row + 1] - offsets[row],
    write: (to, row, at) => writeSized(to, at, values, offsets[row], offsets[row + 1]),
    writeRows(to, from, until, at, validity) {
      const { bytes } = to;
      for (let row = from, i = 0; row < until; row++, i++) {
        if (isNullIn(validity, row)) bytes[at[i]++] = 0;
        else {
          bytes[at[i]] = 1;
          at[i] = writeSized(to, at[i] + 1, values, offsets[row], offsets[row + 1]);
        }
      }
    },
  };
}

function list(type: Extract<RivetType, { kind: "list" }>, data: ColumnData): ValueForm {
  const offsets = data.offsets as Int32Array;
  const element = new NullableForm(type.element, data.child as ColumnData);
  return {
    width: null,
    size: (row) => {
      let size = 4;
      for (let i = offsets[row]; i < offsets[row + 1]; i++) size += element.size(i);
      return size;
    },
    write: (to, row, at) => {
      to.view.setInt32(at, offsets[row + 1] - offsets[row], true);
      at += 4;
      for (let i = offsets[row]; i < offsets[row + 1]; i++) at = element.write(to, i, at);
      return at;
    },
  };
}
