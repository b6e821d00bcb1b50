/**
 * Column types of a scripted result: how COLMETADATA describes them and how values stand in a row.
 * Written from [MS-TDS] 2.2.5.4 to 2.2.5.6, on its own: nothing of the adapter is used.
 */
import { Buffer } from "node:buffer";
import type { Traits } from "./traits.ts";

/** A cell, in the form that its type takes; null for NULL. */
export type Cell = string | number | bigint | boolean | Uint8Array | null;

export interface TdsType {
  readonly userType: number;
  /** TYPE_INFO. */
  readonly info: Uint8Array;
  /** A value with its length prefix; null gives the type's NULL, where a ROW can say it. */
  encode(value: Cell): Uint8Array;
  /** The form that a server with these traits sends instead; absent: it sends this one. */
  under?(traits: Traits): TdsType;
}

export interface TdsColumn {
  readonly name: string;
  readonly type: TdsType;
  readonly nullable?: boolean;
}

function little(bytes: number, value: bigint): Buffer {
  const out = Buffer.alloc(bytes);
  for (let i = 0; i < bytes; i++) out[i] = Number((value >> BigInt(8 * i)) & 255n);
  return out;
}

const u16 = (value: number): Buffer => little(2, BigInt(value));
const u32 = (value: number): Buffer => little(4, BigInt(value));

function simple(
  info: readonly number[],
  body: (value: Exclude<Cell, null>) => Uint8Array,
): TdsType {
  return {
    userType: 0,
    info: Uint8Array.from(info),
    encode(value) {
      if (value === null) return Uint8Array.of(0);
      const bytes = body(value);
      return Buffer.concat([Buffer.from([bytes.length]), bytes]);
    },
  };
}

/** A type without NULL: the value has no length in front. */
function fixed(
  id: number,
  nullable: readonly [number, number],
  body: (value: Exclude<Cell, null>) => Uint8Array,
): TdsType {
  return {
    userType: 0,
    info: Uint8Array.of(id),
    under: ({ nullableForms }) =>
      nullableForms ? simple(nullable, body) : fixed(id, nullable, body),
    encode(value) {
      if (value === null) throw new TypeError("a fixed type holds no NULL");
      return body(value);
    },
  };
}

/** Code page 1252, collation Latin1_General_CI_AS (LCID 0x0409). */
export const LATIN1 = Uint8Array.of(0x09, 0x04, 0xd0, 0x00, 0x00);
/** Code page 1252 by its sort id, 52: SQL_Latin1_General_CP1_CI_AS, the default of an installation. */
export const SQL_LATIN1 = Uint8Array.of(0x09, 0x04, 0xd0, 0x00, 0x34);
/** Cyrillic_General_CI_AS, code page 1251. */
export const CYRILLIC = Uint8Array.of(0x19, 0x04, 0xd0, 0x00, 0x00);
/** Japanese_CI_AS, code page 932. */
export const JAPANESE = Uint8Array.of(0x11, 0x04, 0xd0, 0x00, 0x00);
/** Latin1_General_100_CI_AS_SC_UTF8: flag fUTF8. */
export const UTF8 = Uint8Array.of(0x09, 0x04, 0xd0, 0x24, 0x00);
/** Greek_CI_AS, code page 1253, in which 0xd2 means nothing. */
export const GREEK = Uint8Array.of(0x08, 0x04, 0xd0, 0x00, 0x00);

const utf16 = (value: Cell): Buffer => Buffer.from(String(value), "utf16le");

function bytesOf(value: Cell): Uint8Array {
  if (value instanceof Uint8Array) return value;
  return Buffer.from(String(value), "latin1");
}

/** What the database's default collation is to a server with these traits. */
export function collationUnder(collation: Uint8Array, { sqlCollation }: Traits): Uint8Array {
  return sqlCollation && collation === LATIN1 ? SQL_LATIN1 : collation;
}

function sized(
  id: number,
  size: number,
  collation: Uint8Array,
  body: (value: Cell) => Uint8Array,
  userType = 0,
): TdsType {
  return {
    userType,
    info: Buffer.concat([Buffer.from([id]), u16(size), collation]),
    under: (traits) => sized(id, size, collationUnder(collation, traits), body, userType),
    encode(value) {
      if (value === null) return u16(0xffff);
      const bytes = body(value);
      return Buffer.concat([u16(bytes.length), bytes]);
    },
  };
}

const PLP_NULL = Buffer.alloc(8, 0xff);
const PLP_UNKNOWN = Buffer.concat([Buffer.from([0xfe]), Buffer.alloc(7, 0xff)]);

/** A value in chunks of at most `chunk` bytes; its length is announced unless `unknown`. */
export function plp(bytes: Uint8Array, chunk: number, unknown: boolean): Uint8Array {
  const parts = [unknown ? PLP_UNKNOWN : little(8, BigInt(bytes.length))];
  for (let at = 0; at < bytes.length; at += chunk) {
    const piece = bytes.subarray(at, at + chunk);
    parts.push(u32(piece.length), Buffer.from(piece));
  }
  return Buffer.concat([...parts, u32(0)]);
}

export interface PlpOptions {
  readonly chunk?: number;
  readonly unknown?: boolean;
}

const LARGE_PIECE = 32_000;

function chunked(
  head: Uint8Array,
  collation: Uint8Array,
  body: (value: Cell) => Uint8Array,
  { chunk = 8000, unknown = false }: PlpOptions,
): TdsType {
  return {
    userType: 0,
    info: Buffer.concat([head, collation]),
    under: (traits) =>
      chunked(
        head,
        collationUnder(collation, traits),
        body,
        traits.largePieces ? { chunk: LARGE_PIECE } : { chunk, unknown },
      ),
    encode: (value) => value === null ? PLP_NULL : plp(body(value), chunk, unknown),
  };
}

const maxOf = (id: number): Uint8Array => Uint8Array.of(id, 0xff, 0xff);
const NO_COLLATION = new Uint8Array(0);

/** Ticks since midnight in 10^-scale seconds, little-endian. */
function ticks(clock: string, scale: number): Buffer {
  const [hours, minutes, seconds] = clock.split(":");
  const [whole, fraction = ""] = seconds.split(".");
  const base = BigInt(hours) * 3600n + BigInt(minutes) * 60n + BigInt(whole);
  const decimals = BigInt(fraction.padEnd(scale, "0").slice(0, scale) || "0");
  return little(scale <= 2 ? 3 : scale <= 4 ? 4 : 5, base * 10n ** BigInt(scale) + decimals);
}

const DAY_MS = 86_400_000;

/** Days between two dates, either of which may be before the year 100. */
function daysSince(epoch: string, date: string): number {
  const at = (text: string) => Date.parse(`${text}T00:00:00Z`);
  return (at(date) - at(epoch)) / DAY_MS;
}

function datetime2(text: string, scale: number): Buffer {
  const [date, clock] = text.split(" ");
  return Buffer.concat([ticks(clock, scale), little(3, BigInt(daysSince("0001-01-01", date)))]);
}

/** The magnitude in `bytes` bytes; without them in as few as hold it. */
function decimalBody(text: string, scale: number, bytes?: number): Buffer {
  const negative = text.startsWith("-");
  const [whole, fraction = ""] = text.replace("-", "").split(".");
  const magnitude = BigInt(whole + fraction.padEnd(scale, "0"));
  const fewest = [4, 8, 12].find((n) => magnitude < 1n << BigInt(8 * n)) ?? 16;
  return Buffer.concat([Buffer.from([negative ? 0 : 1]), little(bytes ?? fewest, magnitude)]);
}

/** Bytes of the magnitude by precision ([MS-TDS] 2.2.5.5.1.5). */
function decimalBytes(precision: number): number {
  return precision <= 9 ? 4 : precision <= 19 ? 8 : precision <= 28 ? 12 : 16;
}

function exactNumber(id: number, precision: number, scale: number): TdsType {
  const bytes = decimalBytes(precision);
  const own = simple(
    [id, bytes + 1, precision, scale],
    (v) => decimalBody(String(v), scale, bytes),
  );
  const short = simple([0x6c, 17, precision, scale], (v) => decimalBody(String(v), scale));
  return { ...own, under: ({ shortDecimals }) => shortDecimals ? short : own };
}

/** text, ntext or image: behind a pointer and a time stamp; `table` is where the column comes from. */
function lob(
  id: number,
  collation: Uint8Array,
  body: (value: Cell) => Uint8Array,
  table: readonly string[],
): TdsType {
  const parts = table.flatMap((part) => [u16(part.length), utf16(part)]);
  return {
    userType: 0,
    info: Buffer.concat([
      Buffer.from([id]),
      u32(0x7fffffff),
      collation,
      Buffer.from([table.length]),
      ...parts,
    ]),
    under: (traits) =>
      lob(id, collationUnder(collation, traits), body, traits.namedLobs ? ["dbo", "t"] : table),
    encode(value) {
      if (value === null) return Uint8Array.of(0);
      const bytes = body(value);
      return Buffer.concat([Buffer.from([16]), Buffer.alloc(24), u32(bytes.length), bytes]);
    },
  };
}

function guid(text: string): Buffer {
  const [a, b, c, ...rest] = text.split("-").map((part) => Buffer.from(part, "hex"));
  return Buffer.concat([a.reverse(), b.reverse(), c.reverse(), ...rest]);
}

function moneyBody(text: Cell): Buffer {
  const value = BigInt(String(text).replace(".", ""));
  const all = little(8, value);
  return Buffer.concat([all.subarray(4), all.subarray(0, 4)]);
}

function datetimeBody(text: Cell): Buffer {
  const [date, clock] = String(text).split(" ");
  const [hours, minutes, seconds] = clock.split(":").map(Number);
  const threeHundredths = Math.round((hours * 3600 + minutes * 60 + seconds) * 300);
  return Buffer.concat([little(4, BigInt(daysSince("1900-01-01", date))), u32(threeHundredths)]);
}

function smalldatetimeBody(text: Cell): Buffer {
  const [date, clock] = String(text).split(" ");
  const [hours, minutes] = clock.split(":").map(Number);
  return Buffer.concat([u16(daysSince("1900-01-01", date)), u16(hours * 60 + minutes)]);
}

function float(bytes: 4 | 8): (value: Cell) => Buffer {
  return (value) => {
    const out = Buffer.alloc(bytes);
    if (bytes === 4) out.writeFloatLE(Number(value));
    else out.writeDoubleLE(Number(value));
    return out;
  };
}

const integer = (bytes: number) => (value: Cell): Buffer =>
  little(
    bytes,
    BigInt.asUintN(bytes * 8, BigInt(Number.isInteger(value) ? value as number : String(value))),
  );

const bit = (value: Cell): Buffer => Buffer.from([value === true ? 1 : 0]);

function offsetBody(text: string, scale: number): Buffer {
  const match = /^(.*) ([+-])(\d\d):(\d\d)$/.exec(text);
  if (match === null) throw new TypeError(`${text} has no offset`);
  const minutes = (match[2] === "-" ? -1 : 1) * (Number(match[3]) * 60 + Number(match[4]));
  const utc = match[1];
  return Buffer.concat([datetime2(utc, scale), little(2, BigInt.asUintN(16, BigInt(minutes)))]);
}

export const types = {
  bit: () => simple([0x68, 1], bit),
  tinyint: () => simple([0x26, 1], integer(1)),
  smallint: () => simple([0x26, 2], integer(2)),
  int: () => simple([0x26, 4], integer(4)),
  bigint: () => simple([0x26, 8], integer(8)),
  /** The forms of columns that are NOT NULL. */
  bitNotNull: () => fixed(0x32, [0x68, 1], bit),
  tinyintNotNull: () => fixed(0x30, [0x26, 1], integer(1)),
  smallintNotNull: () => fixed(0x34, [0x26, 2], integer(2)),
  intNotNull: () => fixed(0x38, [0x26, 4], integer(4)),
  bigintNotNull: () => fixed(0x7f, [0x26, 8], integer(8)),
  realNotNull: () => fixed(0x3b, [0x6d, 4], float(4)),
  floatNotNull: () => fixed(0x3e, [0x6d, 8], float(8)),
  moneyNotNull: () => fixed(0x3c, [0x6e, 8], moneyBody),
  datetimeNotNull: () => fixed(0x3d, [0x6f, 8], datetimeBody),
  real: () => simple([0x6d, 4], float(4)),
  float: () => simple([0x6d, 8], float(8)),
  money: () => simple([0x6e, 8], moneyBody),
  smallmoney: () =>
    simple([0x6e, 4], (v) => little(4, BigInt.asUintN(32, BigInt(String(v).replace(".", ""))))),
  decimal: (precision: number, scale: number) => exactNumber(0x6a, precision, scale),
  numeric: (precision: number, scale: number) => exactNumber(0x6c, precision, scale),
  date: () => simple([0x28], (v) => little(3, BigInt(daysSince("0001-01-01", String(v))))),
  time: (scale: number) => simple([0x29, scale], (v) => ticks(String(v), scale)),
  datetime2: (scale: number) => simple([0x2a, scale], (v) => datetime2(String(v), scale)),
  /** Values are written in UTC with the offset behind them: `2024-01-31 10:00:00.5 +02:00`. */
  datetimeoffset: (scale: number) => simple([0x2b, scale], (v) => offsetBody(String(v), scale)),
  datetime: () => simple([0x6f, 8], datetimeBody),
  smalldatetime: () => simple([0x6f, 4], smalldatetimeBody),
  uniqueidentifier: () => simple([0x24, 16], (v) => guid(String(v))),
  nvarchar: (size: number) => sized(0xe7, size * 2, LATIN1, utf16),
  nchar: (size: number) => sized(0xef, size * 2, LATIN1, utf16),
  varchar: (size: number, collation: Uint8Array = LATIN1) => sized(0xa7, size, collation, bytesOf),
  char: (size: number, collation: Uint8Array = LATIN1) => sized(0xaf, size, collation, bytesOf),
  varbinary: (size: number) => sized(0xa5, size, NO_COLLATION, bytesOf),
  binary: (size: number) => sized(0xad, size, NO_COLLATION, bytesOf),
  rowversion: () => sized(0xad, 8, NO_COLLATION, bytesOf, 80),
  nvarcharMax: (options: PlpOptions = {}) => chunked(maxOf(0xe7), LATIN1, utf16, options),
  varcharMax: (options: PlpOptions = {}) => chunked(maxOf(0xa7), LATIN1, bytesOf, options),
  varbinaryMax: (options: PlpOptions = {}) => chunked(maxOf(0xa5), NO_COLLATION, bytesOf, options),
  xml: (options: PlpOptions = {}) => chunked(Uint8Array.of(0xf1, 0), NO_COLLATION, utf16, options),
  sqlVariant: (): TdsType => ({
    userType: 0,
    info: Buffer.concat([Buffer.from([0x62]), u32(8009)]),
    // An int, which two bytes say.
    encode: (value) =>
      value === null
        ? u32(0)
        : Buffer.concat([u32(6), Buffer.from([0x38, 0]), little(4, BigInt(Number(value)))]),
  }),
  udt: (name: string): TdsType => {
    const short = (text: string) => Buffer.concat([Buffer.from([text.length]), utf16(text)]);
    const long = (text: string) => Buffer.concat([u16(text.length), utf16(text)]);
    return {
      userType: 0,
      info: Buffer.concat([
        Buffer.from([0xf0]),
        u16(0xffff),
        short("db"),
        short("sys"),
        short(name),
        long("asm"),
      ]),
      encode: (value) => value === null ? PLP_NULL : plp(bytesOf(value), 8000, false),
    };
  },
  ntext: () => lob(0x63, LATIN1, utf16, ["t"]),
  text: (collation = LATIN1) => lob(0x23, collation, bytesOf, ["t"]),
  image: () => lob(0x22, NO_COLLATION, bytesOf, ["t"]),
} as const;
