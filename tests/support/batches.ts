/**
 * Batches from JavaScript values, for tests. Written apart from the builders of the sources, so that a
 * mistake in one is not repeated in the other.
 */
import { type Batch, type ColumnData, makeBatch } from "../../core/batch/batch.ts";
import { type Column, LAYOUT_WIDTH, layoutOf, type RivetType } from "../../core/types/types.ts";

/**
 * A value of a column: booleans for bool; numbers for 16 and 32 bit integers, floats and dates (days);
 * bigints for 64 bit integers, decimals (unscaled), times and timestamps (ticks); strings for text, json
 * and interval; bytes for binary and uuid; arrays for lists.
 */
export type Value = null | boolean | number | bigint | string | Uint8Array | Value[];

const utf8 = new TextEncoder();

export function column(name: string, type: RivetType, nullable = true): Column {
  return { name, type, nullable, nativeType: type.kind, fidelity: "exact" };
}

function validityOf(values: readonly Value[]): { validity: Uint8Array | null; nullCount: number } {
  const nullCount = values.filter((value) => value === null).length;
  if (nullCount === 0) return { validity: null, nullCount };
  const validity = new Uint8Array(Math.ceil(values.length / 8));
  values.forEach((value, i) => {
    if (value !== null) validity[i >> 3] |= 1 << (i & 7);
  });
  return { validity, nullCount };
}

function bytesOf(value: Value): Uint8Array {
  if (value === null) return new Uint8Array(0);
  if (typeof value === "string") return utf8.encode(value);
  if (value instanceof Uint8Array) return value;
  throw new TypeError(`${String(value)} is neither text nor bytes`);
}

function offsetsOf(lengths: readonly number[]): Int32Array {
  const offsets = new Int32Array(lengths.length + 1);
  lengths.forEach((length, i) => offsets[i + 1] = offsets[i] + length);
  return offsets;
}

function bigintBytes(value: bigint, width: number): Uint8Array {
  const bytes = new Uint8Array(width);
  let rest = BigInt.asUintN(width * 8, value);
  for (let i = 0; i < width; i++, rest >>= 8n) bytes[i] = Number(rest & 0xffn);
  return bytes;
}

function fixedBytes(type: RivetType, width: number, value: Value): Uint8Array {
  if (value === null) return new Uint8Array(width);
  if (typeof value === "bigint") return bigintBytes(value, width);
  if (value instanceof Uint8Array) return value;
  if (typeof value !== "number") throw new TypeError(`${String(value)} is not a ${type.kind}`);
  if (type.kind !== "float") return bigintBytes(BigInt(value), width);
  const bytes = new Uint8Array(width);
  const view = new DataView(bytes.buffer);
  if (width === 4) view.setFloat32(0, value, true);
  else view.setFloat64(0, value, true);
  return bytes;
}

/** The buffers of one column. */
export function columnData(type: RivetType, values: readonly Value[]): ColumnData {
  const base = { length: values.length, ...validityOf(values), offsets: null, child: null };
  const layout = layoutOf(type);
  switch (layout) {
    case "bit": {
      const bits = new Uint8Array(Math.ceil(values.length / 8));
      values.forEach((value, i) => bits[i >> 3] |= (value === true ? 1 : 0) << (i & 7));
      return { ...base, values: bits };
    }
    case "bytes": {
      const parts = values.map(bytesOf);
      const offsets = offsetsOf(parts.map((part) => part.length));
      const bytes = new Uint8Array(offsets[values.length]);
      parts.forEach((part, i) => bytes.set(part, offsets[i]));
      return { ...base, values: bytes, offsets };
    }
    case "list": {
      if (type.kind !== "list") throw new TypeError("a list layout of another type");
      const lists = values.map((value) => Array.isArray(value) ? value : []);
      return {
        ...base,
        values: new Uint8Array(0),
        offsets: offsetsOf(lists.map((list) => list.length)),
        child: columnData(type.element, lists.flat()),
      };
    }
    case "i16":
    case "i32":
    case "i64":
    case "u64":
    case "f32":
    case "f64":
    case "dec128":
    case "dec256":
    case "fixed16": {
      const width = LAYOUT_WIDTH[layout];
      const bytes = new Uint8Array(values.length * width);
      values.forEach((value, i) => bytes.set(fixedBytes(type, width, value), i * width));
      return { ...base, values: bytes };
    }
  }
}

/** A batch from rows of values, in the order of the columns. */
export function batchOf(columns: readonly Column[], rows: readonly (readonly Value[])[]): Batch {
  const data = columns.map(({ type }, c) => columnData(type, rows.map((row) => row[c])));
  return makeBatch(columns, rows.length, data);
}
