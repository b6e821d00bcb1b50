/** Enumerations of parquet.thrift that this encoder writes (apache/parquet-format). */

export const PhysicalType = {
  BOOLEAN: 0,
  INT32: 1,
  INT64: 2,
  FLOAT: 4,
  DOUBLE: 5,
  BYTE_ARRAY: 6,
  FIXED_LEN_BYTE_ARRAY: 7,
} as const;
export type PhysicalType = typeof PhysicalType[keyof typeof PhysicalType];

export const Encoding = { PLAIN: 0, RLE: 3, RLE_DICTIONARY: 8 } as const;
export type Encoding = typeof Encoding[keyof typeof Encoding];

export const CompressionCodec = {
  UNCOMPRESSED: 0,
  SNAPPY: 1,
  GZIP: 2,
  ZSTD: 6,
  LZ4_RAW: 7,
} as const;
export type CompressionCodec = typeof CompressionCodec[keyof typeof CompressionCodec];

export const PageType = { DATA_PAGE: 0, DICTIONARY_PAGE: 2 } as const;

export const Repetition = { REQUIRED: 0, OPTIONAL: 1, REPEATED: 2 } as const;

export const BoundaryOrder = { UNORDERED: 0, ASCENDING: 1, DESCENDING: 2 } as const;
