/** The partitions of a table that a time window reads anew, and replaces. */
import { RivetError } from "../base/errors.ts";
import type { LoadedExport, TablePartition, TableSettings } from "../config/loaded.ts";
import type { CommitKind, TableColumn, TableCommit, TableCover } from "../ports/table_format.ts";
import { firstPartition } from "../query/time_window.ts";
import {
  parsePartitionText,
  parseTransform,
  type PartitionValue,
  type Transform,
} from "../types/partition_transform.ts";

/** What a run's commit does by the export's settings. */
export function commitKind({ write, window }: Pick<TableSettings, "write" | "window">): CommitKind {
  return write === "replace" && window !== null ? "overwrite" : write;
}

/** What the replaced partitions are of the time column; null: they are none. */
export function windowTransform(
  { write, window, partitionBy }: Pick<TableSettings, "write" | "window" | "partitionBy">,
): Transform | null {
  if (commitKind({ write, window }) !== "overwrite") return null;
  return parseTransform(partitionBy[window as number]?.transform ?? "");
}

/**
 * The partitions that a run which began then has read whole.
 * @returns null where it replaces nothing, or everything.
 */
export function coverOf(
  { mode, tableFormat }: Pick<LoadedExport, "mode" | "tableFormat">,
  columns: readonly TableColumn[],
  startedAt: Date,
): TableCover | null {
  const transform = tableFormat === null ? null : windowTransform(tableFormat);
  const column = columns.find(({ name }) => mode.kind === "time_window" && name === mode.column);
  if (tableFormat === null || transform === null || column === undefined) return null;
  if (mode.kind !== "time_window") return null;
  const shape = { unix: mode.columnType === "unix", days: mode.days };
  const from = firstPartition(column.type, transform, shape, startedAt);
  return { field: tableFormat.window as number, from };
}

/** A cover, ready to be asked. */
export interface Covering extends TablePartition {
  readonly field: number;
  holds(value: PartitionValue): boolean;
  /** Of a partition as `TableFile.partition` has it. @throws RivetError TABLE_UNSUPPORTED */
  holdsText(text: string | null): boolean;
}

/** @returns null where the commit covers nothing. */
export function covering(
  { covers, columns }: Pick<TableCommit, "covers" | "columns">,
  partitionBy: readonly TablePartition[],
): Covering | null {
  if (covers === null) return null;
  const { column, transform: name } = partitionBy[covers.field];
  const transform = parseTransform(name);
  const type = columns.find((known) => known.name === column)?.type;
  if (transform === null || type === undefined) {
    throw new RivetError("INTERNAL", `a run covers partitions of ${name}(${column})`);
  }
  const parse = (text: string) => parsePartitionText(type, transform, text) as number | bigint;
  const from = parse(covers.from);
  const holds = (value: PartitionValue) => value !== null && (value as number | bigint) >= from;
  return {
    ...{ field: covers.field, column, transform: name, holds },
    holdsText(text) {
      if (text === null) return false;
      try {
        return holds(parse(text));
      } catch (cause) {
        throw new RivetError(
          "TABLE_UNSUPPORTED",
          `the table has a partition '${text}', which is no ${name} of ${column}`,
          { hint: "Take its files out with the engine that wrote them.", cause },
        );
      }
    },
  };
}
