/**
 * decimal and numeric: a sign byte (1 for positive), then the magnitude as a little-endian integer of 4, 8,
 * 12 or 16 bytes. money: a 64-bit integer of ten-thousandths, its high word first; smallmoney: 32 bits.
 */
import type { WordsBuilder } from "../../../core/batch/builders.ts";
import { decimalText } from "../../../core/batch/values.ts";
import type { BinaryBlock } from "../kit/block.ts";
import { negate } from "../kit/words.ts";
import { changedType, type Fault } from "../kit/value_fault.ts";

export const MONEY_SCALE = 4;

/** A decimal column and how its values are scaled on the wire. */
export interface DecimalShape {
  readonly precision: number;
  readonly scale: number;
  readonly wireScale: number;
  /** Every value of the wire's type fits: the column has the type that the server has. */
  readonly natural: boolean;
}

function writeWide(out: Int32Array, index: number, words: number, value: bigint): void {
  for (let i = 0; i < words; i++) {
    out[index + i] = Number(BigInt.asIntN(32, value));
    value >>= 32n;
  }
}

/** The value rescaled to the column, which `columns:` gave another type than the server's. */
function rescaled(value: bigint, shape: DecimalShape, fault: Fault): bigint {
  const { precision, scale, wireScale } = shape;
  const text = () => decimalText(value, wireScale);
  let result: bigint;
  if (scale >= wireScale) result = value * 10n ** BigInt(scale - wireScale);
  else {
    const divisor = 10n ** BigInt(wireScale - scale);
    if (value % divisor !== 0n) fault(text(), "it has more decimals");
    result = value / divisor;
  }
  const limit = 10n ** BigInt(precision);
  if (result >= limit || result <= -limit) fault(text(), "it has more digits");
  return result;
}

function readMagnitude(view: DataView, at: number, length: number): bigint {
  let value = 0n;
  for (let i = length - 4; i >= 1; i -= 4) {
    value = (value << 32n) | BigInt(view.getUint32(at + i, true));
  }
  return value;
}

/** A value as text: all its decimals, and a digit before the point. @param scale null for money. */
export function exactText(
  { bytes, view, positions, lengths }: BinaryBlock,
  i: number,
  scale: number | null,
): string {
  const at = positions[i];
  if (scale !== null) {
    const magnitude = readMagnitude(view, at, lengths[i]);
    return decimalText(bytes[at] === 0 ? -magnitude : magnitude, scale);
  }
  const high = BigInt(view.getInt32(at, true));
  const value = lengths[i] === 8 ? (high << 32n) | BigInt(view.getUint32(at + 4, true)) : high;
  return decimalText(value, MONEY_SCALE);
}

export function decodeDecimal(
  block: BinaryBlock,
  from: number,
  to: number,
  builder: WordsBuilder,
  shape: DecimalShape,
  fault: Fault,
): void {
  builder.reserve(to - from);
  const { bytes, view, positions, lengths } = block;
  const out = builder.values;
  const words = builder.stride;
  let row = builder.length;
  for (let i = from; i < to; i++, row++) {
    const length = lengths[i];
    if (length < 0) {
      builder.markNull(row);
      continue;
    }
    if (length < 5 || length > 17 || (length & 3) !== 1) changedType(fault, length);
    const at = positions[i];
    const index = row * words;
    if (shape.natural) {
      for (let w = 0; w * 4 + 1 < length; w++) out[index + w] = view.getInt32(at + 1 + w * 4, true);
      if (bytes[at] === 0) negate(out, index, words);
    } else {
      const magnitude = readMagnitude(view, at, length);
      writeWide(
        out,
        index,
        words,
        rescaled(bytes[at] === 0 ? -magnitude : magnitude, shape, fault),
      );
    }
  }
  builder.length = row;
}

export function decodeMoney(
  block: BinaryBlock,
  from: number,
  to: number,
  builder: WordsBuilder,
  shape: DecimalShape,
  fault: Fault,
): void {
  builder.reserve(to - from);
  const { view, positions, lengths } = block;
  const out = builder.values;
  const words = builder.stride;
  let row = builder.length;
  for (let i = from; i < to; i++, row++) {
    const length = lengths[i];
    if (length < 0) {
      builder.markNull(row);
      continue;
    }
    if (length !== 4 && length !== 8) changedType(fault, length);
    const at = positions[i];
    const high = view.getInt32(at, true);
    const low = length === 8 ? view.getInt32(at + 4, true) : high;
    const top = length === 8 ? high : high < 0 ? -1 : 0;
    const index = row * words;
    if (shape.natural) {
      out[index] = low;
      out[index + 1] = top;
      if (top < 0) out.fill(-1, index + 2, index + words);
    } else {
      const value = (BigInt(top) << 32n) | BigInt(low >>> 0);
      writeWide(out, index, words, rescaled(value, shape, fault));
    }
  }
  builder.length = row;
}
