/** The SQL of `mode: time_window`: rows of the last days, counted back from one moment in UTC. */
import type { Dialect } from "../ports/source.ts";
import {
  partitionText,
  type PartitionValue,
  type Transform,
  transformed,
} from "../types/partition_transform.ts";
import type { RivetType } from "../types/types.ts";
import { columnRef, type ComparedType, literalOf, outerSelect } from "./select.ts";

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;

export interface WindowShape {
  readonly base: string;
  readonly column: string;
  /** `time_column_type: unix`: seconds since 1970; else a date or timestamp. */
  readonly unix: boolean;
  readonly columnType: ComparedType;
  readonly days: number;
  /** Where the window's partitions are replaced, what they are of the column: all of the first is read. */
  readonly partition: Transform | null;
}

type WindowStart = Pick<WindowShape, "unix" | "days" | "partition">;

/** The first moment of the partition that a moment is in. */
function partitionStart(at: Date, { unix, partition }: WindowStart): Date {
  const [year, month] = [at.getUTCFullYear(), at.getUTCMonth()];
  switch (partition?.kind) {
    case "year":
      return new Date(Date.UTC(year, 0));
    case "month":
      return new Date(Date.UTC(year, month));
    case "hour":
      return new Date(Math.floor(at.getTime() / HOUR_MS) * HOUR_MS);
    case "truncate": {
      const width = 1000 * partition.width;
      return unix ? new Date(Math.floor(at.getTime() / width) * width) : at;
    }
    case "identity":
    case "day":
      return new Date(Math.floor(at.getTime() / DAY_MS) * DAY_MS);
    case "bucket":
    case undefined:
      return at;
  }
}

function startOf(shape: WindowStart, now: Date): Date {
  return partitionStart(new Date(now.getTime() - shape.days * DAY_MS), shape);
}

/** The moment as the column has it. */
function columnValue(type: RivetType, at: Date): PartitionValue {
  const ms = at.getTime();
  switch (type.kind) {
    case "date":
      return Math.floor(ms / DAY_MS);
    case "timestamp":
      return BigInt(ms) * (type.unit === "ns" ? 1_000_000n : 1000n);
    case "int":
      return type.bits === 64 ? BigInt(Math.floor(ms / 1000)) : Math.floor(ms / 1000);
    default:
      throw new Error(`a time window of ${type.kind}`);
  }
}

/** The first partition that is read, as the folders of files are called. */
export function firstPartition(
  type: RivetType,
  partition: Transform,
  shape: Pick<WindowShape, "unix" | "days">,
  now: Date,
): string {
  const start = startOf({ ...shape, partition }, now);
  const value = transformed(type, partition, columnValue(type, start));
  return partitionText(type, partition, value as Exclude<PartitionValue, null>);
}

/**
 * The window's start as the column's values are written: seconds, a day, or `YYYY-MM-DD HH:MM:SS` with `+00`
 * where the column is an instant; else its values are taken to be UTC. The day that the start is in counts
 * whole in a column of days.
 */
export function windowStart(shape: WindowShape, now: Date): string {
  const { unix, columnType: { type } } = shape;
  const start = startOf(shape, now);
  if (unix) return String(Math.floor(start.getTime() / 1000));
  const text = start.toISOString().slice(0, 19).replace("T", " ");
  if (type.kind === "date") return text.slice(0, 10);
  return type.kind === "timestamp" && type.utc ? `${text}+00` : text;
}

/** Rows from the window's start on; none are bounded above. */
export function windowSql(
  dialect: Dialect,
  shape: WindowShape,
  now: Date,
  selectList: readonly string[],
): string {
  const start = windowStart(shape, now);
  const literal = shape.unix ? start : literalOf(dialect, start, shape.columnType);
  return outerSelect(dialect, {
    selectList,
    base: shape.base,
    where: `${columnRef(dialect, shape.column)} >= ${literal}`,
  });
}
