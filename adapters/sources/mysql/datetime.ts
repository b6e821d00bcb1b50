/**
 * Dates and times from the server's text: `YYYY-MM-DD`, `YYYY-MM-DD HH:MM:SS[.ffffff]`,
 * `[-]HHH:MM:SS[.ffffff]`. 64-bit ticks are computed as words, exactly and without BigInt.
 */
import type { Int32Builder, WordsBuilder } from "../../../core/batch/builders.ts";
import { civilDays } from "../../../core/types/civil.ts";
import type { Fault } from "../kit/value_fault.ts";
import { POW10, writeSafeInteger } from "../kit/words.ts";
import type { Block } from "../kit/block.ts";
import { asciiText } from "./rows.ts";

const ZERO = 48;
const MINUS = 45;
const COLON = 58;
const POINT = 46;
const TWO_32 = 4_294_967_296;
const TWO_31 = 2_147_483_648;
const DAY_S = 86_400;
const DATE_BYTES = 10;
const SECONDS_BYTES = 19;
const DAYS_IN_MONTH = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** Two digits, or NaN. */
function two(bytes: Uint8Array, at: number): number {
  const tens = bytes[at] - ZERO;
  const ones = bytes[at + 1] - ZERO;
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : NaN;
}

function daysInMonth(year: number, month: number): number {
  const leap = month === 2 && year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  return DAYS_IN_MONTH[month - 1] + (leap ? 1 : 0);
}

/** Days since 1970-01-01 of the date at `at`, or NaN when there is no such day. */
function parseDate(bytes: Uint8Array, at: number): number {
  const year = two(bytes, at) * 100 + two(bytes, at + 2);
  const month = two(bytes, at + 5);
  const day = two(bytes, at + 8);
  if (!(month >= 1 && month <= 12 && day >= 1 && day <= daysInMonth(year, month))) return NaN;
  return civilDays(year, month, day);
}

/** Seconds of `HH:MM:SS`, or NaN. */
function parseClock(bytes: Uint8Array, at: number): number {
  const hours = two(bytes, at);
  const minutes = two(bytes, at + 3);
  const seconds = two(bytes, at + 6);
  return hours < 24 && minutes < 60 && seconds < 60 && bytes[at + 2] === COLON
    ? hours * 3600 + minutes * 60 + seconds
    : NaN;
}

/** Microseconds of the decimals from `at` on, which follow a point; 0 without any, or NaN. */
function parseMicros(bytes: Uint8Array, at: number, end: number): number {
  if (at >= end) return 0;
  const digits = end - at - 1;
  if (bytes[at] !== POINT || digits < 1 || digits > 6) return NaN;
  let value = 0;
  for (let i = at + 1; i < end; i++) {
    const digit = bytes[i] - ZERO;
    if (digit < 0 || digit > 9) return NaN;
    value = value * 10 + digit;
  }
  return value * POW10[6 - digits];
}

function dateFault(bytes: Uint8Array, at: number, length: number, fault: Fault): never {
  const text = asciiText(bytes, at, length);
  return fault(text, /-00|^0000-0/.test(text) ? "zero dates are no days" : "there is no such day");
}

export function decodeDate(
  block: Block,
  from: number,
  to: number,
  builder: Int32Builder,
  fault: Fault,
): void {
  builder.reserve(to - from);
  const { bytes, positions, lengths } = block;
  const out = builder.values;
  let row = builder.length;
  for (let i = from; i < to; i++, row++) {
    const length = lengths[i];
    if (length < 0) {
      builder.markNull(row);
      continue;
    }
    const days = length === DATE_BYTES ? parseDate(bytes, positions[i]) : NaN;
    if (Number.isNaN(days)) dateFault(bytes, positions[i], length, fault);
    out[row] = days;
  }
  builder.length = row;
}

/** `-838:59:59.999999` to `838:59:59.999999`: an interval as well as a time of day. */
export function decodeTime(
  block: Block,
  from: number,
  to: number,
  builder: WordsBuilder,
  fault: Fault,
): void {
  builder.reserve(to - from);
  const { bytes, positions, lengths } = block;
  const out = builder.values;
  let row = builder.length;
  for (let i = from; i < to; i++, row++) {
    const length = lengths[i];
    if (length < 0) {
      builder.markNull(row);
      continue;
    }
    const at = positions[i];
    const clock = length >= 8 ? parseClock(bytes, at) : NaN;
    const micros = clock * 1_000_000 + parseMicros(bytes, at + 8, at + length);
    if (Number.isNaN(micros)) timeFault(bytes, at, length, fault);
    writeSafeInteger(micros, out, row * 2, 2);
  }
  builder.length = row;
}

function timeFault(bytes: Uint8Array, at: number, length: number, fault: Fault): never {
  const why = bytes[at] === MINUS ? "a time of day is not negative" : "a time of day ends at 24:00";
  return fault(asciiText(bytes, at, length), why);
}

/**
 * How seconds become ticks. `65536 * ticks per second = factor * 2^shift`, so that a multiple of 65,536
 * seconds splits into words without leaving the 53 exact bits of a double.
 */
interface TickUnit {
  readonly perSecond: number;
  readonly perMicro: number;
  readonly factor: number;
  readonly split: number;
  readonly shift: number;
}

const UNITS: Record<"us" | "ns", TickUnit> = {
  us: { perSecond: 1e6, perMicro: 1, factor: 15_625, split: 2 ** 10, shift: 2 ** 22 },
  ns: { perSecond: 1e9, perMicro: 1000, factor: 1_953_125, split: 2 ** 7, shift: 2 ** 25 },
};

/** Ticks since 1970-01-01 00:00:00, which is what the session's UTC makes of an instant too. */
export function decodeTimestamp(
  block: Block,
  from: number,
  to: number,
  builder: WordsBuilder,
  unitName: "us" | "ns",
  fault: Fault,
): void {
  builder.reserve(to - from);
  const { bytes, positions, lengths } = block;
  const unit = UNITS[unitName];
  const out = builder.values;
  let row = builder.length;
  for (let i = from; i < to; i++, row++) {
    const length = lengths[i];
    if (length < 0) {
      builder.markNull(row);
      continue;
    }
    const at = positions[i];
    const clock = length === DATE_BYTES
      ? 0
      : length >= SECONDS_BYTES
      ? parseClock(bytes, at + 11)
      : NaN;
    const seconds = parseDate(bytes, at) * DAY_S + clock;
    const micros = parseMicros(bytes, at + SECONDS_BYTES, at + length);
    if (Number.isNaN(seconds + micros)) dateFault(bytes, at, length, fault);
    const pieces = Math.floor(seconds / 65_536);
    const rest = (seconds - pieces * 65_536) * unit.perSecond + micros * unit.perMicro;
    const scaled = pieces * unit.factor;
    const whole = Math.floor(scaled / unit.split);
    const low = (scaled - whole * unit.split) * unit.shift + rest;
    const carry = Math.floor(low / TWO_32);
    const high = whole + carry;
    if (high >= TWO_31 || high < -TWO_31) {
      fault(asciiText(bytes, at, length), "nanoseconds reach from 1677-09-21 to 2262-04-11");
    }
    out[row * 2] = low - carry * TWO_32;
    out[row * 2 + 1] = high;
  }
  builder.length = row;
}
