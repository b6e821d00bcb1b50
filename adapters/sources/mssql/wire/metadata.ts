/** COLMETADATA: the columns of a result. [MS-TDS] 2.2.7.4, 2.2.5.4 (types), 2.2.5.5 */
import type { ColumnMetadata } from "../fields.ts";
import { COLLATION_BYTES, collationAt } from "./collation.ts";
import type { Cursor } from "./cursor.ts";
import { ProtocolError } from "./packets.ts";

/** What follows a type's byte, beside its name. */
type Form =
  | "fixed"
  /** A length of one byte. */
  | "byte"
  /** A length of two bytes. */
  | "short"
  /** A length of two bytes, and a collation. */
  | "text"
  /** A length of four bytes. */
  | "long"
  /** The same, and the table's name behind it. */
  | "lob"
  /** The same with a collation. */
  | "lobText"
  | "scale"
  | "decimal"
  | "xml"
  | "udt";

const TYPES: Readonly<Record<number, readonly [name: string, form: Form]>> = {
  0x1f: ["Null", "fixed"],
  0x22: ["Image", "lob"],
  0x23: ["Text", "lobText"],
  0x24: ["UniqueIdentifier", "byte"],
  0x26: ["IntN", "byte"],
  0x28: ["Date", "fixed"],
  0x29: ["Time", "scale"],
  0x2a: ["DateTime2", "scale"],
  0x2b: ["DateTimeOffset", "scale"],
  0x30: ["TinyInt", "fixed"],
  0x32: ["Bit", "fixed"],
  0x34: ["SmallInt", "fixed"],
  0x38: ["Int", "fixed"],
  0x3a: ["SmallDateTime", "fixed"],
  0x3b: ["Real", "fixed"],
  0x3c: ["Money", "fixed"],
  0x3d: ["DateTime", "fixed"],
  0x3e: ["Float", "fixed"],
  0x62: ["Variant", "long"],
  0x63: ["NText", "lobText"],
  0x68: ["BitN", "byte"],
  0x6a: ["DecimalN", "decimal"],
  0x6c: ["NumericN", "decimal"],
  0x6d: ["FloatN", "byte"],
  0x6e: ["MoneyN", "byte"],
  0x6f: ["DateTimeN", "byte"],
  0x7a: ["SmallMoney", "fixed"],
  0x7f: ["BigInt", "fixed"],
  0xa5: ["VarBinary", "short"],
  0xa7: ["VarChar", "text"],
  0xad: ["Binary", "short"],
  0xaf: ["Char", "text"],
  0xe7: ["NVarChar", "text"],
  0xef: ["NChar", "text"],
  0xf0: ["UDT", "udt"],
  0xf1: ["Xml", "xml"],
};

type Info = Pick<
  ColumnMetadata,
  "dataLength" | "precision" | "scale" | "collation" | "udtInfo"
>;

function collation(cursor: Cursor) {
  return collationAt(cursor.bytes, cursor.skip(COLLATION_BYTES));
}

function skipXmlSchema(cursor: Cursor): void {
  if (cursor.u8() !== 1) return;
  cursor.shortText();
  cursor.shortText();
  cursor.longText();
}

function udt(cursor: Cursor): Info {
  cursor.u16();
  cursor.shortText();
  cursor.shortText();
  const typeName = cursor.shortText();
  cursor.longText();
  return { udtInfo: { typeName } };
}

function infoOf(form: Form, cursor: Cursor): Info {
  switch (form) {
    case "fixed":
      return {};
    case "byte":
      return { dataLength: cursor.u8() };
    case "short":
      return { dataLength: cursor.u16() };
    case "text":
      return { dataLength: cursor.u16(), collation: collation(cursor) };
    case "long":
    case "lob":
      return { dataLength: cursor.u32() };
    case "lobText":
      return { dataLength: cursor.u32(), collation: collation(cursor) };
    case "scale":
      return { scale: cursor.u8() };
    case "decimal":
      return { dataLength: cursor.u8(), precision: cursor.u8(), scale: cursor.u8() };
    case "xml":
      skipXmlSchema(cursor);
      return {};
    case "udt":
      return udt(cursor);
  }
}

function readColumn(cursor: Cursor): ColumnMetadata {
  const userType = cursor.u32();
  const flags = cursor.u16();
  const code = cursor.u8();
  const known = TYPES[code];
  if (known === undefined) throw new ProtocolError(`a column of type 0x${code.toString(16)}`);
  const [name, form] = known;
  const info = infoOf(form, cursor);
  if (form === "lob" || form === "lobText") {
    for (let parts = cursor.u8(); parts > 0; parts--) cursor.longText();
  }
  return { colName: cursor.shortText(), type: { name }, flags, userType, ...info };
}

/** Instead of a count: there are none. */
const NO_METADATA = 0xffff;

/** Behind the token's byte. */
export function readColumns(cursor: Cursor): readonly ColumnMetadata[] {
  const count = cursor.u16();
  const columns: ColumnMetadata[] = [];
  if (count === NO_METADATA) return columns;
  while (columns.length < count) columns.push(readColumn(cursor));
  return columns;
}
