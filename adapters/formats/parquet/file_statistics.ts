/** What a Parquet file on disk says of its columns, all row groups together. */
import { Buffer } from "node:buffer";

import { withLocalFile } from "../../../core/base/file_bytes.ts";
import type { ColumnStatistics, FileStatistics, StoredBound } from "../../../core/ports/format.ts";
import type { Bound } from "./bounds.ts";
import { PhysicalType } from "./enums.ts";
import { CONVERTED, type SortOrder } from "./schema.ts";
import { mergeStatistics, type Statistics } from "./statistics.ts";
import { count, invalidFile, leavesOf, pathOf, readFooter, structs } from "./stored_file.ts";
import type { ThriftStruct, ThriftValue } from "./thrift.ts";

/** FileMetaData.row_groups. */
const ROW_GROUPS = 4;
/** SchemaElement.type, .converted_type, .field_id. */
const [TYPE, CONVERTED_TYPE, FIELD_ID] = [1, 6, 9];

interface OrderedLeaf {
  readonly order: SortOrder;
  readonly fieldId: number | null;
}

/** In their order. */
function orderedLeaves(metadata: ThriftStruct): OrderedLeaf[] {
  return leavesOf(metadata).map(({ element }) => ({
    order: order(count(element, TYPE), element),
    fieldId: element.has(FIELD_ID) ? count(element, FIELD_ID) : null,
  }));
}

function order(physical: number, element: ThriftStruct): SortOrder {
  const is = (converted: number) =>
    element.has(CONVERTED_TYPE) && count(element, CONVERTED_TYPE) === converted;
  switch (physical) {
    case PhysicalType.BOOLEAN:
      return "boolean";
    case PhysicalType.FLOAT:
    case PhysicalType.DOUBLE:
      return "float";
    case PhysicalType.INT32:
    case PhysicalType.INT64:
      return is(CONVERTED.UINT_64) ? "unsigned" : "signed";
    default:
      return is(CONVERTED.DECIMAL) ? "signedBytes" : "bytes";
  }
}

interface Chunk {
  readonly path: readonly string[];
  readonly values: number;
  readonly bytes: number;
  readonly offset: number;
  readonly statistics: Statistics;
}

function bound(value: ThriftValue | undefined, exact: ThriftValue | undefined): Bound | null {
  return value instanceof Uint8Array ? { value, exact: exact === true } : null;
}

/** ColumnMetaData of a ColumnChunk. */
function chunkOf(column: ThriftStruct): Chunk {
  const metadata = column.get(3) as ThriftStruct;
  const statistics = metadata.get(12) as ThriftStruct | undefined;
  const max = bound(statistics?.get(5), statistics?.get(7));
  const min = bound(statistics?.get(6), statistics?.get(8));
  return {
    path: pathOf(metadata),
    values: count(metadata, 5),
    bytes: count(metadata, 7),
    // A dictionary comes before the data.
    offset: metadata.has(11) ? count(metadata, 11) : count(metadata, 9),
    statistics: {
      nullCount: count(statistics, 3),
      bounds: min === null || max === null ? null : { min, max },
    },
  };
}

function stored(found: Bound | undefined): StoredBound | null {
  return found === undefined
    ? null
    : { value: Buffer.from(found.value).toString("base64"), exact: found.exact };
}

function together({ order, fieldId }: OrderedLeaf, chunks: readonly Chunk[]): ColumnStatistics {
  const { nullCount, bounds } = chunks.map((chunk) => chunk.statistics)
    .reduce((a, b) => mergeStatistics(order, a, b));
  return {
    path: chunks[0].path,
    values: chunks.reduce((sum, chunk) => sum + chunk.values, 0),
    nulls: nullCount,
    bytes: chunks.reduce((sum, chunk) => sum + chunk.bytes, 0),
    min: stored(bounds?.min),
    max: stored(bounds?.max),
    ...(fieldId === null ? {} : { fieldId }),
  };
}

/** @throws RivetError VALIDATION_FAILED when the file has no whole footer. */
export async function fileStatistics(path: string): Promise<FileStatistics> {
  const { metadata } = await withLocalFile(path, readFooter);
  const groups = structs(metadata.get(ROW_GROUPS)).map((group) =>
    structs(group.get(1)).map(chunkOf)
  );
  const leaves = orderedLeaves(metadata);
  if (groups.some((chunks) => chunks.length !== leaves.length)) {
    throw invalidFile("its row groups are not of its schema");
  }
  return {
    columns: groups.length === 0
      ? []
      : leaves.map((leaf, c) => together(leaf, groups.map((group) => group[c]))),
    splits: groups.flatMap(([first]) => first === undefined ? [] : [first.offset]),
  };
}
