/**
 * Values of T-SQL and their conversions, from what the documentation of CAST and CONVERT says.
 * https://learn.microsoft.com/sql/t-sql/functions/cast-and-convert-transact-sql
 */
import type { Cell } from "../types.ts";
import {
  collationRules,
  compareOctets,
  decodeBytes,
  encodeText,
  type SqlType,
} from "./sql_type.ts";

/** An instant and the offset that it is written with, in minutes. */
export interface Instant {
  readonly ticks: bigint;
  readonly offset: number;
}

/**
 * Integers and bit as they are; decimals and money without their point; floats; Unicode texts; char and
 * varchar as bytes of their code page; binary; a GUID in the order of its text; date and time types in
 * units of their own: days or ticks of 100 ns since year 1, 300ths of a second or minutes since 1900.
 */
export type Raw = bigint | number | string | Uint8Array | Instant;
export type Value = Raw | null;

const TICKS = 10_000_000n;
const DAY = 86_400n * TICKS;
const YEAR_1 = -719_162;
const YEAR_1900 = 693_595n;

const INTEGERS: Readonly<Record<string, readonly [bigint, bigint]>> = {
  bit: [0n, 1n],
  tinyint: [0n, 255n],
  smallint: [-(2n ** 15n), 2n ** 15n - 1n],
  int: [-(2n ** 31n), 2n ** 31n - 1n],
  bigint: [-(2n ** 63n), 2n ** 63n - 1n],
};

export const isInteger = ({ name }: SqlType): boolean => name in INTEGERS;
export const isExact = ({ name }: SqlType): boolean => name === "decimal" || name.endsWith("money");
export const isFloat = ({ name }: SqlType): boolean => name === "float" || name === "real";
export const isUnicode = ({ name }: SqlType): boolean => name === "nvarchar" || name === "nchar";
export const isCodePage = ({ name }: SqlType): boolean => name === "varchar" || name === "char";
export const isText = (type: SqlType): boolean => isUnicode(type) || isCodePage(type);
export const isBinary = ({ name }: SqlType): boolean =>
  name === "varbinary" || name === "binary" || name === "rowversion";

/** As the server fails: with a number and a message. */
export class SqlError extends Error {
  constructor(readonly number: number, message: string) {
    super(message);
  }
}

const fail = (type: SqlType, text: string): never => {
  throw new SqlError(8114, `Error converting ${JSON.stringify(text)} to ${type.name}.`);
};

const two = (n: bigint): string => String(n).padStart(2, "0");

function dayText(day: bigint): string {
  return new Date((Number(day) + YEAR_1) * 86_400_000).toISOString().slice(0, 10).padStart(10, "0");
}

function clockText(ticks: bigint, decimals: number): string {
  const seconds = ticks / TICKS;
  const clock = [seconds / 3600n, seconds / 60n % 60n, seconds % 60n].map(two).join(":");
  const fraction = String(ticks % TICKS).padStart(7, "0").slice(0, decimals);
  return decimals === 0 ? clock : `${clock}.${fraction}`;
}

const stamp = (ticks: bigint, decimals: number): string =>
  `${dayText(ticks / DAY)} ${clockText(ticks % DAY, decimals)}`;

const scaleOf = ({ size }: SqlType): number => size === "max" ? 7 : size;

/** Milliseconds as they are printed: rounded from 300ths. */
function datetimeTicks(units: bigint): bigint {
  const [day, rest] = [units / 25_920_000n, units % 25_920_000n];
  const millis = (rest * 10n + 1n) / 3n;
  return (day + YEAR_1900) * DAY + millis * 10_000n;
}

function exactText(value: bigint, scale: number): string {
  const digits = String(value < 0n ? -value : value).padStart(scale + 1, "0");
  const point = digits.length - scale;
  const text = scale === 0 ? digits : `${digits.slice(0, point)}.${digits.slice(point)}`;
  return value < 0n ? `-${text}` : text;
}

function offsetText(offset: number): string {
  const minutes = BigInt(Math.abs(offset));
  return `${offset < 0 ? "-" : "+"}${two(minutes / 60n)}:${two(minutes % 60n)}`;
}

function guidText(bytes: Uint8Array): string {
  const hex = bytes.toHex().toUpperCase();
  return [8, 12, 16, 20, 32].map((end, i) => hex.slice([0, 8, 12, 16, 20][i], end)).join("-");
}

/** The documented text of a value in a style; style 0 is refused where it is not exact. */
export function toText(value: Raw, type: SqlType, style: number): string {
  const { name } = type;
  if (typeof value === "string") return value;
  if (isInteger(type)) return String(value);
  if (isCodePage(type)) {
    return decodeBytes(value as Uint8Array, collationRules(type.collation).codePage);
  }
  if (name === "decimal") return exactText(value as bigint, type.scale);
  if (name === "uniqueidentifier") return guidText(value as Uint8Array);
  if (isExact(type) && style === 2) return exactText(value as bigint, 4);
  if (isFloat(type) && style === 3) {
    return (value as number).toExponential(name === "real" ? 8 : 16);
  }
  if (isBinary(type) && style === 2) return (value as Uint8Array).toHex().toUpperCase();
  if (style === 121 || style === 126) {
    switch (name) {
      case "date":
        return dayText(value as bigint);
      case "time":
        return clockText(value as bigint, scaleOf(type));
      case "smalldatetime":
        return stamp(YEAR_1900 * DAY + (value as bigint) * 60n * TICKS, 3);
      case "datetime":
        return stamp(datetimeTicks(value as bigint), 3);
      case "datetime2":
        return stamp(value as bigint, scaleOf(type));
      case "datetimeoffset": {
        const { ticks, offset } = value as Instant;
        const local = ticks + BigInt(offset) * 60n * TICKS;
        return `${stamp(local, scaleOf(type))} ${offsetText(offset)}`;
      }
    }
  }
  throw new SqlError(50_000, `${name} as text in style ${style} loses something`);
}

const round = (ticks: bigint, decimals: number): bigint => {
  const unit = 10n ** BigInt(7 - decimals);
  return (ticks + unit / 2n) / unit * unit;
};

const MOMENT =
  /^(?:(\d{4})-?(\d\d)-?(\d\d))?[ T]?(?:(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,7}))?)?)?\s*([+-]\d\d:\d\d)?$/;

/** ISO 8601 and unseparated dates: the spellings that no session setting changes. */
function momentOf(text: string, type: SqlType): Instant {
  const match = MOMENT.exec(text) ?? fail(type, text);
  const [, year = "1900", month = "01", day = "01", hour = "0", minute = "0", second = "0"] = match;
  if (/^\d{4}-\d\d-\d\d /.test(text) && /^(small)?datetime$/.test(type.name)) {
    throw new SqlError(50_000, `${text} is read by DATEFORMAT`);
  }
  if (type.name.endsWith("datetime") && (match[7] ?? "").length > 3) fail(type, text);
  const days = BigInt(Date.parse(`${year}-${month}-${day}T00:00:00Z`) / 86_400_000 - YEAR_1);
  const clock = (BigInt(hour) * 60n + BigInt(minute)) * 60n + BigInt(second);
  const fraction = BigInt((match[7] ?? "").padEnd(7, "0"));
  const zone = match[8];
  if (zone !== undefined && type.name !== "datetimeoffset") fail(type, text);
  const sign = zone?.startsWith("-") ? -1 : 1;
  const offset = zone === undefined
    ? 0
    : sign * (Number(zone.slice(1, 3)) * 60 + Number(zone.slice(4)));
  return {
    ticks: days * DAY + clock * TICKS + fraction - BigInt(offset) * 60n * TICKS,
    offset,
  };
}

function momentFrom({ ticks, offset }: Instant, type: SqlType): Raw {
  const since1900 = ticks - YEAR_1900 * DAY;
  switch (type.name) {
    case "date":
      return ticks / DAY;
    case "time":
      return round(ticks % DAY, scaleOf(type)) % DAY;
    case "smalldatetime": {
      const minutes = (since1900 + 30n * TICKS) / (60n * TICKS);
      if (since1900 < 0n || minutes > 65_535n * 1440n + 1439n) fail(type, stamp(ticks, 7));
      return minutes;
    }
    case "datetime":
      if (ticks / DAY < 639_905n) fail(type, stamp(ticks, 7));
      return (since1900 * 300n + TICKS / 2n) / TICKS;
    case "datetime2":
      return round(ticks, scaleOf(type));
    default:
      return { ticks: round(ticks, scaleOf(type)), offset };
  }
}

function instantOf(value: Raw, type: SqlType): Instant {
  const at = (ticks: bigint): Instant => ({ ticks, offset: 0 });
  switch (type.name) {
    case "date":
      return at((value as bigint) * DAY);
    case "smalldatetime":
      return at(YEAR_1900 * DAY + (value as bigint) * 60n * TICKS);
    case "datetime":
      // To the 100 ns, as from compatibility level 130 on.
      return at(YEAR_1900 * DAY + ((value as bigint) * TICKS + 150n) / 300n);
    case "datetimeoffset":
      return value as Instant;
    default:
      return at(value as bigint);
  }
}

const EXACT_TEXT = /^\s*([+-]?)(\d*)(?:\.(\d*))?\s*$/;

function rescale(value: bigint, from: number, to: number): bigint {
  if (to >= from) return value * 10n ** BigInt(to - from);
  const unit = 10n ** BigInt(from - to);
  const half = value < 0n ? -unit / 2n : unit / 2n;
  return (value + half) / unit;
}

function exactFrom(text: string, type: SqlType): bigint {
  const match = EXACT_TEXT.exec(text) ?? fail(type, text);
  const [, sign, whole, fraction = ""] = match;
  const unscaled = BigInt(`${whole}${fraction}` || "0");
  const value = rescale(unscaled, fraction.length, type.scale);
  return sign === "-" ? -value : value;
}

function fromText(text: string, type: SqlType, style: number): Raw {
  if (isInteger(type)) {
    if (type.name === "bit" && /^(true|false)$/i.test(text)) return /true/i.test(text) ? 1n : 0n;
    if (!/^\s*[+-]?\d+\s*$/.test(text)) fail(type, text);
    return checked(BigInt(text), type);
  }
  if (isExact(type)) return checkedExact(exactFrom(text, type), type);
  if (isFloat(type)) return single(Number(text), type);
  if (type.name === "uniqueidentifier") return Uint8Array.fromHex(text.replaceAll("-", ""));
  if (isBinary(type)) {
    if (style !== 2) throw new SqlError(50_000, "text as binary without style 2");
    return fitted(Uint8Array.fromHex(text), type);
  }
  return momentFrom(momentOf(text, type), type);
}

const single = (value: number, { name }: SqlType): number =>
  name === "real" ? Math.fround(value) : value;

function checked(value: bigint, type: SqlType): bigint {
  const [low, high] = INTEGERS[type.name];
  if (value < low || value > high) throw new SqlError(8115, `Arithmetic overflow to ${type.name}.`);
  return value;
}

function checkedExact(value: bigint, type: SqlType): bigint {
  const digits = type.name === "decimal" ? type.precision : type.name === "money" ? 19 : 10;
  const limit = 10n ** BigInt(digits);
  if (value >= limit || value <= -limit) {
    throw new SqlError(8115, "Arithmetic overflow to numeric.");
  }
  return value;
}

/** Cut to a size; a fixed size is filled up. */
function fitted(bytes: Uint8Array, { name, size }: SqlType): Uint8Array {
  const limit = name === "rowversion" ? 8 : size === "max" ? bytes.length : size;
  const cut = bytes.subarray(0, limit);
  if (name !== "binary" || cut.length === limit) return cut;
  const filled = new Uint8Array(limit);
  filled.set(cut);
  return filled;
}

function textFrom(text: string, type: SqlType): Raw {
  const { name, size } = type;
  if (isUnicode(type)) {
    const cut = size === "max" ? text : text.slice(0, size);
    return name === "nchar" ? cut.padEnd(size as number) : cut;
  }
  const bytes = encodeText(text, collationRules(type.collation).codePage);
  const limit = size === "max" ? bytes.length : size;
  const cut = bytes.subarray(0, limit);
  if (name !== "char" || cut.length === limit) return cut;
  const filled = new Uint8Array(limit).fill(0x20);
  filled.set(cut);
  return filled;
}

/** An integer's bytes, the highest first. */
function bigEndian(value: bigint, length: number): Uint8Array {
  return Uint8Array.from(
    { length },
    (_, i) => Number((value >> BigInt(8 * (length - 1 - i))) & 255n),
  );
}

const WIDTHS: Readonly<Record<string, number>> = { tinyint: 1, smallint: 2, int: 4, bigint: 8 };

function binaryFrom(value: Raw, from: SqlType, to: SqlType): Uint8Array {
  if (isBinary(from) || isCodePage(from)) return fitted(value as Uint8Array, to);
  if (isUnicode(from)) {
    const units = Array.from(
      { length: (value as string).length },
      (_, i) => (value as string).charCodeAt(i),
    );
    return fitted(Uint8Array.from(units.flatMap((unit) => [unit & 255, unit >> 8])), to);
  }
  const width = WIDTHS[from.name];
  if (width === undefined) throw new SqlError(50_000, `${from.name} as binary is not documented`);
  return fitted(bigEndian(BigInt.asUintN(width * 8, value as bigint), width), to);
}

function numberFrom(value: Raw, from: SqlType, to: SqlType): Raw {
  if (isBinary(from)) {
    const bytes = (value as Uint8Array).slice(-WIDTHS[to.name]);
    const unsigned = bytes.reduce((sum, byte) => sum * 256n + BigInt(byte), 0n);
    return BigInt.asIntN(WIDTHS[to.name] * 8, unsigned);
  }
  if (isFloat(to)) {
    return single(
      isFloat(from) ? value as number : Number(exactText(value as bigint, from.scale)),
      to,
    );
  }
  if (isFloat(from)) throw new SqlError(50_000, "a float as an exact number is rounded");
  const scaled = rescale(value as bigint, from.scale, to.scale);
  return isInteger(to) ? checked(scaled, to) : checkedExact(scaled, to);
}

const isNumber = (type: SqlType): boolean => isInteger(type) || isExact(type) || isFloat(type);

/** CAST and CONVERT. */
export function convert(value: Value, from: SqlType, to: SqlType, style = 0): Value {
  if (value === null) return null;
  if (isText(to)) return textFrom(toText(value, from, style), to);
  if (isText(from) && !(isBinary(to) && style === 0)) {
    return fromText(toText(value, from, 0), to, style);
  }
  if (isBinary(to)) return binaryFrom(value, from, to);
  if (isNumber(to)) return numberFrom(value, from, to);
  if (to.name === "uniqueidentifier") return value;
  return momentFrom(instantOf(value, from), to);
}

/** The groups of a GUID in the order in which the server compares them. */
const GUID_ORDER = [10, 11, 12, 13, 14, 15, 8, 9, 6, 7, 4, 5, 0, 1, 2, 3];

function trimmed(bytes: Uint8Array): Uint8Array {
  let end = bytes.length;
  while (end > 0 && bytes[end - 1] === 0x20) end--;
  return bytes.subarray(0, end);
}

const sign = (a: bigint | number, b: bigint | number): number => a < b ? -1 : a > b ? 1 : 0;

/** Of two values of one type; texts under the type's collation. */
export function compare(a: Raw, b: Raw, type: SqlType): number {
  const rules = collationRules(type.collation);
  if (typeof a === "string") return rules.compareUnicode(a.trimEnd(), (b as string).trimEnd());
  if (isCodePage(type)) {
    return rules.compareBytes(trimmed(a as Uint8Array), trimmed(b as Uint8Array));
  }
  if (type.name === "uniqueidentifier") {
    const inOrder = (value: Raw) => Uint8Array.from(GUID_ORDER, (i) => (value as Uint8Array)[i]);
    return compareOctets(inOrder(a), inOrder(b));
  }
  if (a instanceof Uint8Array) return compareOctets(a, b as Uint8Array);
  if (typeof a === "object") return sign(a.ticks, (b as Instant).ticks);
  return sign(a, b as bigint | number);
}

/** As the scripted server writes it into a row. */
export function cellOf(value: Value, type: SqlType): Cell {
  if (value === null || typeof value === "string" || typeof value === "number") return value;
  if (type.name === "bit") return value === 1n;
  if (isInteger(type)) return value as bigint;
  if (isExact(type)) return exactText(value as bigint, type.scale);
  if (type.name === "uniqueidentifier") return guidText(value as Uint8Array).toLowerCase();
  if (value instanceof Uint8Array) return value;
  if (type.name === "smalldatetime") return toText(value, type, 121).slice(0, 16);
  if (type.name !== "datetimeoffset") return toText(value, type, 121);
  // A row carries the instant in UTC, and the offset behind it.
  const { ticks, offset } = value as Instant;
  return `${stamp(ticks, scaleOf(type))} ${offsetText(offset)}`;
}
