/** One decoder per column: which loop reads its wire form into which builder. */
import {
  type ColumnBuilder,
  type Fixed16Builder,
  makeBuilder,
} from "../../../core/batch/builders.ts";
import type { Column, RivetType } from "../../../core/types/types.ts";
import { type BinaryBlock, type Block, decodeBytes } from "../kit/block.ts";
import { type Fault, faultOf } from "../kit/value_fault.ts";
import { decodeDate, decodeTime, decodeTimestamp } from "./datetime.ts";
import { asciiText } from "./rows.ts";
import {
  decodeBitBool,
  decodeBitInt,
  decodeBitInt64,
  decodeBool,
  decodeDecimal,
  decodeFloat32,
  decodeFloat64,
  decodeInt,
  decodeInt64,
} from "./numbers.ts";
import { type Wire, wireOf } from "./types.ts";

export interface ColumnDecoder {
  readonly builder: ColumnBuilder;
  /** Appends the fields described at `[from, to)` of the block's positions. */
  decode(block: BinaryBlock, from: number, to: number): void;
}

const strictUtf8 = new TextDecoder("utf-8", { fatal: true });

/** Bytes that are asked for as text must be text. */
function checkUtf8(block: Block, from: number, to: number, fault: Fault): void {
  const { bytes, positions, lengths } = block;
  for (let i = from; i < to; i++) {
    if (lengths[i] <= 0) continue;
    const value = bytes.subarray(positions[i], positions[i] + lengths[i]);
    try {
      strictUtf8.decode(value);
    } catch {
      fault(`0x${value.toHex()}`, "the bytes are not UTF-8");
    }
  }
}

function hexDigit(byte: number): number {
  if (byte >= 48 && byte <= 57) return byte - 48;
  const letter = byte | 0x20;
  return letter >= 97 && letter <= 102 ? letter - 87 : -1;
}

/** Hexadecimal digits with or without hyphens. Returns false when they are not 32. */
function writeUuid(
  bytes: Uint8Array,
  at: number,
  length: number,
  out: Uint8Array,
  index: number,
): boolean {
  let digits = 0;
  for (let i = at; i < at + length; i++) {
    if (bytes[i] === 45) continue;
    const digit = hexDigit(bytes[i]);
    if (digit < 0 || digits === 32) return false;
    if ((digits & 1) === 0) out[index + (digits >> 1)] = digit << 4;
    else out[index + (digits >> 1)] |= digit;
    digits++;
  }
  return digits === 32;
}

function decodeUuid(
  block: Block,
  from: number,
  to: number,
  builder: Fixed16Builder,
  wire: Wire,
  fault: Fault,
): void {
  builder.reserve(to - from);
  const { bytes, positions, lengths } = block;
  const out = builder.values;
  let row = builder.length;
  for (let i = from; i < to; i++, row++) {
    const length = lengths[i];
    const at = positions[i];
    if (length < 0) builder.markNull(row);
    else if (wire === "bytes") {
      if (length !== 16) fault(`of ${length} bytes`, "a UUID has 16");
      for (let b = 0; b < 16; b++) out[row * 16 + b] = bytes[at + b];
    } else if (!writeUuid(bytes, at, length, out, row * 16)) {
      fault(asciiText(bytes, at, length), "it is not a UUID");
    }
  }
  builder.length = row;
}

type IntType = Extract<RivetType, { kind: "int" }>;

function intDecoder(wire: Wire, type: IntType, fault: Fault): ColumnDecoder {
  if (type.bits === 64) {
    const builder = makeBuilder("i64");
    const decode = wire === "bits" ? decodeBitInt64 : decodeInt64;
    return {
      builder,
      decode: (b, from, to) => decode(b, from, to, builder, type.signed, fault),
    };
  }
  const builder = type.bits === 16 ? makeBuilder("i16") : makeBuilder("i32");
  const max = 2 ** (type.bits - 1) - 1;
  const decode = wire === "bits" ? decodeBitInt : decodeInt;
  return { builder, decode: (b, from, to) => decode(b, from, to, builder, max, fault) };
}

function floatDecoder(bits: 32 | 64, nativeType: string, fault: Fault): ColumnDecoder {
  if (bits === 64) {
    const builder = makeBuilder("f64");
    return { builder, decode: (b, from, to) => decodeFloat64(b, from, to, builder, fault) };
  }
  const builder = makeBuilder("f32");
  // A decimal is rounded on request; every other value must be one of 32 bits.
  const exact = !nativeType.startsWith("decimal");
  return { builder, decode: (b, from, to) => decodeFloat32(b, from, to, builder, exact, fault) };
}

function bytesDecoder(wire: Wire, isText: boolean, fault: Fault): ColumnDecoder {
  const builder = makeBuilder("bytes");
  if (wire !== "bytes" || !isText) {
    return { builder, decode: (b, from, to) => decodeBytes(b, from, to, builder) };
  }
  return {
    builder,
    decode(block, from, to) {
      checkUtf8(block, from, to, fault);
      decodeBytes(block, from, to, builder);
    },
  };
}

/** The decoder of a column as `describe` planned it. */
export function columnDecoder(column: Column): ColumnDecoder {
  const { type, nativeType } = column;
  const wire = wireOf(nativeType);
  const fault = faultOf(column);
  switch (type.kind) {
    case "bool": {
      const builder = makeBuilder("bit");
      const decode = wire === "bits" ? decodeBitBool : decodeBool;
      return { builder, decode: (b, from, to) => decode(b, from, to, builder, fault) };
    }
    case "int":
      return intDecoder(wire, type, fault);
    case "float":
      return floatDecoder(type.bits, nativeType, fault);
    case "decimal": {
      const builder = makeBuilder(type.precision > 38 ? "dec256" : "dec128");
      return { builder, decode: (b, from, to) => decodeDecimal(b, from, to, builder, type, fault) };
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
      const { unit } = type;
      return {
        builder,
        decode: (b, from, to) => decodeTimestamp(b, from, to, builder, unit, fault),
      };
    }
    case "uuid": {
      const builder = makeBuilder("fixed16");
      return { builder, decode: (b, from, to) => decodeUuid(b, from, to, builder, wire, fault) };
    }
    case "binary":
      return bytesDecoder(wire, false, fault);
    case "text":
    case "json":
      return bytesDecoder(wire, true, fault);
    case "interval":
    case "list":
      throw new TypeError(`MySQL has no ${type.kind} columns`);
  }
}
