/**
 * The columns of a result as COLMETADATA describes them, and the names of their types as T-SQL writes them:
 * `decimal(10,2)`, `varchar(20)`, and `varchar(20) COLLATE <name>` where the collation is not the database's.
 * [MS-TDS] 2.2.7.4, https://learn.microsoft.com/openspecs/windows_protocols/ms-tds
 */
import type { Collation } from "./wire/collation.ts";

/** One column of COLMETADATA. */
export interface ColumnMetadata {
  readonly colName: string;
  readonly type: { readonly name: string };
  readonly flags: number;
  readonly userType: number;
  /** Bytes; 65535 for `(max)`. */
  readonly dataLength?: number;
  readonly precision?: number;
  readonly scale?: number;
  readonly collation?: Collation;
  readonly udtInfo?: { readonly typeName: string };
}

/** How a value's bytes are laid out. */
export type WireKind =
  | "bit"
  | "int"
  | "float"
  | "money"
  | "decimal"
  | "date"
  | "time"
  | "smalldatetime"
  | "datetime"
  | "datetime2"
  | "datetimeoffset"
  | "uuid"
  | "utf16"
  | "codepage"
  | "bytes"
  /** Not read as it is; `describe` casts it. */
  | "other";

/** How the length of a value is written in front of it, or the length itself where there is none. */
export const BYTE_LENGTH = -1;
export const SHORT_LENGTH = -2;
/** Partially length-prefixed: `(max)` types, xml. */
export const CHUNKED = -3;
/** Four bytes; 0 is NULL. */
export const LONG_LENGTH = -4;
/** A pointer behind its length, 0 for NULL, a timestamp, and a length of four bytes: text, ntext, image. */
export const POINTED = -5;

export interface Field {
  readonly name: string;
  /** The type as T-SQL writes it, e.g. `decimal(10,2)`. */
  readonly nativeType: string;
  readonly nullable: boolean;
  readonly wire: WireKind;
  /** `BYTE_LENGTH`, `SHORT_LENGTH`, `CHUNKED`, `LONG_LENGTH`, `POINTED`, or the fixed number of bytes. */
  readonly prefix: number;
  /** Decimals of decimal, time, datetime2 and datetimeoffset. */
  readonly scale: number;
  /** Of a `codepage` wire, e.g. `CP1252` or `utf-8`. */
  readonly codePage: string | null;
}

type Shape = Pick<Field, "nativeType" | "wire" | "prefix">;

const MAX_LENGTH = 0xffff;
const ROWVERSION_USER_TYPE = 80;
const NULLABLE_FLAG = 1;

const shape = (nativeType: string, wire: WireKind, prefix: number): Shape => ({
  nativeType,
  wire,
  prefix,
});

const FIXED: Readonly<Record<string, Shape>> = {
  Bit: shape("bit", "bit", 1),
  TinyInt: shape("tinyint", "int", 1),
  SmallInt: shape("smallint", "int", 2),
  Int: shape("int", "int", 4),
  BigInt: shape("bigint", "int", 8),
  Real: shape("real", "float", 4),
  Float: shape("float", "float", 8),
  SmallMoney: shape("smallmoney", "money", 4),
  Money: shape("money", "money", 8),
  SmallDateTime: shape("smalldatetime", "smalldatetime", 4),
  DateTime: shape("datetime", "datetime", 8),
  BitN: shape("bit", "bit", BYTE_LENGTH),
  Date: shape("date", "date", BYTE_LENGTH),
  UniqueIdentifier: shape("uniqueidentifier", "uuid", BYTE_LENGTH),
  Xml: shape("xml", "utf16", CHUNKED),
  Text: shape("text", "other", POINTED),
  NText: shape("ntext", "other", POINTED),
  Image: shape("image", "other", POINTED),
  Variant: shape("sql_variant", "other", LONG_LENGTH),
  Null: shape("int", "int", 0),
};

/** The nullable twins of fixed types, by their length. */
const BY_LENGTH: Readonly<Record<string, Readonly<Record<number, Shape>>>> = {
  IntN: {
    1: shape("tinyint", "int", BYTE_LENGTH),
    2: shape("smallint", "int", BYTE_LENGTH),
    4: shape("int", "int", BYTE_LENGTH),
    8: shape("bigint", "int", BYTE_LENGTH),
  },
  FloatN: { 4: shape("real", "float", BYTE_LENGTH), 8: shape("float", "float", BYTE_LENGTH) },
  MoneyN: {
    4: shape("smallmoney", "money", BYTE_LENGTH),
    8: shape("money", "money", BYTE_LENGTH),
  },
  DateTimeN: {
    4: shape("smalldatetime", "smalldatetime", BYTE_LENGTH),
    8: shape("datetime", "datetime", BYTE_LENGTH),
  },
};

const SIZED: Readonly<Record<string, { name: string; wire: WireKind; unit: number }>> = {
  VarChar: { name: "varchar", wire: "codepage", unit: 1 },
  Char: { name: "char", wire: "codepage", unit: 1 },
  NVarChar: { name: "nvarchar", wire: "utf16", unit: 2 },
  NChar: { name: "nchar", wire: "utf16", unit: 2 },
  VarBinary: { name: "varbinary", wire: "bytes", unit: 1 },
  Binary: { name: "binary", wire: "bytes", unit: 1 },
};

const SCALED: Readonly<Record<string, { name: string; wire: WireKind }>> = {
  Time: { name: "time", wire: "time" },
  DateTime2: { name: "datetime2", wire: "datetime2" },
  DateTimeOffset: { name: "datetimeoffset", wire: "datetimeoffset" },
};

function shapeOf(metadata: ColumnMetadata): Shape {
  const { type: { name }, dataLength = 0, precision = 0, scale = 0, userType } = metadata;
  const known = FIXED[name] ?? BY_LENGTH[name]?.[dataLength];
  if (known !== undefined) return known;
  if (userType === ROWVERSION_USER_TYPE) return shape("rowversion", "bytes", SHORT_LENGTH);
  if (name in SCALED) {
    return shape(`${SCALED[name].name}(${scale})`, SCALED[name].wire, BYTE_LENGTH);
  }
  if (name in SIZED) {
    const { name: native, wire, unit } = SIZED[name];
    const max = dataLength === MAX_LENGTH;
    const size = max ? "max" : String(dataLength / unit);
    return shape(`${native}(${size})`, wire, max ? CHUNKED : SHORT_LENGTH);
  }
  if (name === "DecimalN" || name === "NumericN") {
    return shape(
      `${name.slice(0, -1).toLowerCase()}(${precision},${scale})`,
      "decimal",
      BYTE_LENGTH,
    );
  }
  return shape(metadata.udtInfo?.typeName ?? name, "other", CHUNKED);
}

export function fieldOf(metadata: ColumnMetadata): Field {
  const { nativeType, wire, prefix } = shapeOf(metadata);
  return {
    name: metadata.colName,
    nativeType,
    nullable: (metadata.flags & NULLABLE_FLAG) !== 0,
    wire,
    prefix,
    scale: metadata.scale ?? 0,
    codePage: wire === "codepage" ? metadata.collation?.codepage ?? null : null,
  };
}

/** Stands for the name of a collation that the server does not tell. */
export const UNKNOWN_COLLATION = "unknown";

/** The type's name without its size and collation. */
export function baseName(nativeType: string): string {
  return nativeType.replace(/[( ].*$/, "");
}

/** The collation that is not the database's; null when it is. */
export function collationOf(nativeType: string): string | null {
  return / COLLATE (\w+)$/.exec(nativeType)?.[1] ?? null;
}

/** @param collation as `COLLATE` takes it. */
export function withCollation(nativeType: string, collation: string): string {
  return `${nativeType} COLLATE ${/^\w+$/.test(collation) ? collation : UNKNOWN_COLLATION}`;
}
