/**
 * The name of a result column's type, as the server would write it, from its column definition packet.
 * https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_com_query_response_text_resultset_column_definition.html
 */

/** What a column definition says. */
export interface NativeField {
  readonly name: string;
  readonly columnType?: number;
  /** Bytes, in the character set of the results; digits of a number, bits of a BIT. */
  readonly columnLength?: number;
  readonly flags: number | string[];
  readonly decimals: number;
  readonly characterSet?: number;
  /** MariaDB: a type that travels as another one, e.g. `uuid`. */
  readonly extendedTypeName?: string;
  /** MariaDB: `json` for a column that was declared so. */
  readonly extendedFormat?: string;
}

const NOT_NULL = 1;
const UNSIGNED = 32;
const ENUM = 256;
const SET = 2048;
/** The collation `binary`: bytes without a character set. */
const BINARY = 63;
/** Of utf8mb4, in which lengths are told. */
const BYTES_PER_CHARACTER = 4;
/** `decimals` of a float without a fixed number of them. */
const NOT_FIXED = 31;

const INTEGERS: Readonly<Record<number, string>> = {
  1: "tinyint",
  2: "smallint",
  3: "int",
  8: "bigint",
  9: "mediumint",
};

function flagsOf({ flags }: NativeField): number {
  return typeof flags === "number" ? flags : 0;
}

export function isNotNull(field: NativeField): boolean {
  return (flagsOf(field) & NOT_NULL) !== 0;
}

/** Digits before and after the point; the length counts the point and a sign as well. */
function decimalName(field: NativeField): string {
  const unsigned = (flagsOf(field) & UNSIGNED) !== 0;
  const length = field.columnLength ?? 0;
  const precision = length - (field.decimals > 0 ? 1 : 0) - (unsigned ? 0 : 1);
  return `decimal(${Math.max(precision, field.decimals, 1)},${field.decimals})`;
}

function floatName(name: string, { columnLength, decimals }: NativeField): string {
  return decimals >= NOT_FIXED ? name : `${name}(${columnLength},${decimals})`;
}

function withFraction(name: string, { decimals }: NativeField): string {
  return decimals > 0 && decimals <= 6 ? `${name}(${decimals})` : name;
}

/** TEXT and BLOB by the largest value they hold; results of expressions have lengths of their own. */
function blobName(field: NativeField): string {
  const binary = field.characterSet === BINARY;
  const bytes = (field.columnLength ?? 0) / (binary ? 1 : BYTES_PER_CHARACTER);
  const kind = binary ? "blob" : "text";
  if (bytes <= 0xff) return `tiny${kind}`;
  if (bytes <= 0xffff) return kind;
  return bytes <= 0xff_ffff ? `medium${kind}` : `long${kind}`;
}

function stringName(field: NativeField, varying: boolean): string {
  const flags = flagsOf(field);
  if ((flags & ENUM) !== 0) return "enum";
  if ((flags & SET) !== 0) return "set";
  const length = field.columnLength ?? 0;
  if (field.characterSet === BINARY) return `${varying ? "varbinary" : "binary"}(${length})`;
  return `${varying ? "varchar" : "char"}(${Math.ceil(length / BYTES_PER_CHARACTER)})`;
}

function integerName(base: string, field: NativeField): string {
  const unsigned = (flagsOf(field) & UNSIGNED) !== 0;
  // The one display width that means something: it declares a boolean.
  if (base === "tinyint" && field.columnLength === 1 && !unsigned) return "tinyint(1)";
  return unsigned ? `${base} unsigned` : base;
}

export function nativeName(field: NativeField): string {
  if (field.extendedFormat === "json") return "json";
  if (field.extendedTypeName !== undefined) return field.extendedTypeName.toLowerCase();
  const type = field.columnType ?? -1;
  if (Object.hasOwn(INTEGERS, type)) return integerName(INTEGERS[type], field);
  switch (type) {
    case 0:
    case 246:
      return decimalName(field);
    case 4:
      return floatName("float", field);
    case 5:
      return floatName("double", field);
    case 6:
      return "null";
    case 7:
      return withFraction("timestamp", field);
    case 10:
    case 14:
      return "date";
    case 11:
      return withFraction("time", field);
    case 12:
      return withFraction("datetime", field);
    case 13:
      return "year";
    case 16:
      return `bit(${field.columnLength ?? 1})`;
    case 242:
      return "vector";
    case 245:
      return "json";
    case 247:
      return "enum";
    case 248:
      return "set";
    case 249:
    case 250:
    case 251:
    case 252:
      return blobName(field);
    case 15:
    case 253:
      return stringName(field, true);
    case 254:
      return stringName(field, false);
    case 255:
      return "geometry";
    default:
      return `type ${type}`;
  }
}
