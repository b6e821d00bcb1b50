/**
 * FileMetaData, the footer: schema, row groups, key-value metadata.
 * https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift
 */
import { RIVET_VERSION } from "../../../core/base/version.ts";
import type { ColumnChunk } from "./column_chunk.ts";
import { type CompressionCodec, Encoding, PageType } from "./enums.ts";
import { type Leaf, schemaElements } from "./schema.ts";
import { type Statistics, writeStatistics } from "./statistics.ts";
import { type StructList, structList, ThriftWriter } from "./thrift.ts";

/** `<application> version <version>`: readers parse it before they trust statistics. */
export const CREATED_BY = `rivet version ${RIVET_VERSION}`;

/** What the footer says of a column chunk that is already in the file. */
export interface ChunkMetadata {
  readonly leaf: Leaf;
  /** Of its first page in the file. */
  readonly offset: number;
  readonly numValues: number;
  readonly dictionaryPageBytes: number;
  readonly compressedBytes: number;
  readonly uncompressedBytes: number;
  readonly statistics: Statistics;
  readonly pageCounts: ReadonlyMap<Encoding, number>;
  /** Serialised, to be written before the footer. */
  readonly columnIndex: Uint8Array | null;
  readonly offsetIndex: Uint8Array;
  readonly bloomFilter: Location | null;
}

/** One row group, as the footer lists it. */
export interface RowGroup {
  readonly rows: number;
  readonly chunks: readonly ChunkMetadata[];
}

/** Where an index or a filter lies in the file. */
export interface Location {
  readonly offset: number;
  readonly length: number;
}

/** Index locations of one column chunk. */
export interface ChunkIndexes {
  readonly column: Location | null;
  readonly offset: Location;
}

/** What the footer says of the columns and the file, whatever is in it: lists of structs, serialised. */
export interface FooterConstants {
  readonly schema: StructList;
  readonly keyValues: StructList;
  readonly orders: StructList;
}

/** @param keyValues the file's own metadata. */
export function footerConstants(
  leaves: readonly Leaf[],
  keyValues: Readonly<Record<string, string>>,
): FooterConstants {
  return {
    schema: structList(schemaElements(leaves), (element, write) => write(element)),
    keyValues: structList(Object.entries(keyValues), (pair, [key, value]) => {
      pair.string(1, key);
      pair.string(2, value);
    }),
    // TYPE_ORDER for every leaf: the order that the column's own type defines.
    orders: structList(leaves, (order) => order.struct(1, () => {})),
  };
}

/** All that the footer says. */
export interface FileMetadata {
  readonly constants: FooterConstants;
  readonly rows: number;
  readonly rowGroups: readonly RowGroup[];
  /** Of every chunk of every row group, in the same order. */
  readonly indexes: readonly (readonly ChunkIndexes[])[];
  readonly codec: CompressionCodec;
}

/** What the footer says of a chunk that begins at `offset` of the file. */
export function chunkMetadata(
  chunk: ColumnChunk,
  offset: number,
  around: Pick<ChunkMetadata, "columnIndex" | "offsetIndex" | "bloomFilter">,
): ChunkMetadata {
  const {
    leaf,
    numValues,
    dictionaryPageBytes,
    compressedBytes,
    uncompressedBytes,
    statistics,
    pageCounts,
  } = chunk;
  return {
    leaf,
    offset,
    numValues,
    dictionaryPageBytes,
    compressedBytes,
    uncompressedBytes,
    statistics,
    pageCounts,
    ...around,
  };
}

function writeColumnMetadata(
  writer: ThriftWriter,
  chunk: ChunkMetadata,
  codec: CompressionCodec,
): void {
  const hasDictionary = chunk.dictionaryPageBytes > 0;
  const dataEncodings = [...chunk.pageCounts.keys()];
  // RLE holds the levels, PLAIN the dictionary page.
  const encodings = new Set<Encoding>([...dataEncodings, Encoding.RLE]);
  if (hasDictionary) encodings.add(Encoding.PLAIN);
  writer.i32(1, chunk.leaf.physical);
  writer.i32s(2, [...encodings]);
  writer.strings(3, chunk.leaf.path);
  writer.i32(4, codec);
  writer.i64(5, chunk.numValues);
  writer.i64(6, chunk.uncompressedBytes);
  writer.i64(7, chunk.compressedBytes);
  writer.i64(9, chunk.offset + chunk.dictionaryPageBytes);
  if (hasDictionary) writer.i64(11, chunk.offset);
  writer.struct(12, (statistics) => writeStatistics(statistics, chunk.statistics));
  const pages = [...chunk.pageCounts].map(([encoding, count]) => ({
    type: PageType.DATA_PAGE as number,
    encoding,
    count,
  }));
  if (hasDictionary) {
    pages.unshift({ type: PageType.DICTIONARY_PAGE, encoding: Encoding.PLAIN, count: 1 });
  }
  writer.structs(13, pages, (page, { type, encoding, count }) => {
    page.i32(1, type);
    page.i32(2, encoding);
    page.i32(3, count);
  });
  if (chunk.bloomFilter === null) return;
  writer.i64(14, chunk.bloomFilter.offset);
  writer.i32(15, chunk.bloomFilter.length);
}

function writeColumnChunk(
  writer: ThriftWriter,
  chunk: ChunkMetadata,
  indexes: ChunkIndexes,
  codec: CompressionCodec,
): void {
  writer.i64(2, chunk.offset);
  writer.struct(3, (metadata) => writeColumnMetadata(metadata, chunk, codec));
  writer.i64(4, indexes.offset.offset);
  writer.i32(5, indexes.offset.length);
  if (indexes.column === null) return;
  writer.i64(6, indexes.column.offset);
  writer.i32(7, indexes.column.length);
}

function sum<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((total, item) => total + of(item), 0);
}

/** Ordinals are 16 bits wide; they are optional, and end there. */
const MAX_ORDINAL = 0x7fff;

/** The serialised FileMetaData. */
export function encodeFooter(file: FileMetadata): Uint8Array {
  const writer = new ThriftWriter();
  writer.i32(1, 1);
  writer.list(2, file.constants.schema);
  writer.i64(3, file.rows);
  const groups = file.rowGroups.map((group, ordinal) => ({ group, ordinal }));
  writer.structs(4, groups, (row, { group, ordinal }) => {
    const chunks = group.chunks.map((chunk, c) => ({ chunk, indexes: file.indexes[ordinal][c] }));
    row.structs(1, chunks, (column, { chunk, indexes }) => {
      writeColumnChunk(column, chunk, indexes, file.codec);
    });
    row.i64(2, sum(group.chunks, (chunk) => chunk.uncompressedBytes));
    row.i64(3, group.rows);
    if (group.chunks.length > 0) row.i64(5, group.chunks[0].offset);
    row.i64(6, sum(group.chunks, (chunk) => chunk.compressedBytes));
    if (ordinal <= MAX_ORDINAL) row.i16(7, ordinal);
  });
  writer.list(5, file.constants.keyValues);
  writer.string(6, CREATED_BY);
  writer.list(7, file.constants.orders);
  return writer.finish();
}
