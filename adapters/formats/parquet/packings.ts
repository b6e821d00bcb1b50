/** Other forms than PLAIN that a page of fixed-width values can take, made from the PLAIN bytes. */
import type { ParquetEncoding } from "../../../core/config/loaded.ts";
import { appendDelta32, appendDelta64 } from "./delta.ts";
import { Encoding, PhysicalType } from "./enums.ts";
import { kernel } from "./kernel/memory.ts";
import type { PageBody } from "./page_body.ts";
import type { Leaf } from "./schema.ts";

/** One of the forms. */
export interface Packing {
  readonly encoding: Encoding;
  /** Appends `count` PLAIN values at an address. False, with nothing appended, where they cannot be written so. */
  append(values: number, count: number, body: PageBody): boolean;
}

const DELTA_32: Packing = {
  encoding: Encoding.DELTA_BINARY_PACKED,
  append(values, count, body) {
    appendDelta32(values, count, body);
    return true;
  },
};

const DELTA_64: Packing = {
  encoding: Encoding.DELTA_BINARY_PACKED,
  append: appendDelta64,
};

/**
 * BYTE_STREAM_SPLIT: the first bytes of all values, then the second ones, and so on.
 * https://github.com/apache/parquet-format/blob/master/Encodings.md#byte-stream-split-byte_stream_split--9
 */
function byteStreamSplit(width: number): Packing {
  return {
    encoding: Encoding.BYTE_STREAM_SPLIT,
    append(values, count, body) {
      const out = body.reserve(count * width);
      kernel().run.splitStreams(values, width, count, out);
      body.end(out + count * width);
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
