/**
 * `partition_by`: a batch's rows by the day, month or year of one column (contracts section 8). The files
 * keep the column, exact; the folders have a name of their own, which readers that take columns from
 * folder names show beside it.
 */
import { type Batch, type ColumnData, isValid } from "../batch/batch.ts";
import type { Partitioning, TablePartitions } from "../config/loaded.ts";
import { civilDate } from "../types/civil.ts";
import type { RivetType } from "../types/types.ts";
import { gatherRows } from "../batch/gather.ts";
import { escapeHive, NULL_PARTITION } from "./partition_names.ts";
import { splitByFields } from "./partition_values.ts";
import { columnIndex } from "./row_hash.ts";

type Granularity = Partitioning["granularity"];

/** ISO 8601; years outside 0..9999 with a sign and six digits, as ECMAScript writes them. */
function valueText(days: number, granularity: Granularity): string {
  const { year, month, day } = civilDate(days);
  const plain = year >= 0 && year <= 9999;
  const yyyy = plain
    ? String(year).padStart(4, "0")
    : `${year < 0 ? "-" : "+"}${String(Math.abs(year)).padStart(6, "0")}`;
  const two = (n: number) => String(n).padStart(2, "0");
  switch (granularity) {
    case "day":
      return `${yyyy}-${two(month)}-${two(day)}`;
    case "month":
      return `${yyyy}-${two(month)}`;
    case "year":
      return yyyy;
  }
}

const SECONDS_PER_DAY = 86_400;

/**
 * Whole days of a 64-bit tick count, rounded down. `high * 2^32`, and the days in it times ticks per day,
 * stay multiples of 2^13 below 2^63, so doubles hold them exactly.
 */
function ticksToDays(low: number, high: number, perDay: number): number {
  const upper = high * 2 ** 32;
  let days = Math.floor(upper / perDay);
  let rest = upper - days * perDay;
  if (rest < 0) {
    days--;
    rest += perDay;
  }
  return days + Math.floor((rest + (low >>> 0)) / perDay);
}

/** Days since 1970-01-01 (UTC) of a row that is not NULL. */
function daysOf(type: RivetType, data: ColumnData): (row: number) => number {
  const { buffer, byteOffset, byteLength } = data.values;
  const words = new Int32Array(buffer, byteOffset, byteLength >> 2);
  if (type.kind === "date") return (row) => words[row];
  if (type.kind !== "timestamp") throw new Error(`cannot partition by ${type.kind}`);
  const perDay = SECONDS_PER_DAY * (type.unit === "us" ? 1e6 : 1e9);
  return (row) => ticksToDays(words[row * 2], words[row * 2 + 1], perDay);
}

/** Gives each row the number of its partition, in order of first appearance. */
function assign(
  batch: Batch,
  column: number,
  granularity: Granularity,
): { values: string[]; counts: number[]; partitionOf: Int32Array } {
  const data = batch.data[column];
  const dayOf = daysOf(batch.columns[column].type, data);
  const values: string[] = [];
  const counts: number[] = [];
  const byValue = new Map<string, number>();
  const byDay = new Map<number, number>();
  const numberOf = (value: string): number => {
    const known = byValue.get(value);
    if (known !== undefined) return known;
    byValue.set(value, values.length);
    counts.push(0);
    return values.push(value) - 1;
  };
  const partitionOf = new Int32Array(batch.rows);
  for (let row = 0; row < batch.rows; row++) {
    let partition: number | undefined;
    if (isValid(data, row)) {
      const day = dayOf(row);
      partition = byDay.get(day);
      if (partition === undefined) {
        partition = numberOf(valueText(day, granularity));
        byDay.set(day, partition);
      }
    } else partition = numberOf(NULL_PARTITION);
    partitionOf[row] = partition;
    counts[partition]++;
  }
  return { values, counts, partitionOf };
}

/**
 * The batch's rows by Hive segment (`created_at_day=2026-01-31`), each in the order of the batch. Timestamps
 * are cut in UTC. A batch of one partition is passed on as it is.
 */
export function splitByPartition(
  batch: Batch,
  spec: Partitioning | TablePartitions,
): Map<string, Batch> {
  if (batch.rows === 0) return new Map();
  if ("fields" in spec) return splitByFields(batch, spec);
  const { column, granularity, name } = spec;
  const { values, counts, partitionOf } = assign(batch, columnIndex(batch, column), granularity);
  const segment = (value: string) => `${escapeHive(name)}=${value}`;
  if (values.length === 1) return new Map([[segment(values[0]), batch]]);
  const rows = counts.map((count) => new Int32Array(count));
  const filled = new Int32Array(counts.length);
  for (let row = 0; row < batch.rows; row++) {
    const partition = partitionOf[row];
    rows[partition][filled[partition]++] = row;
  }
  return new Map(values.map((value, p) => [segment(value), gatherRows(batch, rows[p])]));
}
