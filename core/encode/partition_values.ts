/** Partitions of a table: a batch's rows by what transforms make of their columns. */
import { type Batch, type ColumnData, isValid } from "../batch/batch.ts";
import { gatherRows } from "../batch/gather.ts";
import { RivetError } from "../base/errors.ts";
import type { TablePartition, TablePartitions } from "../config/loaded.ts";
import { TABLE_FORMATS } from "../config/table_formats.ts";
import {
  parseTransform,
  partitionName,
  partitionText,
  type PartitionValue,
  type Transform,
  transformed,
} from "../types/partition_transform.ts";
import { LAYOUT_WIDTH, layoutOf, type RivetType } from "../types/types.ts";
import { escapeHive, hiveValue, NULL_PARTITION } from "./partition_names.ts";
import { columnIndex } from "./row_hash.ts";

function decimalAt(view: DataView, at: number, width: number): bigint {
  let value = view.getBigInt64(at + width - 8, true);
  for (let word = at + width - 16; word >= at; word -= 8) {
    value = (value << 64n) | view.getBigUint64(word, true);
  }
  return value;
}

/** A row's value, of a row that is not NULL. */
function valueReader(
  type: RivetType,
  { values, offsets }: ColumnData,
): (row: number) => Exclude<PartitionValue, null> {
  const view = new DataView(values.buffer, values.byteOffset, values.byteLength);
  const layout = layoutOf(type);
  switch (layout) {
    case "bit":
      return (row) => (values[row >> 3] & (1 << (row & 7))) !== 0;
    case "i16":
      return (row) => view.getInt16(row * 2, true);
    case "i32":
      return (row) => view.getInt32(row * 4, true);
    case "i64":
      return (row) => view.getBigInt64(row * 8, true);
    case "u64":
      return (row) => view.getBigUint64(row * 8, true);
    case "f32":
      return (row) => view.getFloat32(row * 4, true);
    case "f64":
      return (row) => view.getFloat64(row * 8, true);
    case "dec128":
    case "dec256": {
      const width = LAYOUT_WIDTH[layout];
      return (row) => decimalAt(view, row * width, width);
    }
    case "fixed16":
      return (row) => values.slice(row * 16, row * 16 + 16);
    case "bytes": {
      const at = offsets as Int32Array;
      if (type.kind === "binary") return (row) => values.slice(at[row], at[row + 1]);
      const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });
      return (row) => utf8.decode(values.subarray(at[row], at[row + 1]));
    }
    case "list":
      throw new Error("a list is no partition");
  }
}

/** @throws RivetError VALUE_OUT_OF_RANGE for a value that is no partition of the format. */
function folderOf(name: string, text: string, emptyPartitions: boolean): string {
  if (text !== "" || emptyPartitions) return name + hiveValue(text);
  throw new RivetError(
    "VALUE_OUT_OF_RANGE",
    `table_format.partition_by: a value of column "${
      name.slice(0, -1)
    }" is no partition: it is empty, which ` +
      "the table would take for NULL",
    { hint: "Partition by another column, or by NULLIF in the query." },
  );
}

/** The folder of each row by one field, `country=CZ`. */
function segmentsOf(
  batch: Batch,
  { column, transform: text }: TablePartition,
  emptyPartitions: boolean,
): (row: number) => string {
  const index = columnIndex(batch, column);
  const { type } = batch.columns[index];
  const data = batch.data[index];
  const transform = parseTransform(text) as Transform;
  const name = `${escapeHive(partitionName({ column, transform: text }))}=`;
  const read = valueReader(type, data);
  const known = new Map<string | number | bigint | boolean, string>();
  const segment = (value: Exclude<PartitionValue, null>) =>
    folderOf(
      name,
      partitionText(type, transform, transformed(type, transform, value) as typeof value),
      emptyPartitions,
    );
  return (row) => {
    if (!isValid(data, row)) return name + NULL_PARTITION;
    const value = read(row);
    if (value instanceof Uint8Array) return segment(value);
    let found = known.get(value);
    // -0 is a key like 0, and another value.
    if (found === undefined || value === 0) known.set(value, found = segment(value));
    return found;
  };
}

/** The batch's rows by their folders, each in the order of the batch. */
export function splitByFields(
  batch: Batch,
  { table, fields }: TablePartitions,
): Map<string, Batch> {
  const { emptyPartitions } = TABLE_FORMATS[table];
  const readers = fields.map((field) => segmentsOf(batch, field, emptyPartitions));
  const rows = new Map<string, number[]>();
  for (let row = 0; row < batch.rows; row++) {
    const folder = readers.map((segment) => segment(row)).join("/");
    const known = rows.get(folder);
    if (known === undefined) rows.set(folder, [row]);
    else known.push(row);
  }
  if (rows.size === 1) return new Map([[[...rows.keys()][0], batch]]);
  return new Map(
    [...rows].map(([folder, some]) => [folder, gatherRows(batch, Int32Array.from(some))]),
  );
}
