/** What a file's own statistics say, by field id. */
import { Buffer } from "node:buffer";
import type { FileStatistics, StoredBound } from "../../../core/ports/format.ts";
import type { TableColumn } from "../../../core/ports/table_format.ts";
import type { FileMetrics } from "./manifest.ts";
import type { IcebergSchema } from "./schema.ts";
import { isList } from "./types.ts";
import { plainValue, singleValue } from "./single_value.ts";

/** @param columns of the files, whose types may be narrower than the table's */
export function fileMetrics(
  statistics: FileStatistics | null,
  columns: readonly TableColumn[],
  schema: IcebergSchema,
): FileMetrics {
  const metrics = {
    columnSizes: new Map<number, number>(),
    valueCounts: new Map<number, number>(),
    nullCounts: new Map<number, number>(),
    lowerBounds: new Map<number, Uint8Array>(),
    upperBounds: new Map<number, Uint8Array>(),
  };
  for (const column of statistics?.columns ?? []) {
    const [name] = column.path;
    const type = columns.find((known) => known.name === name)?.type;
    const field = schema.fields.find((known) => known.name === name);
    if (type === undefined || field === undefined) continue;
    if (type.kind === "list" || typeof field.type !== "string") {
      // Of lists and their elements, levels are counted, not values.
      if (isList(field.type)) {
        metrics.columnSizes.set(field.type["element-id"], column.bytes);
      }
      continue;
    }
    const fieldType = field.type;
    metrics.columnSizes.set(field.id, column.bytes);
    metrics.valueCounts.set(field.id, column.values);
    metrics.nullCounts.set(field.id, column.nulls);
    const bound = ({ value }: StoredBound) =>
      singleValue(fieldType, plainValue(type, Buffer.from(value, "base64")));
    if (column.min !== null) metrics.lowerBounds.set(field.id, bound(column.min));
    if (column.max !== null) metrics.upperBounds.set(field.id, bound(column.max));
  }
  return metrics;
}
