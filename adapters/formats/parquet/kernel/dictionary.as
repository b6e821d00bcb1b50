/**
 * The distinct values of a column chunk, found by open addressing. What they lie in is given from outside; a function
 * that has no room returns early, and is called again for the rest.
 */

/** A dictionary, and what it lies in. */
@unmanaged
class Dictionary {
  size: i32;
  /** Entries that there is room for. */
  capacity: i32;
  /** Entry + 1, or 0. */
  slots: usize;
  /** Of `slots`, whose number is a power of two and twice `capacity`. */
  mask: u32;
  /** Entries in PLAIN encoding. */
  plain: usize;
  plainLength: i32;
  plainCapacity: i32;
  /** Where entry i starts in `plain`, its length included; one more for the end. */
  starts: usize;
  hashes: usize;
}

const PRIME: u64 = 0x9e3779b97f4a7c15;

// @ts-ignore: decorator
@inline
function hashWord(value: u64): u32 {
  return <u32> ((value * PRIME) >> 32);
}

/** Reads up to 7 bytes behind the value. */
// @ts-ignore: decorator
@inline
function hashBytes(at: usize, length: i32): u32 {
  let hash = <u64> length * PRIME;
  let i = 0;
  for (; i + 8 <= length; i += 8) {
    hash = (hash ^ load<u64>(at + i)) * PRIME;
    hash ^= hash >> 32;
  }
  if (i < length) {
    const rest = 64 - ((length - i) << 3);
    // In the low bits: a product carries upwards only.
    hash = (hash ^ ((load<u64>(at + i) << rest) >> rest)) * PRIME;
    hash ^= hash >> 32;
  }
  return <u32> hash;
}

// @ts-ignore: decorator
@inline
function same(a: usize, b: usize, length: i32): bool {
  let i = 0;
  for (; i + 8 <= length; i += 8) if (load<u64>(a + i) != load<u64>(b + i)) return false;
  if (i == length) return true;
  return ((load<u64>(a + i) ^ load<u64>(b + i)) << (64 - ((length - i) << 3))) == 0;
}

function words<T>(dictionary: usize, values: usize, count: i32, indices: usize): i32 {
  const d = changetype<Dictionary>(dictionary);
  const slots = d.slots;
  const mask = d.mask;
  const plain = d.plain;
  const capacity = d.capacity;
  let size = d.size;
  let i = 0;
  for (; i < count; i++) {
    const value = load<T>(values + <usize> i * sizeof<T>());
    let slot = hashWord(<u64> value) & mask;
    let entry = load<i32>(slots + (slot << 2)) - 1;
    while (entry >= 0 && load<T>(plain + <usize> entry * sizeof<T>()) != value) {
      slot = (slot + 1) & mask;
      entry = load<i32>(slots + (slot << 2)) - 1;
    }
    if (entry < 0) {
      if (size == capacity) break;
      entry = size++;
      store<i32>(slots + (slot << 2), size);
      store<T>(plain + <usize> entry * sizeof<T>(), value);
    }
    store<i32>(indices + (i << 2), entry);
  }
  d.size = size;
  d.plainLength = size * sizeof<T>();
  return i;
}

/** Indices of `count` values of 4 bytes. @returns how many there was room for. */
export function indexWords32(dictionary: usize, values: usize, count: i32, indices: usize): i32 {
  return words<u32>(dictionary, values, count, indices);
}

/** The same of 8 bytes. */
export function indexWords64(dictionary: usize, values: usize, count: i32, indices: usize): i32 {
  return words<u64>(dictionary, values, count, indices);
}

/** The entry of a value, -1 where there is no room for it. */
// @ts-ignore: decorator
@inline
function indexOf(d: Dictionary, value: usize, length: i32, prefix: i32): i32 {
  const hash = hashBytes(value, length);
  const mask = d.mask;
  let slot = hash & mask;
  for (;;) {
    const entry = load<i32>(d.slots + (slot << 2)) - 1;
    if (entry < 0) break;
    if (load<u32>(d.hashes + (entry << 2)) == hash) {
      const start = load<i32>(d.starts + (entry << 2)) + prefix;
      const end = load<i32>(d.starts + (entry << 2), 4);
      if (end - start == length && same(d.plain + start, value, length)) return entry;
    }
    slot = (slot + 1) & mask;
  }
  const needed = d.plainLength + prefix + length;
  if (d.size == d.capacity || needed > d.plainCapacity) return -1;
  const entry = d.size++;
  store<i32>(d.slots + (slot << 2), d.size);
  store<u32>(d.hashes + (entry << 2), hash);
  const at = d.plain + d.plainLength;
  if (prefix > 0) store<i32>(at, length);
  memory.copy(at + prefix, value, length);
  d.plainLength = needed;
  store<i32>(d.starts + (entry << 2), needed, 4);
  return entry;
}

/** Indices of `count` byte strings, which lie at `offsets` of `bytes`. @returns how many there was room for. */
export function indexBytes(
  dictionary: usize,
  offsets: usize,
  bytes: usize,
  count: i32,
  indices: usize,
): i32 {
  const d = changetype<Dictionary>(dictionary);
  let offset = load<i32>(offsets);
  for (let i = 0; i < count; i++) {
    const next = load<i32>(offsets + (i << 2), 4);
    const entry = indexOf(d, bytes + offset, next - offset, 4);
    if (entry < 0) return i;
    store<i32>(indices + (i << 2), entry);
    offset = next;
  }
  return count;
}

/** Indices of `count` values of `width` bytes. @returns how many there was room for. */
export function indexFixed(
  dictionary: usize,
  width: i32,
  values: usize,
  count: i32,
  indices: usize,
): i32 {
  const d = changetype<Dictionary>(dictionary);
  for (let i = 0; i < count; i++) {
    const entry = indexOf(d, values + <usize> i * width, width, 0);
    if (entry < 0) return i;
    store<i32>(indices + (i << 2), entry);
  }
  return count;
}

// @ts-ignore: decorator
@inline
function place(d: Dictionary, hash: u32, entry: i32): void {
  let slot = hash & d.mask;
  while (load<i32>(d.slots + (slot << 2)) != 0) slot = (slot + 1) & d.mask;
  store<i32>(d.slots + (slot << 2), entry + 1);
}

/** Fills empty slots anew, of values of `width` bytes; 0: from the hashes that are kept. */
export function rehash(dictionary: usize, width: i32): void {
  const d = changetype<Dictionary>(dictionary);
  memory.fill(d.slots, 0, (<usize> d.mask + 1) << 2);
  for (let i = 0; i < d.size; i++) {
    if (width == 4) place(d, hashWord(<u64> load<u32>(d.plain + (i << 2))), i);
    else if (width == 8) place(d, hashWord(load<u64>(d.plain + (i << 3))), i);
    else place(d, load<u32>(d.hashes + (i << 2)), i);
  }
}

/** Marks the entries of `count` indices with 1. @returns how many entries that are. */
export function markUsed(indices: usize, count: i32, used: usize): i32 {
  let marked = 0;
  for (let i = 0; i < count; i++) {
    const mark = used + load<i32>(indices + (i << 2));
    marked += 1 - <i32> load<u8>(mark);
    store<u8>(mark, 1);
  }
  return marked;
}

// @ts-ignore: decorator
@inline
function appendEntry(d: Dictionary, entry: i32, width: i32, prefix: i32, out: usize): i32 {
  let from = d.plain;
  let length = width;
  if (width > 0) from += <usize> entry * width;
  else {
    const start = load<i32>(d.starts + (entry << 2)) + prefix;
    from += start;
    length = load<i32>(d.starts + (entry << 2), 4) - start;
  }
  for (let i = 0; i < length; i += 8) store<u64>(out + i, load<u64>(from + i));
  return length;
}

/** Appends the entries that are marked, of `width` bytes. @returns how many. */
export function gatherUsed(dictionary: usize, width: i32, used: usize, out: usize): i32 {
  const d = changetype<Dictionary>(dictionary);
  let count = 0;
  for (let entry = 0; entry < d.size; entry++) {
    if (load<u8>(used + entry) == 0) continue;
    appendEntry(d, entry, width, 0, out + <usize> count * width);
    count++;
  }
  return count;
}

/** The same of byte strings, whose lengths go to `lengths`. */
export function gatherUsedBytes(dictionary: usize, used: usize, lengths: usize, out: usize): i32 {
  const d = changetype<Dictionary>(dictionary);
  let count = 0;
  let at = out;
  for (let entry = 0; entry < d.size; entry++) {
    if (load<u8>(used + entry) == 0) continue;
    const length = appendEntry(d, entry, 0, 4, at);
    store<i32>(lengths + (count << 2), length);
    at += length;
    count++;
  }
  return count;
}

/** Appends the entries of `count` indices, of `width` bytes. */
export function gather(
  dictionary: usize,
  width: i32,
  indices: usize,
  count: i32,
  out: usize,
): void {
  const d = changetype<Dictionary>(dictionary);
  for (let i = 0; i < count; i++) {
    appendEntry(d, load<i32>(indices + (i << 2)), width, 0, out + <usize> i * width);
  }
}

/** The same of byte strings, whose lengths go to `lengths`. @returns the end. */
export function gatherBytes(
  dictionary: usize,
  indices: usize,
  count: i32,
  lengths: usize,
  out: usize,
): usize {
  const d = changetype<Dictionary>(dictionary);
  let at = out;
  for (let i = 0; i < count; i++) {
    const length = appendEntry(d, load<i32>(indices + (i << 2)), 0, 4, at);
    store<i32>(lengths + (i << 2), length);
    at += length;
  }
  return at;
}
