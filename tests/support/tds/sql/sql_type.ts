/** T-SQL types and collations, as far as statements of exports need them. Nothing of the adapter is used. */
import { CYRILLIC, GREEK, SQL_LATIN1, type TdsType, types, UTF8 } from "../types.ts";

export interface SqlType {
  readonly name: string;
  /** Characters, bytes, or decimals of a second. */
  readonly size: number | "max";
  readonly precision: number;
  readonly scale: number;
  /** Of char and varchar. */
  readonly collation: string;
}

export interface CollationRules {
  readonly tds: Uint8Array;
  /** As `TextDecoder` names it. */
  readonly codePage: string;
  /** Of two texts without trailing blanks: as Unicode, or in the code page where that is another order. */
  compareUnicode(a: string, b: string): number;
  compareBytes(a: Uint8Array, b: Uint8Array): number;
}

const decoders = new Map<string, TextDecoder>();
function decoderOf(codePage: string): TextDecoder {
  const known = decoders.get(codePage) ?? new TextDecoder(codePage);
  decoders.set(codePage, known);
  return known;
}

export const decodeBytes = (bytes: Uint8Array, codePage: string): string =>
  decoderOf(codePage).decode(bytes);

const byteOf = new Map<string, Map<string, number>>();

/** What the code page does not have becomes a question mark, as at the server. */
export function encodeText(text: string, codePage: string): Uint8Array {
  if (codePage === "utf-8") return new TextEncoder().encode(text);
  let table = byteOf.get(codePage);
  if (table === undefined) {
    table = new Map();
    for (let byte = 0; byte < 256; byte++) {
      table.set(decodeBytes(Uint8Array.of(byte), codePage), byte);
    }
    byteOf.set(codePage, table);
  }
  return Uint8Array.from(text, (char) => table.get(char) ?? 0x3f);
}

function byBytes(a: Uint8Array, b: Uint8Array): number {
  for (let i = 0; i < Math.min(a.length, b.length); i++) if (a[i] !== b[i]) return a[i] - b[i];
  return a.length - b.length;
}

/** Windows collations sort their code page as they sort Unicode. */
function windows(tds: Uint8Array, codePage: string, locale: string): CollationRules {
  const { compare } = new Intl.Collator(locale, { sensitivity: "accent" });
  return {
    tds,
    codePage,
    compareUnicode: compare,
    compareBytes: (a, b) => compare(decodeBytes(a, codePage), decodeBytes(b, codePage)),
  };
}

/** SQL collations have an order of their own for the code page, in which punctuation counts. */
function sqlSort(tds: Uint8Array, codePage: string, locale: string): CollationRules {
  const fold = (bytes: Uint8Array) =>
    encodeText(decodeBytes(bytes, codePage).toUpperCase(), codePage);
  return {
    ...windows(tds, codePage, locale),
    compareBytes: (a, b) => byBytes(fold(a), fold(b)),
  };
}

export const DEFAULT_COLLATION = "SQL_Latin1_General_CP1_CI_AS";

const COLLATIONS: Readonly<Record<string, CollationRules>> = {
  [DEFAULT_COLLATION]: sqlSort(SQL_LATIN1, "windows-1252", "en"),
  Cyrillic_General_CI_AS: windows(CYRILLIC, "windows-1251", "ru"),
  Greek_CI_AS: windows(GREEK, "windows-1253", "el"),
  Latin1_General_100_CI_AS_SC_UTF8: windows(UTF8, "utf-8", "en"),
};

export function collationRules(name: string): CollationRules {
  const rules = COLLATIONS[name];
  if (rules === undefined) throw new TypeError(`no collation ${name}`);
  return rules;
}

export const compareOctets = byBytes;

const DEFAULT_SIZES: Readonly<Record<string, number>> = {
  time: 7,
  datetime2: 7,
  datetimeoffset: 7,
  char: 30,
  varchar: 30,
  nchar: 30,
  nvarchar: 30,
  binary: 30,
  varbinary: 30,
};

/** `decimal(10,2)`, `varchar(max)`, `varchar(20) COLLATE Greek_CI_AS`. */
export function sqlType(text: string): SqlType {
  const match = /^(\w+)\s*(?:\(\s*(\d+|max)\s*(?:,\s*(\d+)\s*)?\))?(?:\s+COLLATE\s+(\w+))?$/i
    .exec(text.trim());
  if (match === null) throw new TypeError(`no type: ${text}`);
  const name = match[1].toLowerCase() === "numeric" ? "decimal" : match[1].toLowerCase();
  const size = match[2] ?? DEFAULT_SIZES[name] ?? 0;
  const exact = name === "decimal";
  return {
    name,
    size: size === "max" ? "max" : Number(size),
    precision: exact ? Number(match[2] ?? 18) : 0,
    scale: exact ? Number(match[3] ?? 0) : name.endsWith("money") ? 4 : 0,
    collation: match[4] ?? DEFAULT_COLLATION,
  };
}

const simple: Readonly<Record<string, () => TdsType>> = {
  bit: types.bit,
  tinyint: types.tinyint,
  smallint: types.smallint,
  int: types.int,
  bigint: types.bigint,
  real: types.real,
  float: types.float,
  money: types.money,
  smallmoney: types.smallmoney,
  date: types.date,
  datetime: types.datetime,
  smalldatetime: types.smalldatetime,
  uniqueidentifier: types.uniqueidentifier,
  rowversion: types.rowversion,
};

export function tdsType(type: SqlType): TdsType {
  const { name, size, precision, scale, collation } = type;
  const tds = () => collationRules(collation).tds;
  const length = size === "max" ? 0 : size;
  switch (name) {
    case "decimal":
      return types.decimal(precision, scale);
    case "time":
      return types.time(length);
    case "datetime2":
      return types.datetime2(length);
    case "datetimeoffset":
      return types.datetimeoffset(length);
    case "nvarchar":
      return size === "max" ? types.nvarcharMax() : types.nvarchar(length);
    case "nchar":
      return types.nchar(length);
    case "varchar":
      return size === "max" ? types.varcharMax() : types.varchar(length, tds());
    case "char":
      return types.char(length, tds());
    case "varbinary":
      return size === "max" ? types.varbinaryMax() : types.varbinary(length);
    case "binary":
      return types.binary(length);
    default:
      return simple[name]();
  }
}
