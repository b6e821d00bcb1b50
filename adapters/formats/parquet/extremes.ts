/** The bounds of the values of a page, which lie in the kernel. */
import type { Bound, Bounds } from "./bounds.ts";
import { input, kernel } from "./kernel/memory.ts";
import type { Leaf } from "./schema.ts";
import { mergeBounds } from "./statistics.ts";
import { truncateMax, truncateMin } from "./truncate.ts";

/** Of a page, which is mostly one such slice, so many are put into the kernel at a time. */
const SLICE_VALUES = 1 << 18;
/** How far behind the least value the kernel leaves the greatest. */
const GREATEST = 64;

/** Finds the bounds of `count` values, at least one. @returns false: there is none but NaN. */
function findFixed({ order, width }: Leaf, values: number, count: number): boolean {
  const { run } = kernel();
  switch (order) {
    case "signed":
      if (width === 4) run.extremesI32(values, count);
      else run.extremesI64(values, count);
      return true;
    case "unsigned":
      run.extremesU64(values, count);
      return true;
    case "float":
      return (width === 4 ? run.extremesF32(values, count) : run.extremesF64(values, count)) !== 0;
    case "signedBytes":
    case "bytes":
      run.boundsOfFixed(values, width, count, order === "signedBytes");
      return true;
    case "boolean":
      throw new TypeError("booleans are bounded by their count");
  }
}

/** A zero bound is -0 below and +0 above, whichever of them was there. */
function withSign({ order, width }: Leaf, value: Uint8Array, sign: 0 | 0x80): Uint8Array {
  const magnitude = value.subarray(0, width - 1).every((byte) => byte === 0) &&
    (value[width - 1] & 0x7f) === 0;
  if (order === "float" && magnitude) value[width - 1] = sign;
  return value;
}

/** Of `count` values of fixed width at an address. Null when there is nothing to bound. */
export function boundsAt(leaf: Leaf, values: number, count: number): Bounds | null {
  if (count === 0 || !findFixed(leaf, values, count)) return null;
  const { found } = kernel();
  const copyAt = (address: number) => kernel().view(address, leaf.width).slice();
  const bound = (value: Uint8Array): Bound => ({ value, exact: true });
  return {
    min: bound(withSign(leaf, copyAt(found), 0x80)),
    max: bound(withSign(leaf, copyAt(found + GREATEST), 0)),
  };
}

/** Of PLAIN values of fixed width, however many. */
export function boundsOf(leaf: Leaf, plain: Uint8Array): Bounds | null {
  const step = SLICE_VALUES * leaf.width;
  let bounds: Bounds | null = null;
  for (let at = 0; at < plain.length; at += step) {
    const slice = plain.subarray(at, at + step);
    const found = boundsAt(leaf, input.put(slice), slice.length / leaf.width);
    bounds = mergeBounds(leaf.order, bounds, found);
  }
  return bounds;
}

/** Copies of two byte strings as bounds; long ones are cut. */
export function bytesBounds(leaf: Leaf, min: Uint8Array, max: Uint8Array): Bounds {
  const text = leaf.type.kind !== "binary";
  return { min: truncateMin(min, text), max: truncateMax(max, text) };
}

/** Of `count` byte strings that lie one behind the other at an address. Null when there is none. */
export function boundsOfBytesAt(
  leaf: Leaf,
  lengths: number,
  bytes: number,
  count: number,
): Bounds | null {
  if (count === 0) return null;
  const { run, found } = kernel();
  run.boundsOfBytes(lengths, bytes, count);
  const { words } = kernel();
  const at = found >> 2;
  const viewAt = (index: number) => kernel().view(words[index], words[index + 1]);
  return bytesBounds(leaf, viewAt(at), viewAt(at + 2));
}
