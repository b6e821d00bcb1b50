// Rows in PostgreSQL's binary forms: laid out, and decoded a column at a time (AssemblyScript). What is expected of the
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

/** From 1970 to 2000. */
const EPOCH_US: i64 = 946684800000000;
const EPOCH_DAYS: i32 = 10957;
const DAY_US: i64 = 86400000000;

const MESSAGE_HEADER: usize = 5;
const FIELD_COUNT: usize = 2;

// @ts-ignore: decorator
@inline
function big16(at: usize): i32 {
  return (<i32>load<u8>(at) << 8) | <i32>load<u8>(at, 1);
}

// @ts-ignore: decorator
@inline
function big32(at: usize): i32 {
  return bswap<i32>(load<i32>(at));
}

/** Eight bytes in the other order. */
// @ts-ignore: decorator
@inline
function reversed(at: usize): v128 {
  return i8x16.swizzle(
    v128.load64_zero(at),
    i8x16(7, 6, 5, 4, 3, 2, 1, 0, -1, -1, -1, -1, -1, -1, -1, -1),
  );
}

// @ts-ignore: decorator
@inline
function big64(at: usize): i64 {
  return i64x2.extract_lane(reversed(at), 0);
}

/**
 * Lays out whole messages of `[start, end)` that are rows of `columns` fields, behind the `row` rows and `bytes`
 * bytes that there are: until a message is not complete, or not like that, or there are `stride` rows or
 * `maxBytes` bytes. Rows above `maxRowBytes` are not ordinary. Returns how many rows there are then.
 */
export function layOut(
  start: usize,
  end: usize,
  type: i32,
  columns: i32,
  stride: i32,
  row: i32,
  bytes: i32,
  maxRowBytes: usize,
  maxBytes: i32,
): i32 {
  const step: usize = <usize>stride << 2;
  const fields: usize = <usize>columns * step;
  while (row < stride && bytes < maxBytes) {
    if (end - start < MESSAGE_HEADER + FIELD_COUNT || <i32>load<u8>(start) != type) break;
    // Counts itself, but not the type.
    const length = <usize>big32(start + 1);
    if (length < 4 + FIELD_COUNT || length >= end - start || length > maxRowBytes) break;
    if (big16(start + MESSAGE_HEADER) != columns) break;
    const rowEnd = start + 1 + length;
    let at = start + MESSAGE_HEADER + FIELD_COUNT;
    let field: usize = <usize>row << 2;
    const last = field + fields;
    for (; field < last; field += step) {
      if (at + 4 > rowEnd) break;
      const n = big32(at);
      at += 4;
      store<i32>(POSITIONS + field, <i32>at);
      store<i32>(LENGTHS + field, n);
      if (n > 0) at += n;
      else if (n < -1) break;
    }
    if (field != last || at != rowEnd) break;
    row++;
    bytes += <i32>(rowEnd - start - MESSAGE_HEADER);
    start = rowEnd;
  }
  store<i32>(STOPPED_AT, <i32>start);
  store<i32>(STOPPED_AT, bytes, 4);
  return row;
}

export function fixed2(from: usize, to: usize): i32 {
  let nulls = 0;
  let out = VALUES;
  for (let field = from << 2, last = to << 2; field < last; field += 4, out += 2) {
    const n = lengthOf(field);
    if (n == 2) store<i16>(out, <i16>big16(position(field)));
    else if (n < 0) {
      store<i16>(out, 0);
      nulls++;
    } else return UNUSUAL;
  }
  return nulls;
}

export function fixed4(from: usize, to: usize): i32 {
  let nulls = 0;
  let out = VALUES;
  for (let field = from << 2, last = to << 2; field < last; field += 4, out += 4) {
    const n = lengthOf(field);
    if (n == 4) store<i32>(out, big32(position(field)));
    else if (n < 0) {
      store<i32>(out, 0);
      nulls++;
    } else return UNUSUAL;
  }
  return nulls;
}

export function fixed8(from: usize, to: usize): i32 {
  let nulls = 0;
  let out = VALUES;
  for (let field = from << 2, last = to << 2; field < last; field += 4, out += 8) {
    const n = lengthOf(field);
    if (n == 8) v128.store64_lane(out, reversed(position(field)), 0);
    else if (n < 0) {
      store<i64>(out, 0);
      nulls++;
    } else return UNUSUAL;
  }
  return nulls;
}

/** Infinities are the ends of the range. */
export function date(from: usize, to: usize): i32 {
  let nulls = 0;
  let out = VALUES;
  for (let field = from << 2, last = to << 2; field < last; field += 4, out += 4) {
    const n = lengthOf(field);
    if (n == 4) {
      const days = big32(position(field));
      if (days == i32.MIN_VALUE || days > i32.MAX_VALUE - EPOCH_DAYS) return UNUSUAL;
      store<i32>(out, days + EPOCH_DAYS);
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
    if (n == 8) {
      const value = big64(position(field));
      if (<u64>value >= <u64>DAY_US) return UNUSUAL;
      store<i64>(out, value);
    } else if (n < 0) {
      store<i64>(out, 0);
      nulls++;
    } else return UNUSUAL;
  }
  return nulls;
}

/** Microseconds; infinities are the ends of the range. */
export function timestamp(from: usize, to: usize): i32 {
  let nulls = 0;
  let out = VALUES;
  for (let field = from << 2, last = to << 2; field < last; field += 4, out += 8) {
    const n = lengthOf(field);
    if (n == 8) {
      const value = big64(position(field));
      if (value == i64.MIN_VALUE || value > i64.MAX_VALUE - EPOCH_US) return UNUSUAL;
      store<i64>(out, value + EPOCH_US);
    } else if (n < 0) {
      store<i64>(out, 0);
      nulls++;
    } else return UNUSUAL;
  }
  return nulls;
}

/** Decimal digits of a digit in base 10,000. */
// @ts-ignore: decorator
@inline
function digitsOf(digit: i32): i32 {
  return 1 + i32(digit > 9) + i32(digit > 99) + i32(digit > 999);
}

// @ts-ignore: decorator
@inline
function pow10(n: i32): u64 {
  return n == 0 ? 1 : n == 1 ? 10 : n == 2 ? 100 : n == 3 ? 1000 : 10000;
}

/**
 * `numeric` times 10^scale as 128 bits, of at most 38 digits. Digits are in base 10,000 from `weight` down; those at
 * the end that are zeros are not sent.
 */
export function decimal(from: usize, to: usize, precision: i32, scale: i32): i32 {
  let nulls = 0;
  let out = VALUES;
  // Of the digit that lies across the scale.
  const rest = scale & 3;
  const kept = pow10(rest);
  const dropped = <u32>pow10(4 - rest);
  const lower = 1 + (scale >> 2);
  for (let field = from << 2, last = to << 2; field < last; field += 4, out += 16) {
    const n = lengthOf(field);
    let low: u64 = 0;
    let high: u64 = 0;
    if (n >= 8) {
      let at = position(field);
      const head = big64(at);
      const count = <i32>(head >> 48);
      const weight = <i32>((head << 16) >> 48);
      const sign = <i32>(head >> 16) & 0xffff;
      // 0x4000 is negative; other bits are those of NaN and the infinities.
      if ((sign & 0xbfff) != 0 || n != 8 + (count << 1)) return UNUSUAL;
      if (count != 0) {
        at += 8;
        const whole = weight + lower;
        if (whole < 0 || (weight << 2) + digitsOf(big16(at)) + scale > precision) return UNUSUAL;
        let used = 0;
        for (; used < whole; used++) {
          let digit: u64 = 0;
          if (used < count) {
            digit = big16(at);
            at += 2;
            if (digit > 9999) return UNUSUAL;
          }
          if (used < 4) low = low * 10000 + digit;
          else {
            const lower32 = (low & 0xffffffff) * 10000 + digit;
            const upper32 = (low >> 32) * 10000 + (lower32 >> 32);
            low = (upper32 << 32) | (lower32 & 0xffffffff);
            high = high * 10000 + (upper32 >> 32);
          }
        }
        if (rest != 0) {
          let digit: u32 = 0;
          if (used < count) digit = <u32>big16(at);
          const part = digit / dropped;
          if (digit > 9999 || part * dropped != digit) return UNUSUAL;
          const lower32 = (low & 0xffffffff) * kept + part;
          const upper32 = (low >> 32) * kept + (lower32 >> 32);
          low = (upper32 << 32) | (lower32 & 0xffffffff);
          high = high * kept + (upper32 >> 32);
          used++;
        }
        if (used < count) return UNUSUAL;
        if (sign != 0) {
          low = 0 - low;
          high = ~high + u64(low == 0);
        }
      }
    } else if (n < 0) nulls++;
    else return UNUSUAL;
    store<u64>(out, low);
    store<u64>(out, high, 8);
  }
  return nulls;
}
