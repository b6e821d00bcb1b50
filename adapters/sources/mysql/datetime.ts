/**
 * Dates and times from the server's text: `YYYY-MM-DD`, `YYYY-MM-DD HH:MM:SS[.ffffff]`,
 * `[-]HHH:MM:SS[.ffffff]`. 64-bit ticks are computed as words, exactly and without BigInt.
 */
import type { Int32Builder, WordsBuilder } from "../../../core/batch/builders.ts";
import { civilDays } from "../../../core/types/civil.ts";
import type { Fault } from "../kit/value_fault.ts";
import { writeSafeInteger } from "../kit/words.ts";
import type { BinaryBlock } from "../kit/block.ts";
import { fourDigits, parseDigits } from "./digits.ts";
import { asciiText } from "./rows.ts";

const MINUS = 45;
const COLON = 58;
const POINT = 46;
const TWO_32 = 4_294_967_296;
const TWO_31 = 2_147_483_648;
const DATE_BYTES = 10;
const SECONDS_BYTES = 19;
/** With six decimals. */
const MICROS_BYTES = 26;
const DAYS_IN_MONTH = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

function daysInMonth(year: number, month: number): number {
  const leap = month === 2 && year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  return DAYS_IN_MONTH[month - 1] + (leap ? 1 : 0);
}

/** Instead of a day that there is not. */
const NO_DAY = -0x8000_0000;
/** Months are looked up: by their number, whose lowest bits say where. */
const SEEN_MONTHS = 1024;
const seen = new Int32Array(SEEN_MONTHS).fill(-1);
/** The day before the month's first, and the days that it has. */
const before = new Int32Array(SEEN_MONTHS);
const lengths = new Uint8Array(SEEN_MONTHS);

/** Days since 1970-01-01 of the date at `at`, or NO_DAY. */
function parseDate(view: DataView, at: number): number {
  const year = fourDigits(view.getInt32(at, true));
  const date = fourDigits(view.getUint16(at + 5, true) | (view.getUint16(at + 8, true) << 16));
  const month = (date / 100) | 0;
  const day = date - month * 100;
  if (year < 0 || month < 1 || month > 12) return NO_DAY;
  const number = year * 12 + month;
  const slot = number & (SEEN_MONTHS - 1);
  if (seen[slot] !== number) {
    seen[slot] = number;
    before[slot] = civilDays(year, month, 1) - 1;
    lengths[slot] = daysInMonth(year, month);
  }
  return day >= 1 && day <= lengths[slot] ? before[slot] + day : NO_DAY;
}

/** The microseconds that `parseClock` has found: a number above 31 bits would become an object on its way back. */
const found = new Int32Array(1);

/**
 * Seconds of `HH:MM:SS[.ffffff]`, which ends at `end`, and its microseconds in `found`; -1 when there is no such time
 * of day.
 */
function parseClock(bytes: Uint8Array, view: DataView, at: number, end: number): number {
  const minutes = fourDigits(view.getUint16(at, true) | (view.getUint16(at + 3, true) << 16));
  const hours = (minutes / 100) | 0;
  const minute = minutes - hours * 100;
  if (minutes < 0 || hours > 23 || minute > 59 || bytes[at + 2] !== COLON) return -1;
  let second: number;
  let micros = 0;
  if (end - at === MICROS_BYTES - DATE_BYTES - 1 && bytes[at + 8] === POINT) {
    const high = fourDigits(view.getUint16(at + 6, true) | (view.getUint16(at + 9, true) << 16));
    const low = fourDigits(view.getInt32(at + 11, true));
    if (high < 0 || low < 0) return -1;
    second = (high / 100) | 0;
    micros = (high - second * 100) * 10_000 + low;
  } else {
    second = parseDigits(bytes, view, at + 6, at + 8);
    if (end > at + 8) micros = parseMicros(bytes, view, at + 8, end);
  }
  if (second < 0 || second > 59 || micros < 0) return -1;
  found[0] = micros;
  return (hours * 60 + minute) * 60 + second;
}

/** What the last of so many decimals is worth. */
const MICROS_OF_LAST = Int32Array.of(0, 100_000, 10_000, 1000, 100, 10, 1);

/** Microseconds of a point and one to six decimals; -1 when it is something else. */
function parseMicros(bytes: Uint8Array, view: DataView, at: number, end: number): number {
  const digits = end - at - 1;
  if (bytes[at] !== POINT || digits < 1 || digits > 6) return -1;
  const value = parseDigits(bytes, view, at + 1, end);
  return value < 0 ? -1 : Math.imul(value, MICROS_OF_LAST[digits]);
}

function dateFault(bytes: Uint8Array, at: number, length: number, fault: Fault): never {
  const text = asciiText(bytes, at, length);
  return fault(text, /-00|^0000-0/.test(text) ? "zero dates are no days" : "there is no such day");
}

export function decodeDate(
  block: BinaryBlock,
  from: number,
  to: number,
  builder: Int32Builder,
  fault: Fault,
): void {
  builder.reserve(to - from);
  const { bytes, view, positions, lengths } = block;
  const out = builder.values;
  let row = builder.length;
  for (let i = from; i < to; i++, row++) {
    const length = lengths[i];
    if (length < 0) {
      builder.markNull(row);
      continue;
    }
    const days = length === DATE_BYTES ? parseDate(view, positions[i]) : NO_DAY;
    if (days === NO_DAY) dateFault(bytes, positions[i], length, fault);
    out[row] = days;
  }
  builder.length = row;
}

/** `-838:59:59.999999` to `838:59:59.999999`: an interval as well as a time of day. */
export function decodeTime(
  block: BinaryBlock,
  from: number,
  to: number,
  builder: WordsBuilder,
  fault: Fault,
): void {
  builder.reserve(to - from);
  const { bytes, view, positions, lengths } = block;
  const out = builder.values;
  let row = builder.length;
  for (let i = from; i < to; i++, row++) {
    const length = lengths[i];
    if (length < 0) {
      builder.markNull(row);
      continue;
    }
    const at = positions[i];
    const seconds = length >= 8 ? parseClock(bytes, view, at, at + length) : -1;
    if (seconds < 0) timeFault(bytes, at, length, fault);
    writeSafeInteger(seconds * 1_000_000 + found[0], out, row * 2, 2);
  }
  builder.length = row;
}

function timeFault(bytes: Uint8Array, at: number, length: number, fault: Fault): never {
  const why = bytes[at] === MINUS ? "a time of day is not negative" : "a time of day ends at 24:00";
  return fault(asciiText(bytes, at, length), why);
}

/** How days become ticks: those of one day are `high * 2^32 + low`, and times any day stay exact in a double. */
interface TickUnit {
  readonly high: number;
  readonly low: number;
  readonly perMicro: number;
}

const UNITS: Record<"us" | "ns", TickUnit> = {
  us: { high: 20, low: 500_654_080, perMicro: 1 },
  ns: { high: 20_116, low: 2_437_873_664, perMicro: 1000 },
};

/** Ticks since 1970-01-01 00:00:00, which is what the session's UTC makes of an instant too. */
export function decodeTimestamp(
  block: BinaryBlock,
  from: number,
  to: number,
  builder: WordsBuilder,
  unitName: "us" | "ns",
  fault: Fault,
): void {
  builder.reserve(to - from);
  const { bytes, view, positions, lengths } = block;
  const { high, low, perMicro } = UNITS[unitName];
  const out = builder.values;
  let row = builder.length;
  for (let i = from; i < to; i++, row++) {
    const length = lengths[i];
    if (length < 0) {
      builder.markNull(row);
      continue;
    }
    const at = positions[i];
    const days = length >= DATE_BYTES ? parseDate(view, at) : NO_DAY;
    found[0] = 0;
    const seconds = length === DATE_BYTES
      ? 0
      : length >= SECONDS_BYTES
      ? parseClock(bytes, view, at + DATE_BYTES + 1, at + length)
      : -1;
    if (days === NO_DAY || seconds < 0) dateFault(bytes, at, length, fault);
    const micros = seconds * 1_000_000 + found[0];
    const rest = days * low + micros * perMicro;
    const carry = Math.floor(rest / TWO_32);
    const upper = days * high + carry;
    if (upper >= TWO_31 || upper < -TWO_31) {
      fault(asciiText(bytes, at, length), "nanoseconds reach from 1677-09-21 to 2262-04-11");
    }
    out[row * 2] = rest | 0;
    out[row * 2 + 1] = upper;
  }
  builder.length = row;
}
