/**
 * Dates and times. The server counts days from 0001-01-01 (date, datetime2, datetimeoffset) or 1900-01-01
 * (datetime, smalldatetime) and decimal fractions of a second since midnight; Arrow counts ticks since
 * 1970-01-01. 64-bit ticks are handled as two 32-bit words, exactly and without BigInt.
 * [MS-TDS] 2.2.5.5.1.6 to 2.2.5.5.1.9
 */
import type { Int32Builder, WordsBuilder } from "../../../core/batch/builders.ts";
import type { WireKind } from "./fields.ts";
import { civilDate } from "../../../core/types/civil.ts";
import type { BinaryBlock } from "../kit/block.ts";
import { changedType, type Fault } from "../kit/value_fault.ts";

/** 0001-01-01 and 1900-01-01 in days since 1970-01-01. */
const YEAR_1 = -719_162;
const YEAR_1900 = -25_567;
const TWO_32 = 4_294_967_296;
const MINUTE_US = 60_000_000;

/** Ticks of a day split for the product with a day number: `day = high * 2^32 + low`. */
interface Unit {
  readonly perSecond: number;
  readonly high: number;
  readonly low: number;
}

function unitOf(perSecond: number): Unit {
  const day = perSecond * 86_400;
  const high = Math.floor(day / TWO_32);
  return { perSecond, high, low: day - high * TWO_32 };
}

const MICROS = unitOf(1_000_000);
const NANOS = unitOf(1_000_000_000);
/** The last whole days that 64-bit nanoseconds reach. */
const NS_FIRST_DAY = -106_751;
const NS_LAST_DAY = 106_750;

/** A value between the wire and the column. */
interface Moment {
  /** Since 1970-01-01. */
  days: number;
  /** Since midnight, in units of 10^-scale seconds. */
  ticks: number;
}

function readDays(bytes: Uint8Array, at: number): number {
  return (bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16)) + YEAR_1;
}

/** 3, 4 or 5 bytes. */
function readTicks({ bytes, view }: BinaryBlock, at: number, length: number): number {
  if (length === 3) return view.getUint16(at, true) | (bytes[at + 2] << 16);
  const low = view.getUint32(at, true);
  return length === 4 ? low : low + bytes[at + 4] * TWO_32;
}

const two = (n: number): string => String(n).padStart(2, "0");

function clockText(ticks: number, scale: number): string {
  const perSecond = 10 ** scale;
  const seconds = Math.floor(ticks / perSecond);
  const clock = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  const fraction = String(ticks % perSecond).padStart(scale, "0");
  return clock.map(two).join(":") + (scale > 0 ? `.${fraction}` : "");
}

function dateText(days: number): string {
  const { year, month, day } = civilDate(days);
  return `${String(year).padStart(4, "0")}-${two(month)}-${two(day)}`;
}

function momentText({ days, ticks }: Moment, scale: number): string {
  return `${dateText(days)} ${clockText(ticks, scale)}`;
}

export function decodeDate(
  block: BinaryBlock,
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
    if (lengths[i] === 3) out[row] = readDays(bytes, positions[i]);
    else if (lengths[i] < 0) builder.markNull(row);
    else changedType(fault, lengths[i]);
  }
  builder.length = row;
}

/** How ticks of 10^-scale seconds become the column's: times one of the two, divided by the other. */
export interface Scaling {
  readonly times: number;
  readonly by: number;
}

/** To a column of this unit. */
export function scalingOf(scale: number, unit: "us" | "ns"): Scaling {
  const more = (unit === "us" ? 6 : 9) - scale;
  return { times: 10 ** Math.max(0, more), by: 10 ** Math.max(0, -more) };
}

/** NaN when a decimal would be lost. */
function scaleTicks(ticks: number, { times, by }: Scaling): number {
  if (by === 1) return ticks * times;
  return ticks % by === 0 ? ticks / by : NaN;
}

/** time(n) as microseconds since midnight. */
export function decodeTime(
  block: BinaryBlock,
  from: number,
  to: number,
  builder: WordsBuilder,
  scale: number,
  fault: Fault,
): void {
  builder.reserve(to - from);
  const { positions, lengths } = block;
  const out = builder.values;
  const scaling = scalingOf(scale, "us");
  let row = builder.length;
  for (let i = from; i < to; i++, row++) {
    const length = lengths[i];
    if (length >= 3 && length <= 5) {
      const ticks = readTicks(block, positions[i], length);
      const micros = scaleTicks(ticks, scaling);
      if (Number.isNaN(micros)) fault(clockText(ticks, scale), "it has 100-nanosecond digits");
      const high = Math.floor(micros / TWO_32);
      out[row * 2] = micros - high * TWO_32;
      out[row * 2 + 1] = high;
    } else if (length < 0) builder.markNull(row);
    else changedType(fault, length);
  }
  builder.length = row;
}

export type MomentWire = "smalldatetime" | "datetime" | "datetime2" | "datetimeoffset";

/** Reads one value; false when its length is not one of the type's. */
function readMoment(block: BinaryBlock, i: number, wire: MomentWire, into: Moment): boolean {
  const { bytes, view, positions, lengths } = block;
  const at = positions[i];
  const length = lengths[i];
  switch (wire) {
    case "smalldatetime":
      if (length !== 4) return false;
      into.days = view.getUint16(at, true) + YEAR_1900;
      into.ticks = view.getUint16(at + 2, true) * MINUTE_US;
      return true;
    case "datetime":
      if (length !== 8) return false;
      into.days = view.getInt32(at, true) + YEAR_1900;
      // Three-hundredths of a second; the type's values are their roundings to .000, .003 and .007.
      into.ticks = Math.round(view.getUint32(at + 4, true) * 10 / 3) * 1000;
      return true;
    case "datetime2":
      if (length < 6 || length > 8) return false;
      into.ticks = readTicks(block, at, length - 3);
      into.days = readDays(bytes, at + length - 3);
      return true;
    case "datetimeoffset":
      if (length < 8 || length > 10) return false;
      // In UTC already; the offset behind it says how the value was written.
      into.ticks = readTicks(block, at, length - 5);
      into.days = readDays(bytes, at + length - 5);
      return true;
  }
}

/** `yyyy-mm-dd`. */
export function dayText({ bytes, positions }: BinaryBlock, i: number): string {
  return dateText(readDays(bytes, positions[i]));
}

/** All decimals that the wire can have. */
const WIRE_DECIMALS = 7;

/** `hh:mm:ss.fffffff`, whatever the column's decimals are. */
export function timeText(
  block: BinaryBlock,
  i: number,
  { scale }: { readonly scale: number },
): string {
  const ticks = readTicks(block, block.positions[i], block.lengths[i]) *
    10 ** (WIRE_DECIMALS - scale);
  return clockText(ticks, WIRE_DECIMALS);
}

/** `yyyy-mm-dd hh:mm:ss.fffffff`, of datetime and smalldatetime with three decimals; instants in UTC. */
export function instantText(
  block: BinaryBlock,
  i: number,
  { wire, scale }: { readonly wire: WireKind; readonly scale: number },
): string {
  const moment: Moment = { days: 0, ticks: 0 };
  readMoment(block, i, wire as MomentWire, moment);
  const scaled = wire === "datetime2" || wire === "datetimeoffset";
  const [factor, decimals] = scaled ? [10 ** (WIRE_DECIMALS - scale), WIRE_DECIMALS] : [1e-3, 3];
  return momentText({ days: moment.days, ticks: Math.round(moment.ticks * factor) }, decimals);
}

function outOfNanoseconds(days: number): boolean {
  return days < NS_FIRST_DAY || days > NS_LAST_DAY;
}

export interface MomentShape {
  readonly wire: MomentWire;
  /** Decimals of the wire's seconds; 6 for those without. */
  readonly scale: number;
  readonly unit: "us" | "ns";
  readonly utc: boolean;
}

export function decodeTimestamp(
  block: BinaryBlock,
  from: number,
  to: number,
  builder: WordsBuilder,
  shape: MomentShape,
  fault: Fault,
): void {
  builder.reserve(to - from);
  const { lengths } = block;
  const { wire, scale, utc } = shape;
  const unit = shape.unit === "us" ? MICROS : NANOS;
  const out = builder.values;
  const scaling = scalingOf(scale, shape.unit);
  const moment: Moment = { days: 0, ticks: 0 };
  let row = builder.length;
  for (let i = from; i < to; i++, row++) {
    if (lengths[i] < 0) {
      builder.markNull(row);
      continue;
    }
    if (!readMoment(block, i, wire, moment)) changedType(fault, lengths[i]);
    const ticks = scaleTicks(moment.ticks, scaling);
    if (Number.isNaN(ticks)) {
      fault(
        momentText(moment, scale),
        "it has 100-nanosecond digits",
        utc ? "timestamp_tz_ns" : "timestamp_ns",
      );
    }
    if (unit === NANOS && outOfNanoseconds(moment.days)) {
      fault(momentText(moment, scale), "nanoseconds reach from 1677-09-22 to 2262-04-10");
    }
    const sum = moment.days * unit.low + ticks;
    const carry = Math.floor(sum / TWO_32);
    out[row * 2] = sum - carry * TWO_32;
    out[row * 2 + 1] = moment.days * unit.high + carry;
  }
  builder.length = row;
}
