/** One decoder per column: which loop reads its wire form into which builder. */
import { type BytesBuilder, makeBuilder } from "../../../core/batch/builders.ts";
import type { Column, RivetType, TypeKind } from "../../../core/types/types.ts";
import { isUtf8, utf8Table } from "./code_pages.ts";
import {
  decodeDate,
  decodeTime,
  decodeTimestamp,
  type MomentWire,
  type Scaling,
  scalingOf,
} from "./datetime.ts";
import { decodeDecimal, decodeMoney, MONEY_SCALE } from "./decimal.ts";
import type { Field, WireKind } from "./fields.ts";
import { type KernelCode, setCodePage } from "./kernel/kernel.ts";
import { decodeBit, decodeFloat, decodeInt, decodeLong } from "./numbers.ts";
import {
  bitDecoder,
  bytesDecoder,
  type ColumnDecoder as DecoderOf,
  fixedDecoder,
  intDecoder,
  type Loop,
} from "../kit/kernel/column_decoder.ts";
import { decodeCodePage, decodeUtf16, decodeUuid } from "./text.ts";
import { type Fault, faultOf } from "../kit/value_fault.ts";

export type ColumnDecoder = DecoderOf<KernelCode>;

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

/** A kernel counts bytes of a value in 32 bits. */
const MAX_COUNTED_BYTES = 0x7fff_ffff;
/** Bytes of a datetimeoffset's offset. */
const OFFSET_BYTES = 2;

type DecimalType = Extract<RivetType, { kind: "decimal" }>;
type TimestampType = Extract<RivetType, { kind: "timestamp" }>;

function floatDecoder(bits: 32 | 64, whole: boolean, fault: Fault): ColumnDecoder {
  const options = { bits, whole };
  if (whole) {
    const builder = makeBuilder(bits === 32 ? "f32" : "f64");
    return {
      builder,
      decode: (b, from, to) => decodeFloat(b, from, to, builder, options, fault),
    };
  }
  return bits === 32
    ? fixedDecoder(
      makeBuilder("f32"),
      (code: KernelCode, from, to) => code.float32(from, to),
      (b, from, to, builder) => decodeFloat(b, from, to, builder, options, fault),
    )
    : fixedDecoder(
      makeBuilder("f64"),
      (code: KernelCode, from, to) => code.float64(from, to),
      (b, from, to, builder) => decodeFloat(b, from, to, builder, options, fault),
    );
}

function decimalDecoder(type: DecimalType, field: Field, fault: Fault): ColumnDecoder {
  const { precision, scale } = type;
  const money = field.wire === "money";
  const wireScale = money ? MONEY_SCALE : field.scale;
  const declared = money
    ? (field.nativeType === "money" ? 19 : 10)
    : Number(/\((\d+)/.exec(field.nativeType)?.[1]);
  const natural = precision === declared && scale === wireScale;
  const shape = { precision, scale, wireScale, natural };
  const decode = money ? decodeMoney : decodeDecimal;
  if (!natural || precision > 38) {
    const builder = makeBuilder(precision > 38 ? "dec256" : "dec128");
    return { builder, decode: (b, from, to) => decode(b, from, to, builder, shape, fault) };
  }
  return fixedDecoder(
    makeBuilder("dec128"),
    (code: KernelCode, from, to) => money ? code.money(from, to) : code.decimal(from, to),
    (b, from, to, builder) => decode(b, from, to, builder, shape, fault),
  );
}

function timeDecoder(scale: number, fault: Fault): ColumnDecoder {
  const { times, by } = scalingOf(scale, "us");
  return fixedDecoder(
    makeBuilder("i64"),
    (code: KernelCode, from, to) => code.time(from, to, times, by),
    (b, from, to, builder) => decodeTime(b, from, to, builder, scale, fault),
  );
}

function momentInKernel(wire: MomentWire, { times, by }: Scaling, nanos: number) {
  if (wire === "smalldatetime" || wire === "datetime") {
    return (code: KernelCode, from: number, to: number) => code.datetime(from, to, nanos);
  }
  const tail = wire === "datetimeoffset" ? OFFSET_BYTES : 0;
  return (code: KernelCode, from: number, to: number) =>
    code.moment(from, to, tail, times, by, nanos);
}

function timestampDecoder(type: TimestampType, field: Field, fault: Fault): ColumnDecoder {
  const { unit, utc } = type;
  const wire = MOMENT_WIRES.find((known) => known === field.wire);
  if (wire === undefined) throw new TypeError(`${field.wire} is no timestamp`);
  const scaled = wire === "datetime2" || wire === "datetimeoffset";
  const shape = { wire, scale: scaled ? field.scale : 6, unit, utc };
  return fixedDecoder(
    makeBuilder("i64"),
    momentInKernel(wire, scalingOf(shape.scale, unit), unit === "us" ? 1 : 1000),
    (b, from, to, builder) => decodeTimestamp(b, from, to, builder, shape, fault),
  );
}

/** Text that is made anew: in the kernel where all of it is ordinary, else by `loop`. */
function madeDecoder(
  inKernel: (code: KernelCode, from: number, to: number, used: number) => number,
  loop: Loop<BytesBuilder>,
): ColumnDecoder {
  const builder = makeBuilder("bytes");
  return {
    builder,
    decode(block, from, to) {
      const { kernel } = block;
      if (kernel === null || !kernel.made(inKernel, from, to, builder)) {
        loop(block, from, to, builder);
      }
    },
  };
}

function textDecoder(field: Field, maxValueBytes: number, fault: Fault): ColumnDecoder {
  const shape = { column: field.name, maxValueBytes };
  const most = Math.min(maxValueBytes, MAX_COUNTED_BYTES);
  if (field.wire === "utf16") {
    return madeDecoder(
      (code, from, to, used) => code.utf16(from, to, used, most),
      (b, from, to, builder) => decodeUtf16(b, from, to, builder, shape, fault),
    );
  }
  const { codePage } = field;
  if (field.wire === "bytes" || codePage === null || isUtf8(codePage)) {
    return bytesDecoder(makeBuilder("bytes"));
  }
  const paged = { ...shape, codePage };
  return madeDecoder(
    (code, from, to, used) => {
      setCodePage(code, utf8Table(codePage));
      return code.codePage(from, to, used, most);
    },
    (b, from, to, builder) => decodeCodePage(b, from, to, builder, paged, fault),
  );
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
    case "bool":
      return bitDecoder(
        makeBuilder("bit"),
        0,
        (b, from, to, builder) => decodeBit(b, from, to, builder, fault),
      );
    case "int":
      return intDecoder(type, {
        narrow: (b, from, to, builder, bits) => decodeInt(b, from, to, builder, bits, fault),
        wide: (b, from, to, builder, signed) => decodeLong(b, from, to, builder, signed, fault),
      });
    case "float":
      return floatDecoder(type.bits, field.wire === "int", fault);
    case "decimal":
      return decimalDecoder(type, field, fault);
    case "date":
      return fixedDecoder(
        makeBuilder("i32"),
        (code: KernelCode, from, to) => code.date(from, to),
        (b, from, to, builder) => decodeDate(b, from, to, builder, fault),
      );
    case "time":
      return timeDecoder(field.scale, fault);
    case "timestamp":
      return timestampDecoder(type, field, fault);
    case "uuid":
      return fixedDecoder(
        makeBuilder("fixed16"),
        (code: KernelCode, from, to) => code.uuid(from, to),
        (b, from, to, builder) => decodeUuid(b, from, to, builder, fault),
      );
    case "text":
    case "json":
    case "binary":
      return textDecoder(field, maxValueBytes, fault);
    case "interval":
    case "list":
      throw new TypeError(`SQL Server has no ${type.kind}`);
  }
}
