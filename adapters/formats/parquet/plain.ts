/**
 * PLAIN encoding: values side by side, little-endian, NULLs left out.
 * https://github.com/apache/parquet-format/blob/master/Encodings.md#plain-plain--0
 */
import type { ColumnData } from "../../../core/batch/batch.ts";
import { layoutOf } from "../../../core/types/types.ts";
import type { ByteBuilder } from "../byte_builder.ts";
import type { Leaf } from "./schema.ts";

/** Appends values [start, end) of `data`, none of them NULL. */
export type PlainWriter = (out: ByteBuilder, data: ColumnData, start: number, end: number) => void;

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Values whose Arrow bytes are their Parquet bytes. */
function sameBytes(width: number): PlainWriter {
  return (out, data, start, end) => out.appendRange(data.values, start * width, end * width);
}

const int16AsInt32: PlainWriter = (out, data, start, end) => {
  out.reserve((end - start) * 4);
  const source = viewOf(data.values);
  for (let i = start; i < end; i++) {
    out.view.setInt32(out.length, source.getInt16(i * 2, true), true);
    out.length += 4;
  }
};

/** The low `width` (4 or 8) bytes of a decimal: precision bounds the value, so they hold all of it. */
function decimalLowBytes(stride: number, width: number): PlainWriter {
  return (out, data, start, end) => {
    out.reserve((end - start) * width);
    const source = viewOf(data.values);
    for (let i = start; i < end; i++) {
      for (let b = 0; b < width; b += 4) {
        out.view.setInt32(out.length + b, source.getInt32(i * stride + b, true), true);
      }
      out.length += width;
    }
  };
}

/** The low `width` bytes of a decimal, most significant first (DECIMAL on FIXED_LEN_BYTE_ARRAY). */
function decimalBigEndian(stride: number, width: number): PlainWriter {
  return (out, data, start, end) => {
    out.reserve((end - start) * width);
    const { bytes } = out;
    const { values } = data;
    let at = out.length;
    for (let i = start; i < end; i++) {
      const low = i * stride;
      for (let b = width - 1; b >= 0; b--) bytes[at++] = values[low + b];
    }
    out.length = at;
  };
}

/** The PLAIN writer of a leaf of fixed width. BOOLEAN is packed across runs, see `BooleanValues`. */
export function plainWriter(leaf: Leaf): PlainWriter {
  const layout = layoutOf(leaf.type);
  switch (layout) {
    case "i16":
      return int16AsInt32;
    case "i32":
    case "f32":
      return sameBytes(4);
    case "i64":
    case "u64":
    case "f64":
      return sameBytes(8);
    case "fixed16":
      return sameBytes(16);
    case "dec128":
    case "dec256": {
      const stride = layout === "dec128" ? 16 : 32;
      return leaf.width === 4 || leaf.width === 8
        ? decimalLowBytes(stride, leaf.width)
        : decimalBigEndian(stride, leaf.width);
    }
    case "bytes":
    case "bit":
    case "list":
      throw new TypeError(`${layout} has no fixed width`);
  }
}
