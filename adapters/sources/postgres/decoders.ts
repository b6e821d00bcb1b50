/** One decoder per column: which loop reads its wire form into which builder. */
import {
  type BitBuilder,
  type ColumnBuilder,
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
import { type NumericFault, numericText, writeNumeric } from "./decimal.ts";
import { ArrayElements } from "./arrays.ts";
import { type ScalarWire, wireOf } from "./types.ts";
import { type BinaryBlock, decodeBytes } from "../kit/block.ts";
import { changedType, type Fault, faultOf } from "../kit/value_fault.ts";

export interface ColumnDecoder {
  readonly builder: ColumnBuilder;
  /** Appends the fields described at `[from, to)` of the block's positions. */
  decode(block: BinaryBlock, from: number, to: number): void;
}

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
    if (lengths[i] >= 8) {
      const at = positions[i];
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
      ? { builder, decode: (b, from, to) => decodeInt2(b, from, to, builder, fault) }
      : {
        builder,
        decode: (b, from, to) => decodeCheckedInt(b, from, to, builder, wire, type, fault),
      };
  }
  if (type.bits === 32) {
    const builder = makeBuilder("i32");
    return wire === "int4"
      ? { builder, decode: (b, from, to) => decodeInt4(b, from, to, builder, fault) }
      : {
        builder,
        decode: (b, from, to) => decodeCheckedInt(b, from, to, builder, wire, type, fault),
      };
  }
  const builder = makeBuilder("i64");
  return wire === "int8" && type.signed
    ? { builder, decode: (b, from, to) => decodeInt8(b, from, to, builder, fault) }
    : {
      builder,
      decode: (b, from, to) => decodeCheckedInt(b, from, to, builder, wire, type, fault),
    };
}

type IntType = Extract<RivetType, { kind: "int" }>;

function floatDecoder(wire: ScalarWire, bits: 32 | 64, fault: Fault): ColumnDecoder {
  if (bits === 32) {
    const builder = makeBuilder("f32");
    return wire === "float4"
      ? { builder, decode: (b, from, to) => decodeFloat4(b, from, to, builder, fault) }
      : {
        builder,
        decode: (b, from, to) => decodeCheckedFloat(b, from, to, builder, wire, bits, fault),
      };
  }
  const builder = makeBuilder("f64");
  return wire === "float8"
    ? { builder, decode: (b, from, to) => decodeFloat8(b, from, to, builder, fault) }
    : {
      builder,
      decode: (b, from, to) => decodeCheckedFloat(b, from, to, builder, wire, bits, fault),
    };
}

function scalarDecoder(wire: ScalarWire, type: RivetType, fault: Fault): ColumnDecoder {
  switch (type.kind) {
    case "bool": {
      const builder = makeBuilder("bit");
      return { builder, decode: (b, from, to) => decodeBool(b, from, to, builder, fault) };
    }
    case "int":
      return intDecoder(wire, type, fault);
    case "float":
      return floatDecoder(wire, type.bits, fault);
    case "decimal": {
      const builder = makeBuilder(type.precision > 38 ? "dec256" : "dec128");
      return { builder, decode: (b, from, to) => decodeNumeric(b, from, to, builder, type, fault) };
    }
    case "date": {
      const builder = makeBuilder("i32");
      return { builder, decode: (b, from, to) => decodeDate(b, from, to, builder, fault) };
    }
    case "time": {
      const builder = makeBuilder("i64");
      return { builder, decode: (b, from, to) => decodeTime(b, from, to, builder, fault) };
    }
    case "timestamp": {
      const builder = makeBuilder("i64");
      const decode = type.unit === "us" ? decodeTimestampUs : decodeTimestampNs;
      return { builder, decode: (b, from, to) => decode(b, from, to, builder, fault) };
    }
    case "uuid": {
      const builder = makeBuilder("fixed16");
      return { builder, decode: (b, from, to) => decodeUuid(b, from, to, builder, fault) };
    }
    case "text":
    case "json":
    case "interval":
    case "binary": {
      const builder = makeBuilder("bytes");
      // The version of jsonb.
      const skip = wire === "jsonb" ? 1 : 0;
      return { builder, decode: (b, from, to) => decodeBytes(b, from, to, builder, skip) };
    }
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
