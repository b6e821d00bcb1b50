/**
 * Dates and times: PostgreSQL counts from 2000-01-01, Arrow from 1970-01-01. 64-bit ticks are handled as
 * two 32-bit words, exactly and without BigInt.
 */
import type { Int32Builder, WordsBuilder } from "../../../core/batch/builders.ts";
import type { BinaryBlock } from "../kit/block.ts";
import { changedType, type Fault } from "../kit/value_fault.ts";

const EPOCH_DAYS = 10_957;
/** 946,684,800 s from 1970 to 2000, in microseconds, as words. */
const EPOCH_HIGH = Math.floor(946_684_800_000_000 / 2 ** 32);
const EPOCH_LOW = 946_684_800_000_000 % 2 ** 32;
const TWO_32 = 4_294_967_296;
const MAX_HIGH = 0x7fff_ffff;
const MIN_HIGH = -0x8000_0000;
const DAY_US = 86_400_000_000;
const NEVER_US = "only text holds it";

export function decodeDate(
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
    if (lengths[i] === 4) {
      const days = view.getInt32(positions[i]);
      if (days === MAX_HIGH || days === MIN_HIGH) fault(infinity(days), NEVER_US);
      out[row] = days + EPOCH_DAYS;
    } else if (lengths[i] < 0) builder.markNull(row);
    else changedType(fault, lengths[i]);
  }
  builder.length = row;
}

export function decodeTime(
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
      const at = positions[i];
      const high = view.getInt32(at);
      const low = view.getUint32(at + 4);
      // PostgreSQL has 24:00:00; Arrow's and Parquet's time of day ends before it.
      if (high * TWO_32 + low >= DAY_US) fault("24:00:00", "a time of day is less than 24 hours");
      out[row * 2] = low;
      out[row * 2 + 1] = high;
    } else if (lengths[i] < 0) builder.markNull(row);
    else changedType(fault, lengths[i]);
  }
  builder.length = row;
}

export function decodeTimestampUs(
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
      const at = positions[i];
      const high = view.getInt32(at);
      const low = view.getUint32(at + 4) + EPOCH_LOW;
      const sum = high + EPOCH_HIGH + (low >= TWO_32 ? 1 : 0);
      if (sum > MAX_HIGH || high === MIN_HIGH) checkTimestamp(high, view.getUint32(at + 4), fault);
      out[row * 2] = low;
      out[row * 2 + 1] = sum;
    } else if (lengths[i] < 0) builder.markNull(row);
    else changedType(fault, lengths[i]);
  }
  builder.length = row;
}

export function decodeTimestampNs(
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
      const at = positions[i];
      const low = view.getUint32(at + 4) + EPOCH_LOW;
      const carry = low >= TWO_32 ? 1 : 0;
      const nanos = (low - carry * TWO_32) * 1000;
      const overflow = Math.floor(nanos / TWO_32);
      const high = (view.getInt32(at) + EPOCH_HIGH + carry) * 1000 + overflow;
      if (high > MAX_HIGH || high < MIN_HIGH) {
        fault(
          timestampText(view.getInt32(at), view.getUint32(at + 4)),
          "nanoseconds reach from 1677-09-21 to 2262-04-11",
        );
      }
      out[row * 2] = nanos - overflow * TWO_32;
      out[row * 2 + 1] = high;
    } else if (lengths[i] < 0) builder.markNull(row);
    else changedType(fault, lengths[i]);
  }
  builder.length = row;
}

function infinity(sign: number): string {
  return sign < 0 ? "-infinity" : "infinity";
}

/** Called near the ends of the range only: infinities, and what 1970-based microseconds cannot hold. */
function checkTimestamp(high: number, low: number, fault: Fault): void {
  if (high === MIN_HIGH && low !== 0) return;
  fault(timestampText(high, low), NEVER_US);
}

/** A timestamp for messages, from microseconds since 2000 as words. */
export function timestampText(high: number, low: number): string {
  if (high === MAX_HIGH && low === TWO_32 - 1) return "infinity";
  if (high === MIN_HIGH && low === 0) return "-infinity";
  const micros = (BigInt(high) << 32n) + BigInt(low) + 946_684_800_000_000n;
  // Date holds years up to 275760; whole 400-year cycles (146,097 days) move the value into its range.
  const cycle = 146_097n * 86_400_000_000n;
  const cycles = micros / cycle;
  const date = new Date(Number((micros - cycles * cycle) / 1000n));
  const year = date.getUTCFullYear() + Number(cycles) * 400;
  const rest = date.toISOString().slice(-20, -1).replace("T", " ");
  return year > 0 ? `${year}${rest}` : `${1 - year}${rest} BC`;
}
