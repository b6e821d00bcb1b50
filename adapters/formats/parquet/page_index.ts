/**
 * ColumnIndex and OffsetIndex: which page holds which values, without reading the pages.
 * https://github.com/apache/parquet-format/blob/master/PageIndex.md
 */
import { BoundaryOrder } from "./enums.ts";
import type { SortOrder } from "./schema.ts";
import { compareValues, type Statistics } from "./statistics.ts";
import { ThriftWriter } from "./thrift.ts";

/** A data page as the index sees it. */
export interface PageEntry {
  readonly statistics: Statistics;
  /** Values that are not NULL. */
  readonly valueCount: number;
  /** Header included. */
  readonly compressedBytes: number;
  /** From the start of the column chunk. */
  readonly offset: number;
  /** Of the row group. */
  readonly firstRow: number;
}

const NO_BOUND = new Uint8Array(0);

/** The order of the page bounds, NULL pages aside. */
function boundaryOrder(order: SortOrder, pages: readonly PageEntry[]): number {
  let ascending = true;
  let descending = true;
  let previous: Statistics["bounds"] = null;
  for (const { statistics: { bounds } } of pages) {
    if (bounds === null) continue;
    if (previous !== null) {
      const min = compareValues(order, previous.min.value, bounds.min.value);
      const max = compareValues(order, previous.max.value, bounds.max.value);
      ascending &&= min <= 0 && max <= 0;
      descending &&= min >= 0 && max >= 0;
    }
    previous = bounds;
  }
  if (ascending) return BoundaryOrder.ASCENDING;
  return descending ? BoundaryOrder.DESCENDING : BoundaryOrder.UNORDERED;
}

/** The ColumnIndex, or null when a page has values but no bounds (all NaN), which it cannot express. */
export function columnIndex(order: SortOrder, pages: readonly PageEntry[]): Uint8Array | null {
  if (pages.some((page) => page.valueCount > 0 && page.statistics.bounds === null)) return null;
  const writer = new ThriftWriter();
  writer.bools(1, pages.map((page) => page.valueCount === 0));
  writer.binaries(2, pages.map(({ statistics }) => statistics.bounds?.min.value ?? NO_BOUND));
  writer.binaries(3, pages.map(({ statistics }) => statistics.bounds?.max.value ?? NO_BOUND));
  writer.i32(4, boundaryOrder(order, pages));
  writer.i64s(5, pages.map(({ statistics }) => statistics.nullCount));
  return writer.finish();
}

/** @param chunkOffset of the column chunk in the file. */
export function offsetIndex(pages: readonly PageEntry[], chunkOffset: number): Uint8Array {
  const writer = new ThriftWriter();
  writer.structs(1, pages, (location, page) => {
    location.i64(1, chunkOffset + page.offset);
    location.i32(2, page.compressedBytes);
    location.i64(3, page.firstRow);
  });
  return writer.finish();
}
