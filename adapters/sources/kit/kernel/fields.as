// What the loops over rows have in common, whatever the server: fields that are laid out, decoded a column at a time
// (AssemblyScript).
//
// Made for loops that are fast from their first row on: no interpreter, nothing to speculate on. Only what is
// ordinary is done here. A function that meets anything else stops, and the same rows are worked on
// by the decoders in TypeScript, which know every form and every error.
//
// The memory is divided as `row_kernel.ts` has it; the addresses are compiled in. A function for a column
// reads the fields `[from, to)` of the positions and writes their values at VALUES; it returns how many are NULL,
// whose values are zeros, or UNUSUAL.

export const UNUSUAL: i32 = -1;

/** What `layOut` says beside its result: where it stopped, and bytes of the rows. */
export const STOPPED_AT: usize = 0x50000;
/** Bits of the rows that are not NULL, of `validity`. */
export const VALIDITY: usize = 0x51000;
/** Values of one column. */
export const VALUES: usize = 0x60000;
/** Where each text ends. */
export const OFFSETS: usize = 0x70000;
/** The bytes of the texts. */
export const TEXT: usize = 0x80000;
/** Where fields lie, and their lengths; not at the same place of the cache. */
export const POSITIONS: usize = 0x100000;
export const LENGTHS: usize = 0x200840;

/** Texts up to here are copied eight bytes at a time, which a call would take longer for. */
const SHORT_TEXT: i32 = 64;

// @ts-ignore: decorator
@inline
export function position(field: usize): usize {
  return <usize>load<i32>(POSITIONS + field);
}

// @ts-ignore: decorator
@inline
export function lengthOf(field: usize): i32 {
  return load<i32>(LENGTHS + field);
}

/** One bit a row behind `phase` bits, 0 for NULL; bits around them are 1. */
export function validity(from: usize, to: usize, phase: i32): void {
  let out = VALIDITY;
  let bits = (1 << phase) - 1;
  for (let field = from << 2, last = to << 2; field < last; field += 4) {
    bits |= i32(lengthOf(field) >= 0) << phase;
    if (++phase == 8) {
      store<u8>(out++, <u8>bits);
      bits = 0;
      phase = 0;
    }
  }
  store<u8>(out, <u8>(bits | (0xff << phase)));
}

/** One bit a row behind `phase` bits, of bytes that are `zero` or one more; bits around them are 0. */
export function bool(from: usize, to: usize, phase: i32, zero: i32): i32 {
  let nulls = 0;
  let out = VALUES;
  let bits = 0;
  for (let field = from << 2, last = to << 2; field < last; field += 4) {
    const n = lengthOf(field);
    if (n == 1) {
      const bit = <u32>(<i32>load<u8>(position(field)) - zero);
      if (bit > 1) return UNUSUAL;
      bits |= bit << phase;
    } else if (n < 0) nulls++;
    else return UNUSUAL;
    if (++phase == 8) {
      store<u8>(out++, <u8>bits);
      bits = 0;
      phase = 0;
    }
  }
  store<u8>(out, <u8>bits);
  return nulls;
}

/** As they came. */
export function uuid(from: usize, to: usize): i32 {
  let nulls = 0;
  let out = VALUES;
  for (let field = from << 2, last = to << 2; field < last; field += 4, out += 16) {
    const n = lengthOf(field);
    if (n == 16) v128.store(out, v128.load(position(field)));
    else if (n < 0) {
      v128.store(out, i64x2.splat(0));
      nulls++;
    } else return UNUSUAL;
  }
  return nulls;
}

/** Bytes without the first `skip` of each value, one behind the other; the ends are counted from `used` on. */
export function bytes(from: usize, to: usize, used: i32, skip: i32): i32 {
  let nulls = 0;
  let out = TEXT;
  let offset = OFFSETS;
  for (let field = from << 2, last = to << 2; field < last; field += 4, offset += 4) {
    const n = lengthOf(field);
    if (n < 0) nulls++;
    else {
      const length = n - skip;
      if (length < 0) return UNUSUAL;
      const at = position(field) + skip;
      if (length <= SHORT_TEXT) {
        for (let i: usize = 0; i < <usize>length; i += 8) store<i64>(out + i, load<i64>(at + i));
      } else memory.copy(out, at, length);
      out += length;
      used += length;
    }
    store<i32>(offset, used);
  }
  return nulls;
}
