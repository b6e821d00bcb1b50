/** One decoder per column: which loop reads its wire form into which builder. */
import {
  type BitBuilder,
  type Fixed16Builder,
  ListBuilder,
  makeBuilder,
  type WordsBuilder,
} from "../../../core/batch/builders.ts";
import type { Column, RivetType } from "../../../core/types/types.ts";
import { decodeDate, decodeTime, decodeTimestampNs, decodeTimestampUs } from "./datetime.ts";
import {
  decodeCheckedFloat,
  decodeCheckedInt,
  decodeFloat4,
  decodeFloat8,
  decodeInt2,
  decodeInt4,
  decodeInt8,
} from "./numbers.ts";
import { isNumeric, type NumericFault, numericText, writeNumeric } from "./decimal.ts";
import { ArrayElements } from "./arrays.ts";
import { type ScalarWire, wireOf } from "./types.ts";
import type { BinaryBlock } from "../kit/block.ts";
import {
  bitDecoder,
  bytesDecoder,
  type ColumnDecoder as DecoderOf,
  fixedDecoder,
} from "../kit/kernel/column_decoder.ts";
import type { FixedInKernel } from "../kit/kernel/row_kernel.ts";
import type { KernelCode } from "./kernel/kernel.ts";
import { changedType, type Fault, faultOf } from "../kit/value_fault.ts";

export type ColumnDecoder = DecoderOf<KernelCode>;
type InKernel = FixedInKernel<KernelCode>;

function decodeBool(
  block: BinaryBlock,
  from: number,
  to: number,
  builder: BitBuilder,
  fault: Fault,
): void {
  builder.reserve(to - from);
  const { bytes, positions, lengths } = block;
  const out = builder.bits;
  let row = builder.length;
  for (let i = from; i < to; i++, row++) {
    if (lengths[i] === 1) out[row >> 3] |= bytes[positions[i]] << (row & 7);
    else if (lengths[i] < 0) builder.markNull(row);
    else changedType(fault, lengths[i]);
  }
  builder.length = row;
}

function decodeUuid(
  block: BinaryBlock,
  from: number,
  to: number,
  builder: Fixed16Builder,
  fault: Fault,
): void {
  builder.reserve(to - from);
  const { bytes, positions, lengths } = block;
  const out = builder.values;
  let row = builder.length;
  for (let i = from; i < to; i++, row++) {
    if (lengths[i] === 16) {
      const at = positions[i];
      for (let b = 0; b < 16; b++) out[row * 16 + b] = bytes[at + b];
    } else if (lengths[i] < 0) builder.markNull(row);
    else changedType(fault, lengths[i]);
  }
  builder.length = row;
}

const NUMERIC_FAULTS: Record<NumericFault, string> = {
  special: "only text holds it",
  fraction: "it has more decimals",
  digits: "it has more digits",
};

function decodeNumeric(
  block: BinaryBlock,
  from: number,
  to: number,
  builder: WordsBuilder,
  type: { readonly precision: number; readonly scale: number },
  fault: Fault,
): void {
  builder.reserve(to - from);
  const { view, positions, lengths } = block;
  const { precision, scale } = type;
  const out = builder.values;
  const words = builder.stride;
  let row = builder.length;
  for (let i = from; i < to; i++, row++) {
    const at = positions[i];
    if (isNumeric(view, at, lengths[i])) {
      const wrong = writeNumeric(view, at, precision, scale, out, row * words, words);
      if (wrong !== null) fault(numericText(view, at), NUMERIC_FAULTS[wrong]);
    } else if (lengths[i] < 0) builder.markNull(row);
    else changedType(fault, lengths[i]);
  }
  builder.length = row;
}

function intDecoder(wire: ScalarWire, type: IntType, fault: Fault): ColumnDecoder {
  if (type.bits === 16) {
    const builder = makeBuilder("i16");
    return wire === "int2"
      ? fixedDecoder(builder, fixed2, (b, from, to, out) => decodeInt2(b, from, to, out, fault))
      : {
        builder,
        decode: (b, from, to) => decodeCheckedInt(b, from, to, builder, wire, type, fault),
      };
  }
  if (type.bits === 32) {
    const builder = makeBuilder("i32");
    return wire === "int4"
      ? fixedDecoder(builder, fixed4, (b, from, to, out) => decodeInt4(b, from, to, out, fault))
      : {
        builder,
        decode: (b, from, to) => decodeCheckedInt(b, from, to, builder, wire, type, fault),
      };
  }
  const builder = makeBuilder("i64");
  return wire === "int8" && type.signed
    ? fixedDecoder(builder, fixed8, (b, from, to, out) => decodeInt8(b, from, to, out, fault))
    : {
      builder,
      decode: (b, from, to) => decodeCheckedInt(b, from, to, builder, wire, type, fault),
    };
}

type IntType = Extract<RivetType, { kind: "int" }>;
type DecimalType = Extract<RivetType, { kind: "decimal" }>;
type TimestampType = Extract<RivetType, { kind: "timestamp" }>;

const fixed2: InKernel = (code, from, to) => code.fixed2(from, to);
const fixed4: InKernel = (code, from, to) => code.fixed4(from, to);
const fixed8: InKernel = (code, from, to) => code.fixed8(from, to);
const date: InKernel = (code, from, to) => code.date(from, to);
const time: InKernel = (code, from, to) => code.time(from, to);
const timestamp: InKernel = (code, from, to) => code.timestamp(from, to);
const uuid: InKernel = (code, from, to) => code.uuid(from, to);

function floatDecoder(wire: ScalarWire, bits: 32 | 64, fault: Fault): ColumnDecoder {
  if (bits === 32) {
    const builder = makeBuilder("f32");
    return wire === "float4"
      ? fixedDecoder(builder, fixed4, (b, from, to, out) => decodeFloat4(b, from, to, out, fault))
      : {
        builder,
        decode: (b, from, to) => decodeCheckedFloat(b, from, to, builder, wire, bits, fault),
      };
  }
  const builder = makeBuilder("f64");
  return wire === "float8"
    ? fixedDecoder(builder, fixed8, (b, from, to, out) => decodeFloat8(b, from, to, out, fault))
    : {
      builder,
      decode: (b, from, to) => decodeCheckedFloat(b, from, to, builder, wire, bits, fault),
    };
}

function decimalDecoder(type: DecimalType, fault: Fault): ColumnDecoder {
  const { precision, scale } = type;
  if (precision > 38) {
    const builder = makeBuilder("dec256");
    return { builder, decode: (b, from, to) => decodeNumeric(b, from, to, builder, type, fault) };
  }
  return fixedDecoder(
    makeBuilder("dec128"),
    (code: KernelCode, from, to) => code.decimal(from, to, precision, scale),
    (b, from, to, builder) => decodeNumeric(b, from, to, builder, type, fault),
  );
}

function timestampDecoder(unit: TimestampType["unit"], fault: Fault): ColumnDecoder {
  const builder = makeBuilder("i64");
  return unit === "us"
    ? fixedDecoder(
      builder,
      timestamp,
      (b, from, to, out) => decodeTimestampUs(b, from, to, out, fault),
    )
    : { builder, decode: (b, from, to) => decodeTimestampNs(b, from, to, builder, fault) };
}

function scalarDecoder(wire: ScalarWire, type: RivetType, fault: Fault): ColumnDecoder {
  switch (type.kind) {
    case "bool":
      return bitDecoder(
        makeBuilder("bit"),
        0,
        (b, from, to, builder) => decodeBool(b, from, to, builder, fault),
      );
    case "int":
      return intDecoder(wire, type, fault);
    case "float":
      return floatDecoder(wire, type.bits, fault);
    case "decimal":
      return decimalDecoder(type, fault);
    case "date":
      return fixedDecoder(
        makeBuilder("i32"),
        date,
        (b, from, to, builder) => decodeDate(b, from, to, builder, fault),
      );
    case "time":
      return fixedDecoder(
        makeBuilder("i64"),
        time,
        (b, from, to, builder) => decodeTime(b, from, to, builder, fault),
      );
    case "timestamp":
      return timestampDecoder(type.unit, fault);
    case "uuid":
      return fixedDecoder(
        makeBuilder("fixed16"),
        uuid,
        (b, from, to, builder) => decodeUuid(b, from, to, builder, fault),
      );
    case "text":
    case "json":
    case "interval":
    case "binary":
      // The version of jsonb.
      return bytesDecoder(makeBuilder("bytes"), wire === "jsonb" ? 1 : 0);
    case "list":
      throw new TypeError("PostgreSQL has no arrays of arrays");
  }
}

/** The decoder of a column as `describe` planned it. */
export function columnDecoder(column: Column): ColumnDecoder {
  const wire = wireOf(column.nativeType, column.type);
  const fault = faultOf(column);
  if (typeof wire === "string") return scalarDecoder(wire, column.type, fault);
  if (column.type.kind !== "list") throw new TypeError(`${column.name} is not a list`);
  const element = scalarDecoder(wire.element, column.type.element, fault);
  const builder = new ListBuilder(element.builder);
  const elements = new ArrayElements(fault);
  return {
    builder,
    decode(block, from, to) {
      const found = elements.layOut(block, from, to, builder);
      element.decode(found.block, 0, found.count);
    },
  };
}
