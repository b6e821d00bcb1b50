/** A batch of some rows of another one, in a given order. */
import { type Batch, type ColumnData, makeBatch } from "./batch.ts";
import { LAYOUT_WIDTH, layoutOf, type RivetType } from "../types/types.ts";

function gatherBits(bits: Uint8Array, rows: Int32Array): Uint8Array {
  const out = new Uint8Array((rows.length + 7) >> 3);
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i];
    if ((bits[row >> 3] & (1 << (row & 7))) !== 0) out[i >> 3] |= 1 << (i & 7);
  }
  return out;
}

function countZeros(bits: Uint8Array, length: number): number {
  let zeros = 0;
  for (let i = 0; i < length; i++) if ((bits[i >> 3] & (1 << (i & 7))) === 0) zeros++;
  return zeros;
}

function gatherFixed(values: Uint8Array, width: number, rows: Int32Array): Uint8Array {
  const out = new Uint8Array(rows.length * width);
  if (width % 4 !== 0) {
    for (let i = 0; i < rows.length; i++) {
      for (let b = 0; b < width; b++) out[i * width + b] = values[rows[i] * width + b];
    }
    return out;
  }
  const words = width / 4;
  const from = new Int32Array(values.buffer, values.byteOffset, values.byteLength >> 2);
  const to = new Int32Array(out.buffer);
  for (let i = 0; i < rows.length; i++) {
    for (let w = 0; w < words; w++) to[i * words + w] = from[rows[i] * words + w];
  }
  return out;
}

function gatherOffsets(offsets: Int32Array, rows: Int32Array): Int32Array {
  const out = new Int32Array(rows.length + 1);
  for (let i = 0; i < rows.length; i++) {
    out[i + 1] = out[i] + offsets[rows[i] + 1] - offsets[rows[i]];
  }
  return out;
}

function gatherBytes(data: ColumnData, rows: Int32Array): Pick<ColumnData, "values" | "offsets"> {
  const from = data.offsets as Int32Array;
  const offsets = gatherOffsets(from, rows);
  const values = new Uint8Array(offsets[rows.length]);
  for (let i = 0; i < rows.length; i++) {
    values.set(data.values.subarray(from[rows[i]], from[rows[i] + 1]), offsets[i]);
  }
  return { values, offsets };
}

/** The element indices of the chosen lists, one list after another. */
function elementRows(from: Int32Array, to: Int32Array, rows: Int32Array): Int32Array {
  const elements = new Int32Array(to[rows.length]);
  for (let i = 0; i < rows.length; i++) {
    const start = from[rows[i]];
    for (let at = to[i]; at < to[i + 1]; at++) elements[at] = start + at - to[i];
  }
  return elements;
}

function gatherList(
  element: RivetType,
  data: ColumnData,
  rows: Int32Array,
): Pick<ColumnData, "offsets" | "child"> {
  const from = data.offsets as Int32Array;
  const offsets = gatherOffsets(from, rows);
  const elements = elementRows(from, offsets, rows);
  return { offsets, child: gatherColumn(element, data.child as ColumnData, elements) };
}

function gatherValues(
  type: RivetType,
  data: ColumnData,
  rows: Int32Array,
): Pick<ColumnData, "values" | "offsets" | "child"> {
  const layout = layoutOf(type);
  switch (layout) {
    case "bit":
      return { values: gatherBits(data.values, rows), offsets: null, child: null };
    case "bytes":
      return { ...gatherBytes(data, rows), child: null };
    case "list": {
      const { element } = type as Extract<RivetType, { kind: "list" }>;
      return { values: new Uint8Array(0), ...gatherList(element, data, rows) };
    }
    default: {
      const values = gatherFixed(data.values, LAYOUT_WIDTH[layout], rows);
      return { values, offsets: null, child: null };
    }
  }
}

function gatherColumn(type: RivetType, data: ColumnData, rows: Int32Array): ColumnData {
  const bits = data.validity === null ? null : gatherBits(data.validity, rows);
  const nullCount = bits === null ? 0 : countZeros(bits, rows.length);
  return {
    length: rows.length,
    nullCount,
    validity: nullCount === 0 ? null : bits,
    ...gatherValues(type, data, rows),
  };
}

/** The named rows of a batch, in that order, as a batch of their own. */
export function gatherRows(batch: Batch, rows: Int32Array): Batch {
  const data = batch.columns.map(({ type }, c) => gatherColumn(type, batch.data[c], rows));
  return makeBatch(batch.columns, rows.length, data);
}
