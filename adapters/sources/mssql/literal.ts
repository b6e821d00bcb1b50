/**
 * Values as literals that compare with a column exactly as the column's own values do: each is of the
 * column's own type, so that the server converts the literal once and never the column, whose order and
 * index decide. docs/adr/0016-sql-server-literals.md
 */
import { SourceError } from "../../../core/base/errors.ts";
import type { RivetType } from "../../../core/types/types.ts";
import { baseName, collationOf, UNKNOWN_COLLATION } from "./fields.ts";

/** A Unicode literal: nothing in it is an escape but the doubled quote (CC10). */
export function quoteLiteral(value: string): string {
  return `N'${value.replaceAll("'", "''")}'`;
}

const cast = (value: string, type: string): string => `CAST(${quoteLiteral(value)} AS ${type})`;

const MOMENT =
  /^(\d{4}-\d{2}-\d{2})(?:[ T](\d{2}:\d{2}:\d{2})(?:\.(\d+))?)?\s*([+-]\d{2}(?::?\d{2})?)?$/;

/** Decimals of a second that a type's text form takes. */
const DECIMALS: Readonly<Record<string, number>> = {
  smalldatetime: 3,
  datetime: 3,
  datetime2: 7,
  datetimeoffset: 7,
};

/** The first and last day of the types that do not reach from year 1 to 9999. */
const DAYS: Readonly<Record<string, readonly [string, string]>> = {
  smalldatetime: ["1900-01-01", "2079-06-06"],
  datetime: ["1753-01-01", "9999-12-31"],
};

function holds(name: string, date: string): boolean {
  const days = DAYS[name];
  return days === undefined || (days[0] <= date && date <= days[1]);
}

/** `.5` from `500000000`, with at most `digits` digits; nothing for zeros. */
function fractionOf(digits: string, limit: number): string {
  const kept = digits.slice(0, limit).replace(/0+$/, "");
  return kept === "" ? "" : `.${kept}`;
}

/**
 * ISO 8601 with its T, and dates without separators: the spellings that LANGUAGE and DATEFORMAT do not
 * change for any type.
 */
function momentLiteral(value: string, nativeType: string): string {
  const name = baseName(nativeType);
  const match = MOMENT.exec(value);
  if (match === null) return quoteLiteral(value);
  const [, date, clock = "00:00:00", decimals = "", zone = "+00:00"] = match;
  if (name === "date") return cast(date.replaceAll("-", ""), nativeType);
  const text = `${date}T${clock}${fractionOf(decimals, DECIMALS[name])}`;
  if (!holds(name, date)) return cast(text, "datetime2(7)");
  if (name !== "datetimeoffset") return cast(text, nativeType);
  return cast(text + (/^[+-]\d{2}$/.test(zone) ? `${zone}:00` : zone), nativeType);
}

function clockLiteral(value: string, nativeType: string): string {
  const [whole, decimals = ""] = value.split(".");
  return cast(whole + fractionOf(decimals, 7), nativeType);
}

const HEX = /^([0-9a-f]{2})*$/i;

// deno-lint-ignore no-control-regex
const ASCII = /^[\x00-\x7f]*$/;
/** A varchar has no more bytes; none of its code pages has more than four for a character. */
const VARCHAR_BYTES = 8000;

/**
 * A `char` or `varchar` column compares in its own code page: as Unicode it would have another order
 * under a SQL_* or binary collation, and keep the column from its index. CAST converts in the code page
 * of its input's collation, which is the database's for a literal that names none.
 */
function codePageLiteral(value: string, nativeType: string): string {
  const collation = collationOf(nativeType);
  const size = value.length * 4 > VARCHAR_BYTES ? "max" : VARCHAR_BYTES;
  if (collation === null || ASCII.test(value)) return cast(value, `varchar(${size})`);
  if (collation === UNKNOWN_COLLATION) {
    throw new SourceError(
      "TYPE_UNSUPPORTED",
      `the server does not tell the collation of a key of type ${baseName(nativeType)}, which ` +
        "decides how its value is written in a statement",
      { hint: "Cast it in the export's query: CAST(<column> AS nvarchar(4000)) AS <column>." },
    );
  }
  return `CAST(${quoteLiteral(value)} COLLATE ${collation} AS varchar(${size}))`;
}

/** Numbers keep their digits; an integer that `columns:` reads as a decimal comes with zeros. */
function numberLiteral(value: string, type: RivetType | undefined, nativeType: string): string {
  const name = baseName(nativeType);
  const approximate = type?.kind === "float" && name !== "real";
  if (approximate) return cast(value, "float");
  return cast(name.endsWith("int") ? value.replace(/\.0+$/, "") : value, nativeType);
}

type Form = (value: string, type: RivetType | undefined, nativeType: string) => string;

const moment: Form = (value, _, nativeType) => momentLiteral(value, nativeType);
const own: Form = (value, _, nativeType) => cast(value, nativeType);
/** A rowversion compares with binary only. */
const bytes: Form = (value) => HEX.test(value) ? `0x${value}` : quoteLiteral(value);
const codePage: Form = (value, _, nativeType) => codePageLiteral(value, nativeType);

/** By the type's name. What is not here cannot be compared. */
const FORMS: Readonly<Record<string, Form>> = {
  bit: own,
  tinyint: numberLiteral,
  smallint: numberLiteral,
  int: numberLiteral,
  bigint: numberLiteral,
  decimal: numberLiteral,
  numeric: numberLiteral,
  money: numberLiteral,
  smallmoney: numberLiteral,
  real: numberLiteral,
  float: numberLiteral,
  date: moment,
  smalldatetime: moment,
  datetime: moment,
  datetime2: moment,
  datetimeoffset: moment,
  time: (value, _, nativeType) => clockLiteral(value, nativeType),
  uniqueidentifier: own,
  hierarchyid: own,
  binary: bytes,
  varbinary: bytes,
  rowversion: bytes,
  char: codePage,
  varchar: codePage,
  nchar: quoteLiteral,
  nvarchar: quoteLiteral,
};

/** For a value whose column is not named, e.g. of an expression over columns of several types. */
function literalOfKind(value: string, type: RivetType): string {
  switch (type.kind) {
    case "date":
      return momentLiteral(value, "date");
    case "timestamp":
      return momentLiteral(value, type.utc ? "datetimeoffset(7)" : "datetime2(7)");
    case "binary":
      return bytes(value, type, "");
    case "bool":
    case "int":
    case "float":
    case "decimal":
    case "time":
    case "text":
    case "json":
    case "uuid":
    case "interval":
    case "list":
      return quoteLiteral(value);
  }
}

/** `Dialect.literal`. */
export function literal(value: string, type?: RivetType, nativeType = ""): string {
  const form = FORMS[baseName(nativeType)];
  if (form !== undefined) return form(value, type, nativeType);
  return type === undefined ? quoteLiteral(value) : literalOfKind(value, type);
}
