/**
 * Integers and floats, each from the widths that the server sends to the width that the column has.
 * The decoders of all engines are loops of their own, alike on purpose: a shared loop would call a
 * function for every value.
 */
import type {
  Float32Builder,
  Float64Builder,
  Int16Builder,
  Int32Builder,
  WordsBuilder,
} from "../../../core/batch/builders.ts";
import { isNumeric, numericText, writeNumeric } from "./decimal.ts";
import type { BinaryBlock } from "../kit/block.ts";
import type { ScalarWire } from "./types.ts";
import { changedType, type Fault } from "../kit/value_fault.ts";

const TWO_32 = 4_294_967_296;

export function decodeInt2(
  block: BinaryBlock,
  from: number,
  to: number,
  builder: Int16Builder,
  fault: Fault,
): void {
  builder.reserve(to - from);
  const { view, positions, lengths } = block;
  const out = builder.values;
  let row = builder.length;
  for (let i = from; i < to; i++, row++) {
    if (lengths[i] === 2) out[row] = view.getInt16(positions[i]);
    else if (lengths[i] < 0) builder.markNull(row);
    else changedType(fault, lengths[i]);
  }
  builder.length = row;
}

export function decodeInt4(
  block: BinaryBlock,
  from: number,
  to: number,
  builder: Int32Builder,
  fault: Fault,
): void {
  builder.reserve(to - from);
  const { view, positions, lengths } = block;
  const out = builder.values;
  let row = builder.length;
  for (let i = from; i < to; i++, row++) {
    if (lengths[i] === 4) out[row] = view.getInt32(positions[i]);
    else if (lengths[i] < 0) builder.markNull(row);
    else changedType(fault, lengths[i]);
  }
  builder.length = row;
}

export function decodeInt8(
  block: BinaryBlock,
  from: number,
  to: number,
  builder: WordsBuilder,
  fault: Fault,
): void {
  builder.reserve(to - from);
  const { view, positions, lengths } = block;
  const out = builder.values;
  let row = builder.length;
  for (let i = from; i < to; i++, row++) {
    if (lengths[i] === 8) {
      out[row * 2] = view.getInt32(positions[i] + 4);
      out[row * 2 + 1] = view.getInt32(positions[i]);
    } else if (lengths[i] < 0) builder.markNull(row);
    else changedType(fault, lengths[i]);
  }
  builder.length = row;
}

export function decodeFloat4(
  block: BinaryBlock,
  from: number,
  to: number,
  builder: Float32Builder,
  fault: Fault,
): void {
  builder.reserve(to - from);
  const { view, positions, lengths } = block;
  const out = builder.values;
  let row = builder.length;
  for (let i = from; i < to; i++, row++) {
    if (lengths[i] === 4) out[row] = view.getFloat32(positions[i]);
    else if (lengths[i] < 0) builder.markNull(row);
    else changedType(fault, lengths[i]);
  }
  builder.length = row;
}

export function decodeFloat8(
  block: BinaryBlock,
  from: number,
  to: number,
  builder: Float64Builder,
  fault: Fault,
): void {
  builder.reserve(to - from);
  const { view, positions, lengths } = block;
  const out = builder.values;
  let row = builder.length;
  for (let i = from; i < to; i++, row++) {
    if (lengths[i] === 8) out[row] = view.getFloat64(positions[i]);
    else if (lengths[i] < 0) builder.markNull(row);
    else changedType(fault, lengths[i]);
  }
  builder.length = row;
}

const WIRE_BYTES: Partial<Record<ScalarWire, number>> = {
  int2: 2,
  int4: 4,
  int8: 8,
  oid: 4,
  float4: 4,
  float8: 8,
};

/** A 64-bit signed integer as words, filled by `readWords`. */
interface Words {
  low: number;
  high: number;
}

/** Reads any integer wire as 64 bits, low word unsigned, high word signed. */
function readWords(
  view: DataView,
  at: number,
  wire: ScalarWire,
  scratch: Int32Array,
  into: Words,
  fault: Fault,
): void {
  let small: number;
  switch (wire) {
    case "int2":
      small = view.getInt16(at);
      break;
    case "int4":
      small = view.getInt32(at);
      break;
    case "oid":
      small = view.getUint32(at);
      break;
    case "int8":
      into.low = view.getUint32(at + 4);
      into.high = view.getInt32(at);
      return;
    default: {
      scratch.fill(0);
      if (writeNumeric(view, at, 38, 0, scratch, 0, 4) !== null) {
        fault(numericText(view, at), "it is not a whole number of that size");
      }
      into.low = scratch[0] >>> 0;
      into.high = scratch[1];
      // The upper words must be the sign, except that an unsigned value may use bit 63.
      const sign = scratch[3];
      if (scratch[2] !== sign || (sign !== 0 && sign !== -1)) into.high = NaN;
      else if (sign === 0) into.high = scratch[1] >>> 0;
      else if (scratch[1] >= 0) into.high = NaN;
      return;
    }
  }
  into.low = small >>> 0;
  into.high = small < 0 ? -1 : 0;
}

/** Widening and narrowing between integers, each value checked. `numeric` must be whole. */
export function decodeCheckedInt(
  block: BinaryBlock,
  from: number,
  to: number,
  builder: Int16Builder | Int32Builder | WordsBuilder,
  wire: ScalarWire,
  type: { readonly bits: 16 | 32 | 64; readonly signed: boolean },
  fault: Fault,
): void {
  builder.reserve(to - from);
  const { view, positions, lengths } = block;
  const width = WIRE_BYTES[wire];
  const words: Words = { low: 0, high: 0 };
  const scratch = new Int32Array(4);
  let row = builder.length;
  for (let i = from; i < to; i++, row++) {
    const length = lengths[i];
    if (length < 0) {
      builder.markNull(row);
      continue;
    }
    const whole = width === undefined ? isNumeric(view, positions[i], length) : length === width;
    if (!whole) changedType(fault, length);
    readWords(view, positions[i], wire, scratch, words, fault);
    if (!fits(words, type)) {
      const text = width === undefined ? numericText(view, positions[i]) : wordsText(words);
      fault(text, "it is out of range");
    }
    if (type.bits === 64) {
      builder.values[row * 2] = words.low;
      builder.values[row * 2 + 1] = words.high;
    } else builder.values[row] = words.low;
  }
  builder.length = row;
}

/** `high` is NaN beyond 64 bits, and up to 2^32 - 1 where a numeric uses bit 63. */
function fits(
  words: Words,
  type: { readonly bits: 16 | 32 | 64; readonly signed: boolean },
): boolean {
  const { low, high } = words;
  if (Number.isNaN(high)) return false;
  if (!type.signed) return high >= 0;
  if (type.bits === 64) return high <= 0x7fff_ffff;
  const value = high * TWO_32 + low;
  const limit = 2 ** (type.bits - 1);
  return value >= -limit && value < limit;
}

function wordsText({ low, high }: Words): string {
  return ((BigInt(high) << 32n) + BigInt(low)).toString();
}

function readFloat(view: DataView, at: number, wire: ScalarWire): number {
  switch (wire) {
    case "float4":
      return view.getFloat32(at);
    case "float8":
      return view.getFloat64(at);
    case "int2":
      return view.getInt16(at);
    case "int4":
      return view.getInt32(at);
    default:
      return view.getInt32(at) * TWO_32 + view.getUint32(at + 4);
  }
}

/** Between floats and from integers, where the value stays the same or the read fails. */
export function decodeCheckedFloat(
  block: BinaryBlock,
  from: number,
  to: number,
  builder: Float32Builder | Float64Builder,
  wire: ScalarWire,
  bits: 32 | 64,
  fault: Fault,
): void {
  builder.reserve(to - from);
  const { view, positions, lengths } = block;
  const width = WIRE_BYTES[wire];
  const whole = wire.startsWith("int");
  let row = builder.length;
  for (let i = from; i < to; i++, row++) {
    const length = lengths[i];
    if (length < 0) {
      builder.markNull(row);
      continue;
    }
    if (length !== width) changedType(fault, length);
    const value = readFloat(view, positions[i], wire);
    const kept = bits === 32 ? Object.is(Math.fround(value), value) : true;
    if (!kept || (whole && Math.abs(value) > Number.MAX_SAFE_INTEGER)) {
      fault(String(value), "it would be rounded");
    }
    builder.values[row] = value;
  }
  builder.length = row;
}
