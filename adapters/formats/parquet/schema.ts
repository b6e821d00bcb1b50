/**
 * Rivet columns as a Parquet schema.
 * https://github.com/apache/parquet-format/blob/master/LogicalTypes.md
 */
import { RivetError } from "../../../core/base/errors.ts";
import { type Column, MAX_DECIMAL_DIGITS, type RivetType } from "../../../core/types/types.ts";
import { PhysicalType, Repetition } from "./enums.ts";
import type { FieldIds } from "../../../core/ports/format.ts";
import type { ThriftWriter } from "./thrift.ts";

/** How values compare, for statistics: the column order that Parquet defines for the type. */
export type SortOrder = "boolean" | "signed" | "unsigned" | "float" | "signedBytes" | "bytes";

/** One leaf of the schema: what a column chunk holds. */
export interface Leaf {
  readonly column: Column;
  /** The type of the values: the element's for a list. */
  readonly type: Exclude<RivetType, { kind: "list" }>;
  readonly path: readonly string[];
  readonly physical: PhysicalType;
  /** Bytes of one PLAIN value; 0 for BOOLEAN (one bit) and BYTE_ARRAY (4 bytes of length first). */
  readonly width: number;
  readonly order: SortOrder;
  /** Definition level of a value that is present; 0 when it always is. */
  readonly maxDefinition: number;
  readonly maxRepetition: number;
  /** By which a table knows the column; null: by its name. */
  readonly ids: FieldIds | null;
}

/** ConvertedType, the annotation that readers of old know. */
export const CONVERTED = {
  UTF8: 0,
  LIST: 3,
  DECIMAL: 5,
  DATE: 6,
  TIME_MICROS: 8,
  TIMESTAMP_MICROS: 10,
  UINT_64: 14,
  INT_16: 16,
  JSON: 19,
} as const;

/**
 * Bytes of a two's complement number that holds `precision` decimal digits: the fewest, but whole words of 8
 * above 38 digits, because DuckDB reads such wide decimals right in that form only.
 */
export function decimalBytes(precision: number): number {
  if (precision > MAX_DECIMAL_DIGITS) throw new TypeError(`no reader knows decimal(${precision})`);
  const bits = (10n ** BigInt(precision) - 1n).toString(2).length + 1;
  return precision > 38 ? Math.ceil(bits / 64) * 8 : Math.ceil(bits / 8);
}

type Physical = Pick<Leaf, "physical" | "width" | "order">;

const INT32: Physical = { physical: PhysicalType.INT32, width: 4, order: "signed" };
const INT64: Physical = { physical: PhysicalType.INT64, width: 8, order: "signed" };
const BYTE_ARRAY: Physical = { physical: PhysicalType.BYTE_ARRAY, width: 0, order: "bytes" };

function decimalPhysical(precision: number): Physical {
  if (precision <= 9) return INT32;
  if (precision <= 18) return INT64;
  return {
    physical: PhysicalType.FIXED_LEN_BYTE_ARRAY,
    width: decimalBytes(precision),
    order: "signedBytes",
  };
}

function physicalOf(type: Leaf["type"]): Physical {
  switch (type.kind) {
    case "bool":
      return { physical: PhysicalType.BOOLEAN, width: 0, order: "boolean" };
    case "int":
      if (type.bits < 64) return INT32;
      return type.signed ? INT64 : { ...INT64, order: "unsigned" };
    case "float":
      return type.bits === 32
        ? { physical: PhysicalType.FLOAT, width: 4, order: "float" }
        : { physical: PhysicalType.DOUBLE, width: 8, order: "float" };
    case "decimal":
      return decimalPhysical(type.precision);
    case "date":
      return INT32;
    case "time":
    case "timestamp":
      return INT64;
    case "uuid":
      return { physical: PhysicalType.FIXED_LEN_BYTE_ARRAY, width: 16, order: "bytes" };
    case "text":
    case "json":
    case "binary":
    case "interval":
      return BYTE_ARRAY;
  }
}

/**
 * The leaf of a column.
 * @throws RivetError TYPE_UNSUPPORTED for a list of lists.
 */
export function leafOf(column: Column, ids: FieldIds | null = null): Leaf {
  const optional = column.nullable ? 1 : 0;
  if (column.type.kind !== "list") {
    return {
      column,
      type: column.type,
      path: [column.name],
      ...physicalOf(column.type),
      maxDefinition: optional,
      maxRepetition: 0,
      ids,
    };
  }
  const { element } = column.type;
  if (element.kind === "list") {
    throw new RivetError(
      "TYPE_UNSUPPORTED",
      `column "${column.name}" is a list of lists, which is not written`,
      { hint: `Cast it in the query, e.g. to_json(${column.name}) AS ${column.name}.` },
    );
  }
  return {
    column,
    type: element,
    path: [column.name, "list", "element"],
    ...physicalOf(element),
    // list present, list not empty, element not NULL
    maxDefinition: optional + 2,
    maxRepetition: 1,
    ids,
  };
}

function writeTimeUnit(writer: ThriftWriter, unit: "us" | "ns"): void {
  writer.struct(unit === "us" ? 2 : 3, () => {});
}

/** LogicalType, a union, the field's id before it, and the ConvertedType that older readers know (the spec asks for both). */
function writeLogicalType(
  writer: ThriftWriter,
  type: Leaf["type"],
  fieldId: number | undefined,
): void {
  const logical = (body: (union: ThriftWriter) => void) => {
    writeFieldId(writer, fieldId);
    writer.struct(10, body);
  };
  const empty = (id: number) => (union: ThriftWriter) => union.struct(id, () => {});
  switch (type.kind) {
    case "text":
    case "interval":
      writer.i32(6, CONVERTED.UTF8);
      return logical(empty(1));
    case "decimal":
      writer.i32(6, CONVERTED.DECIMAL);
      writer.i32(7, type.scale);
      writer.i32(8, type.precision);
      return logical((union) =>
        union.struct(5, (decimal) => {
          decimal.i32(1, type.scale);
          decimal.i32(2, type.precision);
        })
      );
    case "date":
      writer.i32(6, CONVERTED.DATE);
      return logical(empty(6));
    case "time":
      writer.i32(6, CONVERTED.TIME_MICROS);
      return logical((union) =>
        union.struct(7, (time) => {
          time.bool(1, false);
          time.struct(2, (unit) => writeTimeUnit(unit, "us"));
        })
      );
    case "timestamp":
      if (type.unit === "us") writer.i32(6, CONVERTED.TIMESTAMP_MICROS);
      return logical((union) =>
        union.struct(8, (timestamp) => {
          timestamp.bool(1, type.utc);
          timestamp.struct(2, (unit) => writeTimeUnit(unit, type.unit));
        })
      );
    case "int": {
      const { bits, signed } = type;
      // INT32 and INT64 without an annotation are signed of their own width.
      if (signed && bits !== 16) return writeFieldId(writer, fieldId);
      writer.i32(6, signed ? CONVERTED.INT_16 : CONVERTED.UINT_64);
      return logical((union) =>
        union.struct(10, (int) => {
          int.i8(1, bits);
          int.bool(2, signed);
        })
      );
    }
    case "json":
      writer.i32(6, CONVERTED.JSON);
      return logical(empty(12));
    case "uuid":
      return logical(empty(14));
    case "bool":
    case "float":
    case "binary":
      return writeFieldId(writer, fieldId);
  }
}

type SchemaElement = (writer: ThriftWriter) => void;

/** SchemaElement.field_id, between its digits and its logical type. */
function writeFieldId(writer: ThriftWriter, id: number | undefined): void {
  if (id !== undefined) writer.i32(9, id);
}

function leafElement(leaf: Leaf, name: string, optional: boolean): SchemaElement {
  const { ids } = leaf;
  return (writer) => {
    writer.i32(1, leaf.physical);
    if (leaf.physical === PhysicalType.FIXED_LEN_BYTE_ARRAY) writer.i32(2, leaf.width);
    writer.i32(3, optional ? Repetition.OPTIONAL : Repetition.REQUIRED);
    writer.string(4, name);
    writeLogicalType(writer, leaf.type, leaf.maxRepetition > 0 ? ids?.elementId : ids?.id);
  };
}

/** The three-level list: `<name> (LIST) { repeated group list { optional element } }`. */
function listElements(leaf: Leaf): SchemaElement[] {
  return [
    (writer) => {
      writer.i32(3, leaf.column.nullable ? Repetition.OPTIONAL : Repetition.REQUIRED);
      writer.string(4, leaf.column.name);
      writer.i32(5, 1);
      writer.i32(6, CONVERTED.LIST);
      writeFieldId(writer, leaf.ids?.id);
      writer.struct(10, (union) => union.struct(3, () => {}));
    },
    (writer) => {
      writer.i32(3, Repetition.REPEATED);
      writer.string(4, "list");
      writer.i32(5, 1);
    },
    leafElement(leaf, "element", true),
  ];
}

/** The SchemaElements of a file, the root first, depth first. */
export function schemaElements(leaves: readonly Leaf[]): SchemaElement[] {
  const root: SchemaElement = (writer) => {
    writer.string(4, "schema");
    writer.i32(5, leaves.length);
  };
  const columns = leaves.flatMap((leaf) =>
    leaf.maxRepetition > 0
      ? listElements(leaf)
      : [leafElement(leaf, leaf.column.name, leaf.column.nullable)]
  );
  return [root, ...columns];
}
