// Rows of TDS: laid out, and decoded a column at a time (AssemblyScript). What is expected of the functions stands in
// `fields.as`. All numbers are little-endian, as here.
import {
  LENGTHS,
  lengthOf,
  OFFSETS,
  position,
  POSITIONS,
  STOPPED_AT,
  TEXT,
  UNUSUAL,
  VALUES,
} from "../../kit/kernel/fields";

export { bool, bytes, validity } from "../../kit/kernel/fields";

/** How the length of each column's values is written, as `fields.ts` has it; in a part of the memory of its own. */
const PREFIXES: usize = 0x54000;
/** The UTF-8 form of each byte above 127, as `code_pages.ts` has it. */
const CODE_PAGE: usize = 0x58000;

const ROW: u32 = 0xd1;
const NBCROW: u32 = 0xd2;
const BYTE_LENGTH: i32 = -1;
const SHORT_LENGTH: i32 = -2;
const CHUNKED: i32 = -3;
const SHORT_NULL: i32 = 0xffff;

/** From 1970 to 1 and to 1900. */
const YEAR_1: i32 = -719162;
const YEAR_1900: i32 = -25567;
/** Of a datetime, since 1900. */
const FIRST_DATE: i32 = -53690;
const LAST_DATE: i32 = 2958463;
const DAY_US: i64 = 86400000000;
const MINUTE_US: i64 = 60000000;
/** The whole days that 64-bit nanoseconds reach. */
const NS_FIRST_DAY: i32 = -106751;
const NS_LAST_DAY: i32 = 106750;

/**
 * Lays out whole rows of `[start, end)` of `columns` fields, behind the `row` rows and `bytes` bytes that there are:
 * until a row is not complete, or another token follows, or a value comes in several chunks, or there are `stride` rows
 * or `maxBytes` bytes. Rows above `maxRowBytes` are not ordinary. Returns how many rows there are then.
 */
export function layOut(
  start: usize,
  end: usize,
  columns: i32,
  stride: i32,
  row: i32,
  bytes: i32,
  maxRowBytes: usize,
  maxBytes: i32,
): i32 {
  const step: usize = <usize>stride << 2;
  const fields: usize = <usize>columns * step;
  while (row < stride && bytes < maxBytes && start < end) {
    const token = <u32>load<u8>(start);
    let at = start + 1;
    let bitmap: usize = 0;
    if (token == NBCROW) {
      bitmap = at;
      at += <usize>(columns + 7) >> 3;
    } else if (token != ROW) break;
    let field: usize = <usize>row << 2;
    const last = field + fields;
    let prefix = PREFIXES;
    let column: i32 = 0;
    for (; field < last; field += step, prefix += 4, column++) {
      if (at > end) break;
      if (bitmap != 0 && (<i32>load<u8>(bitmap + (column >> 3)) & (1 << (column & 7))) != 0) {
        store<i32>(LENGTHS + field, -1);
        continue;
      }
      let n = load<i32>(prefix);
      if (n == BYTE_LENGTH) {
        n = <i32>load<u8>(at++);
        if (n == 0) n = -1;
      } else if (n == SHORT_LENGTH) {
        n = <i32>load<u16>(at);
        at += 2;
        if (n == SHORT_NULL) n = -1;
      } else if (n == CHUNKED) {
        if (at + 12 > end && (at + 8 > end || load<i64>(at) != -1)) break;
        if (load<i64>(at) == -1) {
          at += 8;
          n = -1;
        } else {
          const length = <usize>load<u32>(at, 8);
          at += 12;
          if (length > 0) {
            // Ends with an empty chunk.
            if (length > maxRowBytes || at + length + 4 > end) break;
            if (load<u32>(at + length) != 0) break;
            store<i32>(POSITIONS + field, <i32>at);
            store<i32>(LENGTHS + field, <i32>length);
            at += length + 4;
            continue;
          }
          n = 0;
        }
      } else if (n == 0) n = -1;
      else if (n < 0) break;
      store<i32>(POSITIONS + field, <i32>at);
      store<i32>(LENGTHS + field, n);
      if (n > 0) at += n;
    }
    if (field != last || at > end || at - start > maxRowBytes) break;
    row++;
    bytes += <i32>(at - start);
    start = at;
  }
  store<i32>(STOPPED_AT, <i32>start);
  store<i32>(STOPPED_AT, bytes, 4);
  return row;
}

/** An integer of up to four bytes; that of one byte has no sign. */
// @ts-ignore: decorator
@inline
function small(at: usize, n: i32): i32 {
  return n == 4 ? load<i32>(at) : n == 2 ? <i32>load<i16>(at) : <i32>load<u8>(at);
}

// @ts-ignore: decorator
@inline
function isSmall(n: i32, most: i32): boolean {
  return n == 1 || n == 2 || (n == 4 && most == 4);
}

export function int16(from: usize, to: usize): i32 {
  let nulls = 0;
  let out = VALUES;
  for (let field = from << 2, last = to << 2; field < last; field += 4, out += 2) {
    const n = lengthOf(field);
    if (isSmall(n, 2)) store<i16>(out, <i16>small(position(field), n));
    else if (n < 0) {
      store<i16>(out, 0);
      nulls++;
    } else return UNUSUAL;
  }
  return nulls;
}

export function int32(from: usize, to: usize): i32 {
  let nulls = 0;
  let out = VALUES;
  for (let field = from << 2, last = to << 2; field < last; field += 4, out += 4) {
    const n = lengthOf(field);
    if (isSmall(n, 4)) store<i32>(out, small(position(field), n));
    else if (n < 0) {
      store<i32>(out, 0);
      nulls++;
    } else return UNUSUAL;
  }
  return nulls;
}

/** @param signed 0 where no value is below zero. */
export function int64(from: usize, to: usize, signed: i32): i32 {
  let nulls = 0;
  let out = VALUES;
  for (let field = from << 2, last = to << 2; field < last; field += 4, out += 8) {
    const n = lengthOf(field);
    let value: i64 = 0;
    if (n == 8) value = load<i64>(position(field));
    else if (isSmall(n, 4)) value = <i64>small(position(field), n);
    else if (n < 0) nulls++;
    else return UNUSUAL;
    if (signed == 0 && value < 0) return UNUSUAL;
    store<i64>(out, value);
  }
  return nulls;
}

export function float32(from: usize, to: usize): i32 {
  let nulls = 0;
  let out = VALUES;
  for (let field = from << 2, last = to << 2; field < last; field += 4, out += 4) {
    const n = lengthOf(field);
    if (n == 4) {
      const value = load<f32>(position(field));
      if (value != value) return UNUSUAL;
      store<f32>(out, value);
    } else if (n < 0) {
      store<f32>(out, 0);
      nulls++;
    } else return UNUSUAL;
  }
  return nulls;
}

export function float64(from: usize, to: usize): i32 {
  let nulls = 0;
  let out = VALUES;
  for (let field = from << 2, last = to << 2; field < last; field += 4, out += 8) {
    const n = lengthOf(field);
    if (n == 8) store<i64>(out, load<i64>(position(field)));
    else if (n < 0) {
      store<i64>(out, 0);
      nulls++;
    } else return UNUSUAL;
  }
  return nulls;
}

/** Its first three groups are little-endian integers. */
export function uuid(from: usize, to: usize): i32 {
  let nulls = 0;
  let out = VALUES;
  for (let field = from << 2, last = to << 2; field < last; field += 4, out += 16) {
    const n = lengthOf(field);
    if (n == 16) {
      v128.store(
        out,
        i8x16.swizzle(
          v128.load(position(field)),
          i8x16(3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15),
        ),
      );
    } else if (n < 0) {
      v128.store(out, i64x2.splat(0));
      nulls++;
    } else return UNUSUAL;
  }
  return nulls;
}

/** As 128 bits: a sign byte, 1 for positive, and 4, 8, 12 or 16 bytes of magnitude. */
export function decimal(from: usize, to: usize): i32 {
  let nulls = 0;
  let out = VALUES;
  for (let field = from << 2, last = to << 2; field < last; field += 4, out += 16) {
    const n = lengthOf(field);
    let low: u64 = 0;
    let high: u64 = 0;
    if (n >= 5) {
      if (n > 17 || (n & 3) != 1) return UNUSUAL;
      const at = position(field);
      if (n == 5) low = <u64>load<u32>(at, 1);
      else {
        low = load<u64>(at, 1);
        if (n == 13) high = <u64>load<u32>(at, 9);
        else if (n == 17) high = load<u64>(at, 9);
      }
      if (load<u8>(at) == 0) {
        low = 0 - low;
        high = ~high + u64(low == 0);
      }
    } else if (n < 0) nulls++;
    else return UNUSUAL;
    store<u64>(out, low);
    store<u64>(out, high, 8);
  }
  return nulls;
}

/** As 128 bits, in ten-thousandths: the higher word comes first; four bytes are one word. */
export function money(from: usize, to: usize): i32 {
  let nulls = 0;
  let out = VALUES;
  for (let field = from << 2, last = to << 2; field < last; field += 4, out += 16) {
    const n = lengthOf(field);
    let value: i64 = 0;
    if (n == 8) value = <i64>rotl<u64>(load<u64>(position(field)), 32);
    else if (n == 4) value = <i64>load<i32>(position(field));
    else if (n < 0) nulls++;
    else return UNUSUAL;
    store<i64>(out, value);
    store<i64>(out, value >> 63, 8);
  }
  return nulls;
}

// @ts-ignore: decorator
@inline
function days(at: usize): i32 {
  return (<i32>load<u16>(at) | (<i32>load<u8>(at, 2) << 16)) + YEAR_1;
}

/** Decimal fractions of a second since midnight, of three to five bytes. */
// @ts-ignore: decorator
@inline
function ticks(at: usize, n: i32): i64 {
  if (n == 3) return <i64>load<u16>(at) | (<i64>load<u8>(at, 2) << 16);
  const low = <i64>load<u32>(at);
  return n == 4 ? low : low | (<i64>load<u8>(at, 4) << 32);
}

export function date(from: usize, to: usize): i32 {
  let nulls = 0;
  let out = VALUES;
  for (let field = from << 2, last = to << 2; field < last; field += 4, out += 4) {
    const n = lengthOf(field);
    if (n == 3) store<i32>(out, days(position(field)));
    else if (n < 0) {
      store<i32>(out, 0);
      nulls++;
    } else return UNUSUAL;
  }
  return nulls;
}

/** Ticks become the column's: times one of the two, divided by the other, whole. */
export function time(from: usize, to: usize, times: i32, by: i32): i32 {
  let nulls = 0;
  let out = VALUES;
  for (let field = from << 2, last = to << 2; field < last; field += 4, out += 8) {
    const n = lengthOf(field);
    let value: i64 = 0;
    if (n >= 3 && n <= 5) {
      value = ticks(position(field), n) * <i64>times;
      if (by != 1) {
        const whole = value / <i64>by;
        if (whole * <i64>by != value) return UNUSUAL;
        value = whole;
      }
      if (value >= DAY_US) return UNUSUAL;
    } else if (n < 0) nulls++;
    else return UNUSUAL;
    store<i64>(out, value);
  }
  return nulls;
}

/**
 * Ticks, then days, then `tail` bytes that say nothing of the instant.
 * @param nanos 1000 where the column counts nanoseconds, else 1; `times` and `by` as of `time`.
 */
export function moment(
  from: usize,
  to: usize,
  tail: i32,
  times: i32,
  by: i32,
  nanos: i32,
): i32 {
  let nulls = 0;
  let out = VALUES;
  const day = DAY_US * <i64>nanos;
  for (let field = from << 2, last = to << 2; field < last; field += 4, out += 8) {
    const n = lengthOf(field);
    let value: i64 = 0;
    if (n >= 0) {
      const count = n - 3 - tail;
      if (count < 3 || count > 5) return UNUSUAL;
      const at = position(field);
      value = ticks(at, count) * <i64>times;
      if (by != 1) {
        const whole = value / <i64>by;
        if (whole * <i64>by != value) return UNUSUAL;
        value = whole;
      }
      if (value >= day) return UNUSUAL;
      const date = days(at + count);
      if (nanos != 1 && (date < NS_FIRST_DAY || date > NS_LAST_DAY)) return UNUSUAL;
      value += <i64>date * day;
    } else nulls++;
    store<i64>(out, value);
  }
  return nulls;
}

/** datetime: days, then three-hundredths of a second; smalldatetime: days and minutes. `nanos` as of `moment`. */
export function datetime(from: usize, to: usize, nanos: i32): i32 {
  let nulls = 0;
  let out = VALUES;
  const day = DAY_US * <i64>nanos;
  for (let field = from << 2, last = to << 2; field < last; field += 4, out += 8) {
    const n = lengthOf(field);
    let value: i64 = 0;
    if (n >= 0) {
      const at = position(field);
      let date: i32 = 0;
      if (n == 8) {
        date = load<i32>(at);
        if (date < FIRST_DATE || date > LAST_DATE) return UNUSUAL;
        date += YEAR_1900;
        // Milliseconds, rounded.
        value = <i64>((<u64>load<u32>(at, 4) * 20 + 3) / 6) * 1000;
        if (value >= DAY_US) return UNUSUAL;
      } else if (n == 4) {
        date = <i32>load<u16>(at) + YEAR_1900;
        value = <i64>load<u16>(at, 2) * MINUTE_US;
      } else return UNUSUAL;
      if (nanos != 1 && (date < NS_FIRST_DAY || date > NS_LAST_DAY)) return UNUSUAL;
      value = value * <i64>nanos + <i64>date * day;
    } else nulls++;
    store<i64>(out, value);
  }
  return nulls;
}

/** Bytes that are written at once; what lies behind the texts is not theirs. */
const VECTOR: usize = 16;

const SURROGATES: u32 = 0xd800;
const LOW_SURROGATES: u32 = 0xdc00;
const BEHIND_SURROGATES: u32 = 0xe000;
/** Where `ended` is for a value that is no text. */
const NO_TEXT: usize = 0;

/** UTF-16 of `[at, end)` as UTF-8 at `out`. Returns where it ends there, or NO_TEXT for half of a surrogate pair. */
function transcode(at: usize, end: usize, out: usize): usize {
  while (at < end) {
    const code = <u32>load<u16>(at);
    at += 2;
    if (code < 0x80) {
      store<u8>(out++, <u8>code);
    } else if (code < 0x800) {
      store<u8>(out, <u8>(0xc0 | (code >> 6)));
      store<u8>(out, <u8>(0x80 | (code & 63)), 1);
      out += 2;
    } else if (code < SURROGATES || code >= BEHIND_SURROGATES) {
      store<u8>(out, <u8>(0xe0 | (code >> 12)));
      store<u8>(out, <u8>(0x80 | ((code >> 6) & 63)), 1);
      store<u8>(out, <u8>(0x80 | (code & 63)), 2);
      out += 3;
    } else {
      if (code >= LOW_SURROGATES || at >= end) return NO_TEXT;
      const next = <u32>load<u16>(at);
      at += 2;
      if (next < LOW_SURROGATES || next >= BEHIND_SURROGATES) return NO_TEXT;
      const pair = 0x10000 + ((code - SURROGATES) << 10) + (next - LOW_SURROGATES);
      store<u8>(out, <u8>(0xf0 | (pair >> 18)));
      store<u8>(out, <u8>(0x80 | ((pair >> 12) & 63)), 1);
      store<u8>(out, <u8>(0x80 | ((pair >> 6) & 63)), 2);
      store<u8>(out, <u8>(0x80 | (pair & 63)), 3);
      out += 4;
    }
  }
  return out;
}

/** UTF-16 as UTF-8; the ends are counted from `used` on. Values above `maxBytes` are not ordinary. */
export function utf16(from: usize, to: usize, used: i32, maxBytes: i32): i32 {
  let nulls = 0;
  let out = TEXT;
  let offset = OFFSETS;
  const none = i16x8.splat(-128);
  for (let field = from << 2, last = to << 2; field < last; field += 4, offset += 4) {
    const n = lengthOf(field);
    if (n < 0) nulls++;
    else {
      if ((n & 1) != 0 || out + n + (n >> 1) + VECTOR > POSITIONS) return UNUSUAL;
      const start = out;
      let at = position(field);
      const end = at + n;
      // Eight characters at a time, as long as all are ASCII; what is behind the value's end is overwritten.
      while (at < end) {
        const eight = v128.load(at);
        const above = v128.and(eight, none);
        if (end - at >= 16) {
          if (v128.any_true(above)) break;
          v128.store64_lane(out, i8x16.narrow_i16x8_u(eight, eight), 0);
          at += 16;
          out += 8;
          continue;
        }
        const left = <i16>((end - at) >> 1);
        const mine = i16x8.lt_s(i16x8(0, 1, 2, 3, 4, 5, 6, 7), i16x8.splat(left));
        if (v128.any_true(v128.and(above, mine))) break;
        v128.store64_lane(out, i8x16.narrow_i16x8_u(eight, eight), 0);
        at = end;
        out += <usize>left;
      }
      if (at < end) {
        out = transcode(at, end, out);
        if (out == NO_TEXT) return UNUSUAL;
      }
      const length = <i32>(out - start);
      if (length > maxBytes) return UNUSUAL;
      used += length;
    }
    store<i32>(offset, used);
  }
  return nulls;
}

/** Text of a code page of single bytes, whose table lies at CODE_PAGE, as `utf16`. */
export function codePage(from: usize, to: usize, used: i32, maxBytes: i32): i32 {
  let nulls = 0;
  let out = TEXT;
  let offset = OFFSETS;
  for (let field = from << 2, last = to << 2; field < last; field += 4, offset += 4) {
    const n = lengthOf(field);
    if (n < 0) nulls++;
    else {
      if (out + 3 * n + VECTOR > POSITIONS) return UNUSUAL;
      const start = out;
      let at = position(field);
      const end = at + n;
      for (; at < end; at++) {
        const byte = <u32>load<u8>(at);
        if (byte < 128) {
          store<u8>(out++, <u8>byte);
          continue;
        }
        const entry = load<u32>(CODE_PAGE + ((byte - 128) << 2));
        // One that the page does not define.
        if (entry == 0) return UNUSUAL;
        store<u32>(out, entry);
        out += entry >>> 24;
      }
      const length = <i32>(out - start);
      if (length > maxBytes) return UNUSUAL;
      used += length;
    }
    store<i32>(offset, used);
  }
  return nulls;
}
