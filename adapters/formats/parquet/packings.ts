/** Other forms than PLAIN that a page of fixed-width values can take, made from the PLAIN bytes. */
import type { ParquetEncoding } from "../../../core/config/loaded.ts";
import type { ByteBuilder } from "../byte_builder.ts";
import { appendDelta32, appendDelta64 } from "./delta.ts";
import { Encoding, PhysicalType } from "./enums.ts";
import type { Leaf } from "./schema.ts";

/** One of the forms. */
export interface Packing {
  readonly encoding: Encoding;
  /**
   * Appends the values of `plain`, whose bytes begin with their buffer. False, with rubbish appended, where
   * they cannot be written so.
   */
  append(plain: Uint8Array, out: ByteBuilder): boolean;
}

function words(plain: Uint8Array): Int32Array {
  return new Int32Array(plain.buffer, plain.byteOffset, plain.length >> 2);
}

const DELTA_32: Packing = {
  encoding: Encoding.DELTA_BINARY_PACKED,
  append(plain, out) {
    appendDelta32(words(plain), plain.length / 4, out);
    return true;
  },
};

const DELTA_64: Packing = {
  encoding: Encoding.DELTA_BINARY_PACKED,
  append: (plain, out) => appendDelta64(words(plain), plain.length / 8, out),
};

/**
 * BYTE_STREAM_SPLIT: the first bytes of all values, then the second ones, and so on.
 * https://github.com/apache/parquet-format/blob/master/Encodings.md#byte-stream-split-byte_stream_split--9
 */
function byteStreamSplit(width: number): Packing {
  return {
    encoding: Encoding.BYTE_STREAM_SPLIT,
    append(plain, out) {
      out.reserve(plain.length);
      const { bytes } = out;
      let at = out.length;
      for (let stream = 0; stream < width; stream++) {
        for (let i = stream; i < plain.length; i += width) bytes[at++] = plain[i];
      }
      out.length = at;
      return true;
    },
  };
}

const BY_PHYSICAL: { readonly [P in PhysicalType]?: Packing } = {
  [PhysicalType.INT32]: DELTA_32,
  [PhysicalType.INT64]: DELTA_64,
  [PhysicalType.FLOAT]: byteStreamSplit(4),
  [PhysicalType.DOUBLE]: byteStreamSplit(8),
};

/**
 * Whether a column may be written in another form than PLAIN. `auto` leaves out what readers in wide use
 * fail on: BYTE_STREAM_SPLIT in the vectorized reader of Spark 3, and JSON that is not PLAIN in DuckDB 1.4.
 */
export function mayPack({ type }: Pick<Leaf, "type">, encoding: ParquetEncoding): boolean {
  switch (encoding) {
    case "plain":
      return false;
    case "auto":
      return type.kind !== "float" && type.kind !== "json";
    case "smallest":
      return true;
  }
}

/** The form that competes with PLAIN, or null. */
export function packingOf(leaf: Leaf): Packing | null {
  return BY_PHYSICAL[leaf.physical] ?? null;
}
