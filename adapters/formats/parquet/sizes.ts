/** Bytes that rows take in PLAIN encoding, from offsets alone: what cuts pages and row groups. */
import type { Batch, ColumnData } from "../../../core/batch/batch.ts";
import type { Leaf } from "./schema.ts";

/** Bytes of values [from, to) of one column; NULLs of fixed width count as values. */
export function plainBytes(leaf: Leaf, data: ColumnData, from: number, to: number): number {
  if (leaf.maxRepetition > 0 && data.offsets !== null && data.child !== null) {
    return (to - from) + valueBytes(leaf, data.child, data.offsets[from], data.offsets[to]);
  }
  return valueBytes(leaf, data, from, to);
}

function valueBytes(leaf: Leaf, data: ColumnData, from: number, to: number): number {
  if (data.offsets !== null) return 4 * (to - from) + data.offsets[to] - data.offsets[from];
  return leaf.width === 0 ? (to - from + 7) >> 3 : leaf.width * (to - from);
}

/** Bytes of rows [from, to) of a batch. */
export function batchBytes(
  leaves: readonly Leaf[],
  batch: Batch,
  from: number,
  to: number,
): number {
  let bytes = 0;
  for (let c = 0; c < leaves.length; c++) bytes += plainBytes(leaves[c], batch.data[c], from, to);
  return bytes;
}

/** The largest `end` in [from, to] for which `bytes(end) <= budget`; `bytes` must not fall as `end` grows. */
export function endWithin(
  from: number,
  to: number,
  budget: number,
  bytes: (end: number) => number,
): number {
  if (bytes(to) <= budget) return to;
  let fits = from;
  let exceeds = to;
  while (exceeds - fits > 1) {
    const middle = (fits + exceeds) >>> 1;
    if (bytes(middle) <= budget) fits = middle;
    else exceeds = middle;
  }
  return fits;
}
