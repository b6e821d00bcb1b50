/**
 * Rivet columns as an Arrow schema. Loads apache-arrow: import it lazily; `formatArrowType`, for reports,
 * is in `arrow_name.ts`.
 */
import {
  Binary,
  Bool,
  type DataType,
  DateDay,
  Decimal,
  Field,
  FixedSizeBinary,
  Float32,
  Float64,
  Int16,
  Int32,
  Int64,
  List,
  Schema,
  TimeMicrosecond,
  TimestampMicrosecond,
  TimestampNanosecond,
  Uint64,
  Utf8,
} from "apache-arrow";
import { type Column, formatType, type RivetType } from "./types.ts";

/** The Arrow type that keeps every value of the column. */
export function arrowType(type: RivetType): DataType {
  switch (type.kind) {
    case "bool":
      return new Bool();
    case "int":
      if (!type.signed) return new Uint64();
      return type.bits === 16 ? new Int16() : type.bits === 32 ? new Int32() : new Int64();
    case "float":
      return type.bits === 32 ? new Float32() : new Float64();
    case "decimal":
      return new Decimal(type.scale, type.precision, type.precision > 38 ? 256 : 128);
    case "date":
      return new DateDay();
    case "time":
      return new TimeMicrosecond();
    case "timestamp": {
      const zone = type.utc ? "UTC" : undefined;
      return type.unit === "us" ? new TimestampMicrosecond(zone) : new TimestampNanosecond(zone);
    }
    case "text":
    case "json":
    case "interval":
      return new Utf8();
    case "uuid":
      return new FixedSizeBinary(16);
    case "binary":
      return new Binary();
    case "list":
      return new List(
        new Field("element", arrowType(type.element), true, extensionMetadata(type.element)),
      );
  }
}

/** The canonical extension type, where Arrow has one for what the storage type leaves out. */
function extensionMetadata(type: RivetType): Map<string, string> {
  const name = type.kind === "uuid" ? "arrow.uuid" : type.kind === "json" ? "arrow.json" : null;
  if (name === null) return new Map();
  return new Map([["ARROW:extension:name", name], ["ARROW:extension:metadata", ""]]);
}

/** The column's field, with extension type and `rivet.*` metadata (contracts section 9). */
export function arrowField(column: Column): Field {
  const metadata = extensionMetadata(column.type);
  metadata.set("rivet.native_type", column.nativeType);
  metadata.set("rivet.logical_type", formatType(column.type));
  metadata.set("rivet.fidelity", column.fidelity);
  return new Field(column.name, arrowType(column.type), column.nullable, metadata);
}

/** The Arrow schema of an export's files. */
export function arrowSchema(columns: readonly Column[]): Schema {
  return new Schema(columns.map(arrowField));
}
