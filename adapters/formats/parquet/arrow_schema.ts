/**
 * The `ARROW:schema` key: the file's Arrow schema as a base64 IPC message, which gives Arrow readers exact
 * types and field metadata. https://arrow.apache.org/docs/format/Columnar.html#encapsulated-message-format
 * Slots and numbers are those of `Schema.fbs` and `Message.fbs` in https://github.com/apache/arrow/tree/main/format.
 */
import { type Column, formatType, type RivetType } from "../../../core/types/types.ts";
import { FlatBuffer, type TableField } from "./flatbuffer.ts";

/** The footer's key for it. */
export const ARROW_SCHEMA_KEY = "ARROW:schema";

/** Before a message: the continuation marker, and its length. */
const PREFIX_BYTES = 8;
const CONTINUATION = -1;
const MESSAGE_ALIGNMENT = 8;

const METADATA_VERSION_5 = 4;
const HEADER_IS_SCHEMA = 1;
const PRECISION_SINGLE = 1;
const PRECISION_DOUBLE = 2;
const UNIT_DAY = 0;
const TIME_UNIT = { us: 2, ns: 3 } as const;
const DECIMAL128_DIGITS = 38;

/** Members of the union `Type`. */
const TYPE = {
  int: 2,
  float: 3,
  binary: 4,
  utf8: 5,
  bool: 6,
  decimal: 7,
  date: 8,
  time: 9,
  timestamp: 10,
  list: 12,
  fixedSizeBinary: 15,
} as const;

/** A field of a schema, of a list's elements too. */
interface ArrowField {
  readonly name: string;
  readonly type: RivetType;
  readonly nullable: boolean;
  readonly metadata: readonly (readonly [string, string])[];
}

interface WrittenType {
  readonly member: number;
  readonly place: number;
}

/** The schema message: the first of an IPC stream. */
export function encodeArrowSchema(columns: readonly Column[]): string {
  const buffer = new FlatBuffer();
  const fields = buffer.vector(columns.map((column) => writeField(buffer, fieldOf(column))));
  const schema = buffer.table([offset(1, fields)]);
  const body = buffer.finish(buffer.table([
    { slot: 0, kind: "int16", value: METADATA_VERSION_5 },
    offset(2, schema),
    { slot: 1, kind: "int8", value: HEADER_IS_SCHEMA },
  ]));
  const padded = Math.ceil(body.length / MESSAGE_ALIGNMENT) * MESSAGE_ALIGNMENT;
  const message = new Uint8Array(PREFIX_BYTES + padded);
  const prefix = new DataView(message.buffer);
  prefix.setInt32(0, CONTINUATION, true);
  prefix.setInt32(4, padded, true);
  message.set(body, PREFIX_BYTES);
  return message.toBase64();
}

/** With extension type and `rivet.*` metadata (contracts section 9). */
function fieldOf({ name, type, nullable, nativeType, fidelity }: Column): ArrowField {
  const metadata = [
    ...extensionMetadata(type),
    ["rivet.native_type", nativeType],
    ["rivet.logical_type", formatType(type)],
    ["rivet.fidelity", fidelity],
  ] as const;
  return { name, type, nullable, metadata };
}

/** The canonical extension type, where Arrow has one for what the storage type leaves out. */
function extensionMetadata(type: RivetType): (readonly [string, string])[] {
  const name = type.kind === "uuid" ? "arrow.uuid" : type.kind === "json" ? "arrow.json" : null;
  return name === null ? [] : [["ARROW:extension:name", name], ["ARROW:extension:metadata", ""]];
}

function childrenOf(type: RivetType): ArrowField[] {
  if (type.kind !== "list") return [];
  const { element } = type;
  return [{ name: "element", type: element, nullable: true, metadata: extensionMetadata(element) }];
}

function writeField(buffer: FlatBuffer, field: ArrowField): number {
  const type = writeType(buffer, field.type);
  const children = buffer.vector(
    childrenOf(field.type).map((child) => writeField(buffer, child)),
  );
  const metadata = writeMetadata(buffer, field.metadata);
  const name = field.name === "" ? null : buffer.text(field.name);
  return buffer.table([
    offset(3, type.place),
    { slot: 2, kind: "int8", value: type.member },
    offset(5, children),
    ...(field.nullable ? [{ slot: 1, kind: "int8", value: 1 } as const] : []),
    ...(name === null ? [] : [offset(0, name)]),
    ...(metadata === null ? [] : [offset(6, metadata)]),
  ]);
}

function writeMetadata(buffer: FlatBuffer, pairs: ArrowField["metadata"]): number | null {
  if (pairs.length === 0) return null;
  return buffer.vector(pairs.map(([key, value]) => {
    const [keyPlace, valuePlace] = [buffer.text(key), buffer.text(value)];
    return buffer.table([offset(0, keyPlace), offset(1, valuePlace)]);
  }));
}

/** The Arrow type that keeps every value of the column. What has its default is not written. */
function writeType(buffer: FlatBuffer, type: RivetType): WrittenType {
  const write = (member: keyof typeof TYPE, ...fields: TableField[]): WrittenType => ({
    member: TYPE[member],
    place: buffer.table(fields),
  });
  switch (type.kind) {
    case "bool":
      return write("bool");
    case "int": {
      const bits: TableField = { slot: 0, kind: "int32", value: type.bits };
      return type.signed
        ? write("int", bits, { slot: 1, kind: "int8", value: 1 })
        : write("int", bits);
    }
    case "float": {
      const value = type.bits === 32 ? PRECISION_SINGLE : PRECISION_DOUBLE;
      return write("float", { slot: 0, kind: "int16", value });
    }
    case "decimal":
      return write("decimal", ...decimalFields(type.precision, type.scale));
    case "date":
      return write("date", { slot: 0, kind: "int16", value: UNIT_DAY });
    case "time":
      return write(
        "time",
        { slot: 0, kind: "int16", value: TIME_UNIT.us },
        { slot: 1, kind: "int32", value: 64 },
      );
    case "timestamp": {
      const zone = type.utc ? [offset(1, buffer.text("UTC"))] : [];
      return write("timestamp", { slot: 0, kind: "int16", value: TIME_UNIT[type.unit] }, ...zone);
    }
    case "text":
    case "json":
    case "interval":
      return write("utf8");
    case "uuid":
      return write("fixedSizeBinary", { slot: 0, kind: "int32", value: 16 });
    case "binary":
      return write("binary");
    case "list":
      return write("list");
  }
}

function decimalFields(precision: number, scale: number): TableField[] {
  const wide: TableField[] = precision > DECIMAL128_DIGITS
    ? [{ slot: 2, kind: "int32", value: 256 }]
    : [];
  const scaled: TableField[] = scale === 0 ? [] : [{ slot: 1, kind: "int32", value: scale }];
  return [...scaled, { slot: 0, kind: "int32", value: precision }, ...wide];
}

function offset(slot: number, place: number): TableField {
  return { slot, kind: "offset", value: place };
}
