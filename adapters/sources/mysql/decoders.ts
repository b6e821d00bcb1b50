/** One decoder per column: which loop reads its wire form into which builder. */
import { type Fixed16Builder, makeBuilder } from "../../../core/batch/builders.ts";
import type { Column, RivetType } from "../../../core/types/types.ts";
import type { Block } from "../kit/block.ts";
import {
  bitDecoder,
  bytesDecoder,
  type ColumnDecoder as DecoderOf,
  fixedDecoder,
  intDecoder,
} from "../kit/kernel/column_decoder.ts";
import { type Fault, faultOf } from "../kit/value_fault.ts";
import { decodeDate, decodeTime, decodeTimestamp } from "./datetime.ts";
import type { KernelCode } from "./kernel/kernel.ts";
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

export type ColumnDecoder = DecoderOf<KernelCode>;

const ZERO = 48;
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
type DecimalType = Extract<RivetType, { kind: "decimal" }>;

/** A BIT: too rare for a kernel. */
function bitsDecoder(type: IntType, fault: Fault): ColumnDecoder {
  if (type.bits === 64) {
    const builder = makeBuilder("i64");
    return {
      builder,
      decode: (b, from, to) => decodeBitInt64(b, from, to, builder, type.signed, fault),
    };
  }
  const builder = type.bits === 16 ? makeBuilder("i16") : makeBuilder("i32");
  const max = 2 ** (type.bits - 1) - 1;
  return { builder, decode: (b, from, to) => decodeBitInt(b, from, to, builder, max, fault) };
}

function floatDecoder(bits: 32 | 64, nativeType: string, fault: Fault): ColumnDecoder {
  if (bits === 64) {
    return fixedDecoder(
      makeBuilder("f64"),
      (code: KernelCode, from, to) => code.float64(from, to),
      (b, from, to, builder) => decodeFloat64(b, from, to, builder, fault),
    );
  }
  // A decimal is rounded on request; every other value must be one of 32 bits.
  const exact = !nativeType.startsWith("decimal");
  return fixedDecoder(
    makeBuilder("f32"),
    (code: KernelCode, from, to) => code.float32(from, to, exact ? 1 : 0),
    (b, from, to, builder) => decodeFloat32(b, from, to, builder, exact, fault),
  );
}

function decimalDecoder(type: DecimalType, fault: Fault): ColumnDecoder {
  const { precision, scale } = type;
  if (precision > 38) {
    const builder = makeBuilder("dec256");
    return { builder, decode: (b, from, to) => decodeDecimal(b, from, to, builder, type, fault) };
  }
  return fixedDecoder(
    makeBuilder("dec128"),
    (code: KernelCode, from, to) => code.decimal(from, to, precision, scale),
    (b, from, to, builder) => decodeDecimal(b, from, to, builder, type, fault),
  );
}

function uuidDecoder(wire: Wire, fault: Fault): ColumnDecoder {
  return fixedDecoder(
    makeBuilder("fixed16"),
    (code: KernelCode, from, to) =>
      wire === "bytes" ? code.uuid(from, to) : code.uuidText(from, to),
    (b, from, to, builder) => decodeUuid(b, from, to, builder, wire, fault),
  );
}

/** Bytes that are asked for as text. */
function checkedTextDecoder(fault: Fault): ColumnDecoder {
  const { builder, decode } = bytesDecoder(makeBuilder("bytes"));
  return {
    builder,
    decode(block, from, to) {
      checkUtf8(block, from, to, fault);
      decode(block, from, to);
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
      const loop = wire === "bits" ? decodeBitBool : decodeBool;
      return bitDecoder(
        makeBuilder("bit"),
        wire === "bits" ? 0 : ZERO,
        (b, from, to, builder) => loop(b, from, to, builder, fault),
      );
    }
    case "int":
      return wire === "bits" ? bitsDecoder(type, fault) : intDecoder(type, {
        narrow: (b, from, to, builder, bits) =>
          decodeInt(b, from, to, builder, 2 ** (bits - 1) - 1, fault),
        wide: (b, from, to, builder, signed) => decodeInt64(b, from, to, builder, signed, fault),
      });
    case "float":
      return floatDecoder(type.bits, nativeType, fault);
    case "decimal":
      return decimalDecoder(type, fault);
    case "date":
      return fixedDecoder(
        makeBuilder("i32"),
        (code: KernelCode, from, to) => code.date(from, to),
        (b, from, to, builder) => decodeDate(b, from, to, builder, fault),
      );
    case "time":
      return fixedDecoder(
        makeBuilder("i64"),
        (code: KernelCode, from, to) => code.time(from, to),
        (b, from, to, builder) => decodeTime(b, from, to, builder, fault),
      );
    case "timestamp":
      return timestampDecoder(type.unit, fault);
    case "uuid":
      return uuidDecoder(wire, fault);
    case "binary":
      return bytesDecoder(makeBuilder("bytes"));
    case "text":
    case "json":
      return wire === "bytes" ? checkedTextDecoder(fault) : bytesDecoder(makeBuilder("bytes"));
    case "interval":
    case "list":
      throw new TypeError(`MySQL has no ${type.kind} columns`);
  }
}

function timestampDecoder(unit: "us" | "ns", fault: Fault): ColumnDecoder {
  const ticks = { us: 1, ns: 1000 }[unit];
  return fixedDecoder(
    makeBuilder("i64"),
    (code: KernelCode, from, to) => code.timestamp(from, to, ticks),
    (b, from, to, builder) => decodeTimestamp(b, from, to, builder, unit, fault),
  );
}
