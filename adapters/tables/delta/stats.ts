/**
 * Statistics of a file as a Delta log has them: JSON that readers skip files by.
 * https://github.com/delta-io/delta/blob/master/PROTOCOL.md#per-file-statistics
 *
 * What a reader might take amiss is left out, and never wrong: bounds of floats (NaN is above all), of
 * binaries, of booleans, of dates beyond the years that all readers parse, and all of lists.
 */
import { Buffer, isUtf8 } from "node:buffer";
import type { ColumnStatistics, StoredBound } from "../../../core/ports/format.ts";
import type { TableColumn, TableFile } from "../../../core/ports/table_format.ts";
import type { RivetType } from "../../../core/types/types.ts";

/** As other writers: the log is read whole, by everybody. */
const MAX_COLUMNS = 32;

/** JSON text of an object whose values are JSON already. */
function object(members: readonly (readonly [name: string, json: string])[]): string {
  return `{${members.map(([name, json]) => `${JSON.stringify(name)}:${json}`).join(",")}}`;
}

/** Days and microseconds since 1970 of the years 1 to 9999. */
const [FIRST_DAY, LAST_DAY] = [-719_162, 2_932_896];
const DAY_MS = 86_400_000;

function dateText(days: number): string | null {
  if (days < FIRST_DAY || days > LAST_DAY) return null;
  return JSON.stringify(new Date(days * DAY_MS).toISOString().slice(0, 10));
}

/** Statistics have milliseconds: rounded away from the values. */
function timestampText(us: bigint, utc: boolean, side: "min" | "max"): string | null {
  const down = us >= 0n ? us / 1000n : -((-us + 999n) / 1000n);
  const ms = Number(side === "max" && down * 1000n !== us ? down + 1n : down);
  if (ms < FIRST_DAY * DAY_MS || ms >= (LAST_DAY + 1) * DAY_MS) return null;
  const text = new Date(ms).toISOString();
  return JSON.stringify(utc ? text : text.slice(0, -1));
}

/** @param digits of a whole number, which may be negative. */
function decimalText(value: bigint, scale: number): string {
  const digits = String(value < 0n ? -value : value).padStart(scale + 1, "0");
  const sign = value < 0n ? "-" : "";
  if (scale === 0) return sign + digits;
  return `${sign}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}

/** Two's complement, most significant byte first. */
function bigEndian(bytes: Uint8Array): bigint {
  const hex = Buffer.from(bytes).toString("hex");
  return BigInt.asIntN(bytes.length * 8, BigInt(`0x${hex}`));
}

/** The bound as JSON; null: readers have none. */
function boundText(type: RivetType, { value }: StoredBound, side: "min" | "max"): string | null {
  const bytes = Buffer.from(value, "base64");
  switch (type.kind) {
    case "int":
      if (!type.signed) return null;
      return String(type.bits === 64 ? bytes.readBigInt64LE() : bytes.readInt32LE());
    case "decimal":
      if (type.precision > 18) return decimalText(bigEndian(bytes), type.scale);
      return decimalText(
        bytes.length === 4 ? BigInt(bytes.readInt32LE()) : bytes.readBigInt64LE(),
        type.scale,
      );
    case "date":
      return dateText(bytes.readInt32LE());
    case "timestamp":
      return timestampText(bytes.readBigInt64LE(), type.utc, side);
    case "text":
    case "json":
    case "interval":
      return isUtf8(bytes) ? JSON.stringify(bytes.toString("utf8")) : null;
    case "bool":
    case "float":
    case "binary":
    case "time":
    case "uuid":
    case "list":
      return null;
  }
}

interface Known {
  readonly column: TableColumn;
  readonly statistics: ColumnStatistics;
}

function bounds(known: readonly Known[], side: "min" | "max"): string {
  return object(known.flatMap(({ column: { name, type }, statistics }) => {
    const bound = statistics[side];
    const text = bound === null ? null : boundText(type, bound, side);
    return text === null ? [] : [[name, text] as const];
  }));
}

/** JSON. */
export function statsOf(columns: readonly TableColumn[], { rows, statistics }: TableFile): string {
  const numRecords = ["numRecords", String(rows)] as const;
  if (statistics === null) return object([numRecords]);
  const byName = new Map(statistics.columns.map((one) => [one.path.join("\0"), one]));
  const known = columns.slice(0, MAX_COLUMNS).flatMap((column): Known[] => {
    const found = byName.get(column.name);
    return found === undefined || column.type.kind === "list"
      ? []
      : [{ column, statistics: found }];
  });
  return object([
    numRecords,
    ["minValues", bounds(known, "min")],
    ["maxValues", bounds(known, "max")],
    [
      "nullCount",
      object(known.map(({ column, statistics: { nulls } }) => [column.name, String(nulls)])),
    ],
  ]);
}
