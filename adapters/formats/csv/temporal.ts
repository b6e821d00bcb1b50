/**
 * Dates and times as ISO 8601. A year outside 0000..9999 has the expanded form, a sign and at least four
 * digits, counted astronomically: `+10000-01-01` follows 9999, `0000-12-31` is in 1 BC, `-0043-03-15` in
 * 44 BC. Fractions of a second have 6 digits for us, 9 for ns; those of zero may be left out.
 */
import { civilDate } from "../../../core/types/civil.ts";
import type { ByteBuilder } from "../byte_builder.ts";
import { appendNumber, appendPadded, putDigits } from "./digits.ts";

const DASH = 0x2d;
const PLUS = 0x2b;
const COLON = 0x3a;
const POINT = 0x2e;
const T = 0x54;
const Z = 0x5a;

/** Dates written before, by the lowest bits of their day: neighbouring rows mostly share a few. */
const KNOWN = 1024;
const DATE_BYTES = 10;
const knownDays = new Int32Array(KNOWN);
// A day that belongs to another place.
for (let place = 0; place < KNOWN; place++) knownDays[place] = place ^ 1;
const knownDates = new Uint8Array(KNOWN * DATE_BYTES);

export function appendDate(out: ByteBuilder, days: number): void {
  const place = days & (KNOWN - 1);
  if (knownDays[place] !== days) {
    const { year, month, day } = civilDate(days);
    if (year < 0 || year > 9999) return appendFarDate(out, year, month, day);
    knownDays[place] = days;
    const at = place * DATE_BYTES;
    putDigits(knownDates, at + 4, year, 4);
    knownDates[at + 4] = DASH;
    putDigits(knownDates, at + 7, month, 2);
    knownDates[at + 7] = DASH;
    putDigits(knownDates, at + 10, day, 2);
  }
  out.reserve(DATE_BYTES);
  const { bytes } = out;
  const from = place * DATE_BYTES;
  const to = out.length;
  for (let i = 0; i < DATE_BYTES; i++) bytes[to + i] = knownDates[from + i];
  out.length = to + DATE_BYTES;
}

/** A year with a sign. */
function appendFarDate(out: ByteBuilder, year: number, month: number, day: number): void {
  out.byte(year < 0 ? DASH : PLUS);
  const magnitude = Math.abs(year);
  if (magnitude > 9999) appendNumber(out, magnitude);
  else appendPadded(out, magnitude, 4);
  out.byte(DASH);
  appendPadded(out, month, 2);
  out.byte(DASH);
  appendPadded(out, day, 2);
}

/** `hh:mm:ss`, a point and nine digits. */
const MAX_CLOCK_BYTES = 18;

/**
 * @param fraction ticks of the second, `fractionDigits` digits of them.
 * @param whole writes a fraction of zero too.
 */
function appendClock(
  out: ByteBuilder,
  seconds: number,
  fraction: number,
  fractionDigits: number,
  whole: boolean,
): void {
  out.reserve(MAX_CLOCK_BYTES);
  const { bytes } = out;
  const at = out.length;
  const minutes = (seconds / 60) | 0;
  const hours = (minutes / 60) | 0;
  putDigits(bytes, at + 2, hours, 2);
  bytes[at + 2] = COLON;
  putDigits(bytes, at + 5, minutes - hours * 60, 2);
  bytes[at + 5] = COLON;
  putDigits(bytes, at + 8, seconds - minutes * 60, 2);
  if (fraction === 0 && !whole) {
    out.length = at + 8;
    return;
  }
  bytes[at + 8] = POINT;
  const end = at + 9 + fractionDigits;
  putDigits(bytes, end, fraction, fractionDigits);
  out.length = end;
}

/** @param micros since midnight. */
export function appendTime(out: ByteBuilder, micros: number, whole: boolean): void {
  const seconds = Math.floor(micros / 1_000_000);
  appendClock(out, seconds, micros - seconds * 1_000_000, 6, whole);
}

const TICKS = { us: 1_000_000, ns: 1_000_000_000 } as const;

function floorDivide(value: bigint, by: bigint): bigint {
  const quotient = value / by;
  return value % by < 0n ? quotient - 1n : quotient;
}

/** @param ticks of its unit since 1970-01-01T00:00:00; `utc` ends it in `Z`. */
export function appendTimestamp(
  out: ByteBuilder,
  ticks: number | bigint,
  { unit, utc }: { readonly unit: "us" | "ns"; readonly utc: boolean },
  whole: boolean,
): void {
  const perSecond = TICKS[unit];
  let seconds: number;
  let fraction: number;
  if (typeof ticks === "number") {
    seconds = Math.floor(ticks / perSecond);
    fraction = ticks - seconds * perSecond;
  } else {
    const whole = floorDivide(ticks, BigInt(perSecond));
    seconds = Number(whole);
    fraction = Number(ticks - whole * BigInt(perSecond));
  }
  const days = Math.floor(seconds / 86_400);
  appendDate(out, days);
  out.byte(T);
  appendClock(out, seconds - days * 86_400, fraction, unit === "us" ? 6 : 9, whole);
  if (utc) out.byte(Z);
}
