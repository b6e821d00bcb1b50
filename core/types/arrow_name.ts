/** How type reports print the Arrow type of a column. */
import type { RivetType } from "./types.ts";

/** E.g. `Int32`, `Decimal128(15, 4)`, `Timestamp(us, UTC)`, `List(Utf8)`. */
export function formatArrowType(type: RivetType): string {
  switch (type.kind) {
    case "bool":
      return "Bool";
    case "int":
      return `${type.signed ? "Int" : "UInt"}${type.bits}`;
    case "float":
      return `Float${type.bits}`;
    case "decimal":
      return `Decimal${type.precision > 38 ? 256 : 128}(${type.precision}, ${type.scale})`;
    case "date":
      return "Date32";
    case "time":
      return "Time64(us)";
    case "timestamp":
      return `Timestamp(${type.unit}${type.utc ? ", UTC" : ""})`;
    case "text":
    case "json":
    case "interval":
      return "Utf8";
    case "uuid":
      return "FixedSizeBinary(16)";
    case "binary":
      return "Binary";
    case "list":
      return `List(${formatArrowType(type.element)})`;
  }
}
