/** Enumerations of parquet.thrift that this encoder writes (apache/parquet-format). */

/** How a column's values are stored. */
export const PhysicalType = {
  BOOLEAN: 0,
  INT32: 1,
  INT64: 2,
  FLOAT: 4,
  DOUBLE: 5,
  BYTE_ARRAY: 6,
  FIXED_LEN_BYTE_ARRAY: 7,
} as const;
/** One of them. */
export type PhysicalType = typeof PhysicalType[keyof typeof PhysicalType];

/** How a page's values or levels are written. */
export const Encoding = {
  PLAIN: 0,
  RLE: 3,
  DELTA_BINARY_PACKED: 5,
  DELTA_LENGTH_BYTE_ARRAY: 6,
  DELTA_BYTE_ARRAY: 7,
  RLE_DICTIONARY: 8,
  BYTE_STREAM_SPLIT: 9,
} as const;
/** One of them. */
export type Encoding = typeof Encoding[keyof typeof Encoding];

/** How a page's bytes are compressed. */
export const CompressionCodec = {
  UNCOMPRESSED: 0,
  SNAPPY: 1,
  GZIP: 2,
  ZSTD: 6,
  LZ4_RAW: 7,
} as const;
/** One of them. */
export type CompressionCodec = typeof CompressionCodec[keyof typeof CompressionCodec];

/** What a page holds. */
export const PageType = { DATA_PAGE: 0, DICTIONARY_PAGE: 2 } as const;

/** Whether a field is there, and how often. */
export const Repetition = { REQUIRED: 0, OPTIONAL: 1, REPEATED: 2 } as const;

/** Whether the bounds of a chunk's pages are sorted. */
export const BoundaryOrder = { UNORDERED: 0, ASCENDING: 1, DESCENDING: 2 } as const;
