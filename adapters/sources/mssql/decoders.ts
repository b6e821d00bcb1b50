/** One decoder per column: which loop reads its wire form into which builder. */
import { type ColumnBuilder, makeBuilder } from "../../../core/batch/builders.ts";
import type { Column, RivetType, TypeKind } from "../../../core/types/types.ts";
import { isUtf8 } from "./code_pages.ts";
import { decodeDate, decodeTime, decodeTimestamp, type MomentWire } from "./datetime.ts";
import { decodeDecimal, decodeMoney, MONEY_SCALE } from "./decimal.ts";
import type { Field, WireKind } from "./fields.ts";
import { decodeBit, decodeFloat, decodeInt, decodeLong } from "./numbers.ts";
import { type BinaryBlock, decodeBytes } from "../kit/block.ts";
import { decodeCodePage, decodeUtf16, decodeUuid } from "./text.ts";
import { type Fault, faultOf } from "../kit/value_fault.ts";

export interface ColumnDecoder {
  readonly builder: ColumnBuilder;
  /** Appends the fields described at `[from, to)` of the block's positions. */
  decode(block: BinaryBlock, from: number, to: number): void;
}

const TEXT_WIRES: readonly WireKind[] = ["utf16", "codepage"];
const MOMENT_WIRES: readonly MomentWire[] = [
  "smalldatetime",
  "datetime",
  "datetime2",
  "datetimeoffset",
];

/** The wire forms that each kind of column is decoded from. */
const WIRES: Record<TypeKind, readonly WireKind[]> = {
  bool: ["bit"],
  int: ["int"],
  float: ["float", "int"],
  decimal: ["decimal", "money"],
  date: ["date"],
  time: ["time"],
  timestamp: MOMENT_WIRES,
  text: TEXT_WIRES,
  json: TEXT_WIRES,
  uuid: ["uuid"],
  binary: ["bytes", ...TEXT_WIRES],
  interval: [],
  list: [],
};

type IntType = Extract<RivetType, { kind: "int" }>;
type DecimalType = Extract<RivetType, { kind: "decimal" }>;
type TimestampType = Extract<RivetType, { kind: "timestamp" }>;

function intDecoder(type: IntType, fault: Fault): ColumnDecoder {
  const { bits, signed } = type;
  if (bits === 64) {
    const builder = makeBuilder("i64");
    return { builder, decode: (b, from, to) => decodeLong(b, from, to, builder, signed, fault) };
  }
  const builder = makeBuilder(bits === 16 ? "i16" : "i32");
  return { builder, decode: (b, from, to) => decodeInt(b, from, to, builder, bits, fault) };
}

function decimalDecoder(type: DecimalType, field: Field, fault: Fault): ColumnDecoder {
  const { precision, scale } = type;
  const builder = makeBuilder(precision > 38 ? "dec256" : "dec128");
  const money = field.wire === "money";
  const wireScale = money ? MONEY_SCALE : field.scale;
  const declared = money
    ? (field.nativeType === "money" ? 19 : 10)
    : Number(/\((\d+)/.exec(field.nativeType)?.[1]);
  const shape = {
    precision,
    scale,
    wireScale,
    natural: precision === declared && scale === wireScale,
  };
  const decode = money ? decodeMoney : decodeDecimal;
  return { builder, decode: (b, from, to) => decode(b, from, to, builder, shape, fault) };
}

function timestampDecoder(type: TimestampType, field: Field, fault: Fault): ColumnDecoder {
  const builder = makeBuilder("i64");
  const wire = MOMENT_WIRES.find((known) => known === field.wire);
  if (wire === undefined) throw new TypeError(`${field.wire} is no timestamp`);
  const scaled = wire === "datetime2" || wire === "datetimeoffset";
  const shape = { wire, scale: scaled ? field.scale : 6, unit: type.unit, utc: type.utc };
  return { builder, decode: (b, from, to) => decodeTimestamp(b, from, to, builder, shape, fault) };
}

function bytesDecoder(field: Field, maxValueBytes: number, fault: Fault): ColumnDecoder {
  const builder = makeBuilder("bytes");
  const shape = { column: field.name, maxValueBytes };
  if (field.wire === "utf16") {
    return { builder, decode: (b, from, to) => decodeUtf16(b, from, to, builder, shape, fault) };
  }
  const { codePage } = field;
  if (field.wire === "bytes" || codePage === null || isUtf8(codePage)) {
    return { builder, decode: (b, from, to) => decodeBytes(b, from, to, builder) };
  }
  const paged = { ...shape, codePage };
  return { builder, decode: (b, from, to) => decodeCodePage(b, from, to, builder, paged, fault) };
}

/**
 * The decoder of a column as `describe` planned it, from the wire form that the result has.
 * @throws SourceError when the two do not belong together: the table changed in between.
 */
export function columnDecoder(
  column: Column,
  field: Field,
  maxValueBytes: number,
): ColumnDecoder {
  const { type } = column;
  const fault = faultOf(column);
  if (!WIRES[type.kind].includes(field.wire)) {
    fault(`of type ${field.nativeType}`, "the column's type changed after it was described");
  }
  switch (type.kind) {
    case "bool": {
      const builder = makeBuilder("bit");
      return { builder, decode: (b, from, to) => decodeBit(b, from, to, builder, fault) };
    }
    case "int":
      return intDecoder(type, fault);
    case "float": {
      const builder = makeBuilder(type.bits === 32 ? "f32" : "f64");
      const options = { bits: type.bits, whole: field.wire === "int" };
      return {
        builder,
        decode: (b, from, to) => decodeFloat(b, from, to, builder, options, fault),
      };
    }
    case "decimal":
      return decimalDecoder(type, field, fault);
    case "date": {
      const builder = makeBuilder("i32");
      return { builder, decode: (b, from, to) => decodeDate(b, from, to, builder, fault) };
    }
    case "time": {
      const builder = makeBuilder("i64");
      const { scale } = field;
      return { builder, decode: (b, from, to) => decodeTime(b, from, to, builder, scale, fault) };
    }
    case "timestamp":
      return timestampDecoder(type, field, fault);
    case "uuid": {
      const builder = makeBuilder("fixed16");
      return { builder, decode: (b, from, to) => decodeUuid(b, from, to, builder, fault) };
    }
    case "text":
    case "json":
    case "binary":
      return bytesDecoder(field, maxValueBytes, fault);
    case "interval":
    case "list":
      throw new TypeError(`SQL Server has no ${type.kind}`);
  }
}
