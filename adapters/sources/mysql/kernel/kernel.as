// Rows of MySQL's text protocol: laid out, and decoded a column at a time (AssemblyScript). What is expected of the
// functions stands in `fields.as`.
import {
  LENGTHS,
  lengthOf,
  position,
  POSITIONS,
  STOPPED_AT,
  UNUSUAL,
  VALUES,
} from "../../kit/kernel/fields";

export { bool, bytes, uuid, validity } from "../../kit/kernel/fields";

const PACKET_HEADER: usize = 4;

/** The first bytes of fields that are not followed by their text at once. */
const NULL: u32 = 0xfb;
const TWO_BYTES: u32 = 0xfc;
const THREE_BYTES: u32 = 0xfd;

/** Powers of ten, in doubles, and in words of 64 bits: in a part of the memory that nothing else lies in. */
const POW10_DOUBLES: usize = 0x52000;
const POW10_WORDS: usize = 0x52100;
/** 10^0 to 10^19. */
const POWERS: i32 = 20;

let power: u64 = 1;
for (let i: usize = 0; i < <usize>POWERS << 3; i += 8) {
  store<f64>(POW10_DOUBLES + i, <f64>power);
  store<u64>(POW10_WORDS + i, power);
  power *= 10;
}

const MINUS: u32 = 45;
const POINT: u32 = 46;
const ZERO: u32 = 48;
const ZEROS: u64 = 0x3030303030303030;
/** Added to a digit's value it leaves the upper bit alone, and to no other. */
const ABOVE_NINE: u64 = 0x7676767676767676;
const UPPER_BITS: u64 = 0x8080808080808080;

/** Instead of a number. */
const NO_NUMBER: u64 = 0xffffffffffffffff;

const UUID_BYTES: i32 = 36;
const HYPHENS: u32 = 0x2d2d2d2d;

const DATE_BYTES: i32 = 10;
const SECONDS_BYTES: i32 = 19;
const TIME_BYTES: i32 = 8;
const DAY_US: i64 = 86400000000;
/** Days of 1970-01-01 since 0000-03-01. */
const EPOCH_DAYS: i32 = 719468;
/** Instead of a day. */
const NO_DAY: i32 = i32.MIN_VALUE;

/**
 * Lays out whole packets of `[start, end)` that are rows of `columns` fields and numbered from `sequence` on, behind
 * the `row` rows and `bytes` bytes that there are: until a packet is not complete, or not like that, or there are
 * `stride` rows or `maxBytes` bytes. Rows above `maxRowBytes` are not ordinary. Returns how many rows there are then.
 */
export function layOut(
  start: usize,
  end: usize,
  columns: i32,
  stride: i32,
  row: i32,
  bytes: i32,
  sequence: u32,
  maxRowBytes: usize,
  maxBytes: i32,
): i32 {
  const step: usize = <usize>stride << 2;
  const fields: usize = <usize>columns * step;
  while (row < stride && bytes < maxBytes) {
    if (end - start <= PACKET_HEADER) break;
    const header = load<u32>(start);
    const length = <usize>(header & 0xffffff);
    if (header >>> 24 != sequence || length == 0 || length > maxRowBytes) break;
    let at = start + PACKET_HEADER;
    if (end - at < length) break;
    const rowEnd = at + length;
    let field: usize = <usize>row << 2;
    const last = field + fields;
    for (; field < last; field += step) {
      if (at >= rowEnd) break;
      let n = <u32>load<u8>(at++);
      if (n >= NULL) {
        if (n == NULL) {
          store<i32>(LENGTHS + field, -1);
          continue;
        }
        if (n == TWO_BYTES) {
          n = <u32>load<u16>(at);
          at += 2;
        } else if (n == THREE_BYTES) {
          n = load<u32>(at) & 0xffffff;
          at += 3;
        } else break; // An error, an end, or a value of 16 MB.
      }
      store<i32>(POSITIONS + field, <i32>at);
      store<i32>(LENGTHS + field, <i32>n);
      at += n;
    }
    if (field != last || at != rowEnd) break;
    row++;
    bytes += <i32>length;
    sequence = (sequence + 1) & 0xff;
    start = rowEnd;
  }
  store<i32>(STOPPED_AT, <i32>start);
  store<i32>(STOPPED_AT, bytes, 4);
  store<i32>(STOPPED_AT, <i32>sequence, 8);
  return row;
}

/** The number of the `count` digits at `at`, of which there are 1 to 8; NO_NUMBER when there is another character. */
// @ts-ignore: decorator
@inline
function upTo8(at: usize, count: i32): u64 {
  // The first digit is in the lowest byte. What is shifted in below are digits of zero.
  let digits = (load<u64>(at) ^ ZEROS) << (64 - (count << 3));
  if (((digits + ABOVE_NINE) | digits) & UPPER_BITS) return NO_NUMBER;
  digits = digits * 10 + (digits >> 8);
  return ((digits & 0x000000ff000000ff) * 0x000f424000000064 +
    ((digits >> 16) & 0x000000ff000000ff) * 0x0000271000000001) >> 32;
}

/** The number of the `count` digits at `at`, of which there are 1 to 16; NO_NUMBER for anything else. */
// @ts-ignore: decorator
@inline
function upTo16(at: usize, count: i32): u64 {
  if (<u32>(count - 1) < 8) return upTo8(at, count);
  if (<u32>(count - 1) >= 16) return NO_NUMBER;
  const high = upTo8(at, count - 8);
  const low = upTo8(at + count - 8, 8);
  return high == NO_NUMBER || low == NO_NUMBER ? NO_NUMBER : high * 100000000 + low;
}

/** Integers of at most 16 digits, in `[min, max]`. */
// @ts-ignore: decorator
@inline
function integer(at: usize, length: i32, min: i64, max: i64): i64 {
  const negative = <u32>load<u8>(at) == MINUS;
  const magnitude = upTo16(at + usize(negative), length - i32(negative));
  const value = negative ? -<i64>magnitude : <i64>magnitude;
  return magnitude == NO_NUMBER || value < min || value > max ? i64.MIN_VALUE : value;
}

export function int16(from: usize, to: usize): i32 {
  let nulls = 0;
  let out = VALUES;
  for (let field = from << 2, last = to << 2; field < last; field += 4, out += 2) {
    const n = lengthOf(field);
    let value: i64 = 0;
    if (n >= 0) {
      value = integer(position(field), n, i16.MIN_VALUE, i16.MAX_VALUE);
      if (value == i64.MIN_VALUE) return UNUSUAL;
    } else nulls++;
    store<i16>(out, <i16>value);
  }
  return nulls;
}

export function int32(from: usize, to: usize): i32 {
  let nulls = 0;
  let out = VALUES;
  for (let field = from << 2, last = to << 2; field < last; field += 4, out += 4) {
    const n = lengthOf(field);
    let value: i64 = 0;
    if (n >= 0) {
      value = integer(position(field), n, i32.MIN_VALUE, i32.MAX_VALUE);
      if (value == i64.MIN_VALUE) return UNUSUAL;
    } else nulls++;
    store<i32>(out, <i32>value);
  }
  return nulls;
}

/** Integers of at most 20 digits. @param signed 0 for those that are never negative. */
export function int64(from: usize, to: usize, signed: i32): i32 {
  let nulls = 0;
  let out = VALUES;
  for (let field = from << 2, last = to << 2; field < last; field += 4, out += 8) {
    let n = lengthOf(field);
    let value: u64 = 0;
    if (n >= 0) {
      let at = position(field);
      const negative = signed & i32(<u32>load<u8>(at) == MINUS);
      at += negative;
      n -= negative;
      if (n <= 16) {
        value = upTo16(at, n);
        if (value == NO_NUMBER) return UNUSUAL;
      } else {
        if (n > 20) return UNUSUAL;
        const high = upTo8(at, n - 16);
        const low = upTo16(at + n - 16, 16);
        // What is at the edge of 64 bits, and beyond it, is not ordinary.
        if (low == NO_NUMBER || high >= 1844) return UNUSUAL;
        value = high * 10000000000000000 + low;
        if (signed != 0 && value > <u64>i64.MAX_VALUE + negative) return UNUSUAL;
      }
      if (negative) value = 0 - value;
    } else nulls++;
    store<u64>(out, value);
  }
  return nulls;
}

/** The number `high` times 2^64 and `low`. */
// @ts-ignore: decorator
@inline
function store128(out: usize, low: u64, high: u64, negative: bool): void {
  if (negative) {
    low = 0 - low;
    high = ~high + u64(low == 0);
  }
  store<u64>(out, low);
  store<u64>(out, high, 8);
}

/** What `wide` has found. */
let wideLow: u64 = 0;
let wideHigh: u64 = 0;

/** Appends the `count` digits at `at` to the number in `wideLow` and `wideHigh`. False: they are not all digits. */
function wide(at: usize, count: i32): bool {
  for (let n = count & 7; count > 0; count -= n, n = 8) {
    if (n == 0) n = 8;
    const add = upTo8(at, n);
    if (add == NO_NUMBER) return false;
    const by = load<u64>(POW10_WORDS + (<usize>n << 3));
    const lower = (wideLow & 0xffffffff) * by + add;
    const upper = (wideLow >> 32) * by + (lower >> 32);
    wideLow = (upper << 32) | (lower & 0xffffffff);
    wideHigh = wideHigh * by + (upper >> 32);
    at += n;
  }
  return true;
}

/** Decimals that are printed with `scale` digits behind the point, times 10^scale as 128 bits; of at most 38 digits. */
export function decimal(from: usize, to: usize, precision: i32, scale: i32): i32 {
  let nulls = 0;
  let out = VALUES;
  const factor = scale < POWERS ? load<u64>(POW10_WORDS + (<usize>scale << 3)) : 0;
  // With the point.
  const behind = scale == 0 ? 0 : scale + 1;
  for (let field = from << 2, last = to << 2; field < last; field += 4, out += 16) {
    const n = lengthOf(field);
    if (n < 0) {
      nulls++;
      v128.store(out, i64x2.splat(0));
      continue;
    }
    let at = position(field);
    const negative = <u32>load<u8>(at) == MINUS;
    at += usize(negative);
    const whole = n - i32(negative) - behind;
    const fraction = at + whole + 1;
    // A number below 1 has a zero there, which is no digit of it.
    const none = whole == 1 && <u32>load<u8>(at) == ZERO;
    if (whole < 1 || (whole > precision - scale && !none)) return UNUSUAL;
    if (behind != 0 && <u32>load<u8>(fraction - 1) != POINT) return UNUSUAL;
    if (whole <= 16 && whole + scale <= 18 && scale <= 16) {
      let value = upTo16(at, whole);
      if (value == NO_NUMBER) return UNUSUAL;
      if (behind != 0) {
        const part = upTo16(fraction, scale);
        if (part == NO_NUMBER) return UNUSUAL;
        value = value * factor + part;
      }
      store128(out, value, 0, negative);
    } else {
      wideLow = 0;
      wideHigh = 0;
      if (!wide(at, whole) || !wide(fraction, scale)) return UNUSUAL;
      store128(out, wideLow, wideHigh, negative);
    }
  }
  return nulls;
}

/**
 * Of at most 15 digits, with a point among them or not: one division of exact numbers gives the nearest double. NaN for
 * any other text.
 */
// @ts-ignore: decorator
@inline
function parsed(at: usize, length: i32): f64 {
  const end = at + length;
  const negative = <u32>load<u8>(at) == MINUS;
  at += usize(negative);
  const start = at;
  let value: u64 = 0;
  let point: usize = 0;
  // A sign, a point, and the digits.
  if (length > 17) return NaN;
  for (; at < end; at++) {
    const digit = <u32>load<u8>(at) - ZERO;
    if (digit <= 9) value = value * 10 + digit;
    else if (digit == POINT - ZERO && point == 0) point = at;
    else return NaN;
  }
  const digits = <i32>(end - start) - i32(point != 0);
  if (digits < 1 || digits > 15) return NaN;
  const decimals: usize = point == 0 ? 0 : end - point - 1;
  const magnitude = <f64>value / load<f64>(POW10_DOUBLES + (decimals << 3));
  return negative ? -magnitude : magnitude;
}

export function float64(from: usize, to: usize): i32 {
  let nulls = 0;
  let out = VALUES;
  for (let field = from << 2, last = to << 2; field < last; field += 4, out += 8) {
    const n = lengthOf(field);
    let value: f64 = 0;
    if (n >= 0) {
      value = parsed(position(field), n);
      if (value != value) return UNUSUAL;
    } else nulls++;
    store<f64>(out, value);
  }
  return nulls;
}

/** @param exact 1 where values that are not of 32 bits are unusual, else they are rounded. */
export function float32(from: usize, to: usize, exact: i32): i32 {
  let nulls = 0;
  let out = VALUES;
  for (let field = from << 2, last = to << 2; field < last; field += 4, out += 4) {
    const n = lengthOf(field);
    let value: f32 = 0;
    if (n >= 0) {
      const read = parsed(position(field), n);
      value = <f32>read;
      if (read != read || (exact != 0 && <f64>value != read)) return UNUSUAL;
    } else nulls++;
    store<f32>(out, value);
  }
  return nulls;
}

/** The values of 16 hexadecimal digits as eight bytes in words of 16 bits; words of ones when there is another character. */
// @ts-ignore: decorator
@inline
function hex(text: v128): v128 {
  const letters = v128.or(text, i8x16.splat(0x20));
  const isDigit = v128.and(i8x16.ge_u(text, i8x16.splat(48)), i8x16.le_u(text, i8x16.splat(57)));
  const isLetter = v128.and(
    i8x16.ge_u(letters, i8x16.splat(97)),
    i8x16.le_u(letters, i8x16.splat(102)),
  );
  if (!i8x16.all_true(v128.or(isDigit, isLetter))) return i8x16.splat(-1);
  const values = v128.bitselect(
    i8x16.sub(text, i8x16.splat(48)),
    i8x16.sub(letters, i8x16.splat(87)),
    isDigit,
  );
  return v128.or(
    i16x8.shl(v128.and(values, i16x8.splat(0xff)), 4),
    i16x8.shr_u(values, 8),
  );
}

/** 32 hexadecimal digits in groups of 8, 4, 4, 4 and 12. */
export function uuidText(from: usize, to: usize): i32 {
  let nulls = 0;
  let out = VALUES;
  for (let field = from << 2, last = to << 2; field < last; field += 4, out += 16) {
    const n = lengthOf(field);
    if (n == UUID_BYTES) {
      const at = position(field);
      const middle = v128.load(at + 16);
      const hyphens = <u32>load<u8>(at + 8) | <u32>load<u8>(at + 13) << 8 |
        <u32>load<u8>(at + 18) << 16 | <u32>load<u8>(at + 23) << 24;
      const front = hex(
        v128.shuffle<i8>(v128.load(at), middle, 0, 1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12, 14, 15, 16, 17),
      );
      const back = hex(
        v128.shuffle<i8>(middle, v128.load(at + 20), 3, 4, 5, 6, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31),
      );
      if (hyphens != HYPHENS || v128.any_true(i16x8.gt_u(v128.or(front, back), i16x8.splat(0xff)))) {
        return UNUSUAL;
      }
      v128.store(out, i8x16.narrow_i16x8_u(front, back));
    } else if (n < 0) {
      v128.store(out, i64x2.splat(0));
      nulls++;
    } else return UNUSUAL;
  }
  return nulls;
}

/** Each digit's value plus ten times that of the one before it, in every second byte; NO_NUMBER when one is no digit. */
// @ts-ignore: decorator
@inline
function pairs(digits: u64): u64 {
  if (((digits + ABOVE_NINE) | digits) & UPPER_BITS) return NO_NUMBER;
  return digits * 10 + (digits >> 8);
}

/** The digits of `YYYY-MM-DD` in pairs, or NO_NUMBER. */
// @ts-ignore: decorator
@inline
function dateDigits(at: usize): u64 {
  const text = v128.load(at);
  const digits = i8x16.swizzle(text, i8x16(0, 1, 2, 3, 5, 6, 8, 9, -1, -1, -1, -1, -1, -1, -1, -1));
  const hyphens = i64x2.extract_lane(text, 0) & 0xff0000ff00000000;
  return hyphens == 0x2d00002d00000000
    ? pairs(<u64>i64x2.extract_lane(digits, 0) ^ ZEROS)
    : NO_NUMBER;
}

/** Days since 1970-01-01 of what `dateDigits` has found, or NO_DAY. */
function dayOf(digits: u64): i32 {
  if (digits == NO_NUMBER) return NO_DAY;
  let year = (<i32>digits & 0xff) * 100 + (<i32>(digits >> 16) & 0xff);
  const month = <i32>(digits >> 32) & 0xff;
  const day = <i32>(digits >> 48) & 0xff;
  if (<u32>(month - 1) > 11 || <u32>(day - 1) > 30) return NO_DAY;
  if (day > 28) {
    const leap = (year & 3) == 0 && (year % 100 != 0 || year % 400 == 0);
    // From August on, it is the even ones that are long.
    const days = month == 2 ? 28 + i32(leap) : 30 + ((month ^ (month >> 3)) & 1);
    if (day > days) return NO_DAY;
  }
  // Of years that begin in March, since the year 0; before it, there are none but January and February of it.
  const early = i32(month < 3);
  year -= early;
  const ofYear = (153 * (month + (early ? 9 : -3)) + 2) / 5 + day - 1;
  const century = year / 100;
  return year * 365 + (year >> 2) - century + (century >> 2) + ofYear - EPOCH_DAYS;
}

/** Microseconds of `HH:MM:SS[.ffffff]` with one to six decimals; -1 when there is no such time of day. */
// @ts-ignore: decorator
@inline
function clock(at: usize, length: i32): i64 {
  const text = v128.load64_zero(at);
  const digits = i8x16.swizzle(text, i8x16(0, 1, 3, 4, 6, 7, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1));
  const colons = i64x2.extract_lane(text, 0) & 0x0000ff0000ff0000;
  const found = pairs(<u64>i64x2.extract_lane(digits, 0) ^ 0x0000303030303030);
  const hour = <i32>found & 0xff;
  const minute = <i32>(found >> 16) & 0xff;
  const second = <i32>(found >> 32) & 0xff;
  // What is no number has 255 of each.
  if (colons != 0x00003a00003a0000 || hour > 23 || minute > 59 || second > 59) return -1;
  const micros = <i64>((hour * 60 + minute) * 60 + second) * 1000000;
  if (length == TIME_BYTES) return micros;
  const decimals = length - TIME_BYTES - 1;
  if (<u32>(decimals - 1) > 5 || <u32>load<u8>(at + TIME_BYTES) != POINT) return -1;
  const part = upTo8(at + TIME_BYTES + 1, decimals);
  if (part == NO_NUMBER) return -1;
  return micros + <i64>(part * load<u64>(POW10_WORDS + (<usize>(6 - decimals) << 3)));
}

export function date(from: usize, to: usize): i32 {
  let nulls = 0;
  let out = VALUES;
  // The day before is often the same.
  let known: u64 = 0;
  let day = NO_DAY;
  for (let field = from << 2, last = to << 2; field < last; field += 4, out += 4) {
    const n = lengthOf(field);
    if (n == DATE_BYTES) {
      const digits = dateDigits(position(field));
      if (digits != known) {
        known = digits;
        day = dayOf(digits);
      }
      if (day == NO_DAY) return UNUSUAL;
      store<i32>(out, day);
    } else if (n < 0) {
      store<i32>(out, 0);
      nulls++;
    } else return UNUSUAL;
  }
  return nulls;
}

export function time(from: usize, to: usize): i32 {
  let nulls = 0;
  let out = VALUES;
  for (let field = from << 2, last = to << 2; field < last; field += 4, out += 8) {
    const n = lengthOf(field);
    let micros: i64 = 0;
    if (n >= TIME_BYTES) {
      micros = clock(position(field), n);
      if (micros < 0) return UNUSUAL;
    } else if (n < 0) nulls++;
    else return UNUSUAL;
    store<i64>(out, micros);
  }
  return nulls;
}

/** Microseconds since 1970, each as `ticks`; those beyond 64 bits are unusual. */
export function timestamp(from: usize, to: usize, ticks: i32): i32 {
  let nulls = 0;
  let out = VALUES;
  const most = i64.MAX_VALUE / ticks;
  let known: u64 = 0;
  let day = NO_DAY;
  for (let field = from << 2, last = to << 2; field < last; field += 4, out += 8) {
    const n = lengthOf(field);
    let value: i64 = 0;
    if (n >= DATE_BYTES) {
      const at = position(field);
      const digits = dateDigits(at);
      if (digits != known) {
        known = digits;
        day = dayOf(digits);
      }
      if (day == NO_DAY) return UNUSUAL;
      value = <i64>day * DAY_US;
      if (n > DATE_BYTES) {
        const micros = n < SECONDS_BYTES ? -1 : clock(at + DATE_BYTES + 1, n - DATE_BYTES - 1);
        if (micros < 0) return UNUSUAL;
        value += micros;
      }
      if (value > most || value < -most) return UNUSUAL;
      value *= ticks;
    } else if (n < 0) nulls++;
    else return UNUSUAL;
    store<i64>(out, value);
  }
  return nulls;
}
