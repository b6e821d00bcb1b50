/**
 * What a table is partitioned by: transforms of a column's values, as Iceberg defines them.
 * https://iceberg.apache.org/spec/#partition-transforms
 */
import { civilDate, civilDays } from "./civil.ts";
import { murmur3 } from "./murmur3.ts";
import type { RivetType } from "./types.ts";

/** Of one column's values. */
export type Transform =
  | { readonly kind: "identity" | "year" | "month" | "day" | "hour" }
  | { readonly kind: "bucket"; readonly buckets: number }
  | { readonly kind: "truncate"; readonly width: number };

/**
 * By the kind of the type: bool; int of 16 and 32 bits, float and date: number; int of 64 bits, decimal
 * (unscaled), time and timestamp (ticks): bigint; text, json and interval: string; uuid and binary: bytes.
 */
export type PartitionValue = boolean | number | bigint | string | Uint8Array | null;

/** For messages. */
export const TRANSFORMS = "identity, year, month, day, hour, bucket[N], truncate[W]";

const MAX_PARAMETER = 0x7fff_ffff;

/** `bucket[16]` as Iceberg writes it; null for what is none. */
export function parseTransform(text: string): Transform | null {
  switch (text) {
    case "identity":
    case "year":
    case "month":
    case "day":
    case "hour":
      return { kind: text };
  }
  const match = /^(bucket|truncate)\[(\d{1,10})\]$/.exec(text);
  if (match === null) return null;
  const parameter = Number(match[2]);
  if (parameter < 1 || parameter > MAX_PARAMETER) return null;
  return match[1] === "bucket"
    ? { kind: "bucket", buckets: parameter }
    : { kind: "truncate", width: parameter };
}

/** As Iceberg's metadata has it. */
export function formatTransform(transform: Transform): string {
  switch (transform.kind) {
    case "bucket":
      return `bucket[${transform.buckets}]`;
    case "truncate":
      return `truncate[${transform.width}]`;
    default:
      return transform.kind;
  }
}

/** What Iceberg's own writers call the field of a transformed column. */
export function partitionFieldName(column: string, { kind }: Transform): string {
  return kind === "identity"
    ? column
    : kind === "truncate"
    ? `${column}_trunc`
    : `${column}_${kind}`;
}

/** The same of a transform as it is written; of another, what is written. */
export function partitionName(
  { column, transform }: { readonly column: string; readonly transform: string },
): string {
  const parsed = parseTransform(transform);
  return parsed === null ? `${column}_${transform}` : partitionFieldName(column, parsed);
}

const INT: RivetType = { kind: "int", bits: 32, signed: true };

/** The type of the transform's results; null where it does not take the type. */
export function transformedType(type: RivetType, transform: Transform): RivetType | null {
  switch (transform.kind) {
    case "identity":
      return type.kind === "list" ? null : type;
    case "year":
    case "month":
      return type.kind === "date" || type.kind === "timestamp" ? INT : null;
    case "day":
      return type.kind === "date" || type.kind === "timestamp" ? { kind: "date" } : null;
    case "hour":
      return type.kind === "timestamp" ? INT : null;
    case "bucket":
      return ["list", "bool", "float"].includes(type.kind) ? null : INT;
    case "truncate":
      return ["int", "decimal", "text", "json", "interval", "binary"].includes(type.kind)
        ? type
        : null;
  }
}

function floorDiv(value: bigint, by: bigint): bigint {
  const quotient = value / by;
  return value % by < 0n ? quotient - 1n : quotient;
}

const HOURS_PER_DAY = 24;

function ticksPer(type: RivetType, what: "day" | "hour"): bigint {
  const second = type.kind === "timestamp" && type.unit === "ns" ? 1_000_000_000n : 1_000_000n;
  return second * (what === "day" ? 86_400n : 3_600n);
}

function dayOf(type: RivetType, value: PartitionValue): number {
  return type.kind === "date"
    ? value as number
    : Number(floorDiv(value as bigint, ticksPer(type, "day")));
}

/** The bytes of a two's complement number, the fewest, the greatest first. */
export function minimalBytes(value: bigint): Uint8Array {
  let length = 1;
  while (BigInt.asIntN(8 * length, value) !== value) length++;
  return fixedBytes(value, length);
}

/** The same in `length` bytes. */
export function fixedBytes(value: bigint, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let rest = value;
  for (let at = length - 1; at >= 0; at--) {
    bytes[at] = Number(rest & 0xffn);
    rest >>= 8n;
  }
  return bytes;
}

function longBytes(value: bigint): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigInt64(0, BigInt.asIntN(64, value), true);
  return bytes;
}

const utf8 = new TextEncoder();

/** Iceberg's hash of a value: 16 and 32 bits hash as 64, decimals by their fewest bytes. */
export function bucketHash(type: RivetType, value: Exclude<PartitionValue, null>): number {
  if (value instanceof Uint8Array) return murmur3(value);
  if (typeof value === "string") return murmur3(utf8.encode(value));
  if (type.kind === "decimal") return murmur3(minimalBytes(value as bigint));
  return murmur3(longBytes(BigInt(value)));
}

/** Of text the first characters, not their halves. */
function firstCharacters(text: string, count: number): string {
  if (text.length <= count) return text;
  let at = 0;
  for (const character of text) {
    if (count-- === 0) break;
    at += character.length;
  }
  return text.slice(0, at);
}

function truncated(value: Exclude<PartitionValue, null>, width: number): PartitionValue {
  if (typeof value === "string") return firstCharacters(value, width);
  if (value instanceof Uint8Array) return value.slice(0, width);
  if (typeof value === "bigint") {
    const by = BigInt(width);
    return floorDiv(value, by) * by;
  }
  return Math.floor(value as number / width) * width;
}

/** @param type of `value`; one that `transformedType` takes. */
export function transformed(
  type: RivetType,
  transform: Transform,
  value: PartitionValue,
): PartitionValue {
  if (value === null) return null;
  switch (transform.kind) {
    case "identity":
      return value;
    case "year":
      return civilDate(dayOf(type, value)).year - 1970;
    case "month": {
      const { year, month } = civilDate(dayOf(type, value));
      return (year - 1970) * 12 + month - 1;
    }
    case "day":
      return dayOf(type, value);
    case "hour":
      return Number(floorDiv(value as bigint, ticksPer(type, "hour")));
    case "bucket":
      return (bucketHash(type, value) & 0x7fff_ffff) % transform.buckets;
    case "truncate":
      return truncated(value, transform.width);
  }
}

const two = (n: number) => String(n).padStart(2, "0");

/** As ECMAScript writes years: six digits and a sign beyond 0..9999. */
function yearText(year: number): string {
  if (year >= 0 && year <= 9999) return String(year).padStart(4, "0");
  return `${year < 0 ? "-" : "+"}${String(Math.abs(year)).padStart(6, "0")}`;
}

function dayText(days: number): string {
  const { year, month, day } = civilDate(days);
  return `${yearText(year)}-${two(month)}-${two(day)}`;
}

const hex = (bytes: Uint8Array) => [...bytes].map((b) => b.toString(16).padStart(2, "0")).join("");

/** A transform's result as people read it, and `parsePartitionText` reads it back. */
export function partitionText(
  type: RivetType,
  transform: Transform,
  value: Exclude<PartitionValue, null>,
): string {
  switch (transform.kind) {
    case "year":
      return yearText(value as number + 1970);
    case "month": {
      const years = Math.floor(value as number / 12);
      return `${yearText(years + 1970)}-${two(value as number - years * 12 + 1)}`;
    }
    case "day":
      return dayText(value as number);
    case "hour": {
      const days = Math.floor(value as number / HOURS_PER_DAY);
      return `${dayText(days)}-${two(value as number - days * HOURS_PER_DAY)}`;
    }
    case "bucket":
      return String(value);
    case "identity":
    case "truncate":
      if (value instanceof Uint8Array) return hex(value);
      return type.kind === "date"
        ? dayText(value as number)
        : Object.is(value, -0)
        ? "-0"
        : `${value}`;
  }
}

const DATE = /^([+-]?\d{4,6})(?:-(\d\d))?(?:-(\d\d))?(?:-(\d\d))?$/;

function parseDate(transform: Transform["kind"], text: string): number {
  const match = DATE.exec(text);
  if (match === null) throw new RangeError(`not a ${transform}: ${text}`);
  const [year, month, day, hour] = [match[1], match[2] ?? "1", match[3] ?? "1", match[4] ?? "0"]
    .map(Number);
  if (transform === "year") return year - 1970;
  if (transform === "month") return (year - 1970) * 12 + month - 1;
  const days = civilDays(year, month, day);
  return transform === "hour" ? days * HOURS_PER_DAY + hour : days;
}

/** @param type of the column. */
export function parsePartitionText(
  type: RivetType,
  { kind }: Transform,
  text: string,
): Exclude<PartitionValue, null> {
  if (kind === "bucket") return Number(text);
  if (kind !== "identity" && kind !== "truncate") return parseDate(kind, text);
  switch (type.kind) {
    case "bool":
      return text === "true";
    case "int":
      return type.bits === 64 ? BigInt(text) : Number(text);
    case "float":
      return Number(text);
    case "decimal":
    case "time":
    case "timestamp":
      return BigInt(text);
    case "date":
      return parseDate("day", text);
    case "uuid":
    case "binary":
      return Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));
    default:
      return text;
  }
}
