/**
 * A batch is a plain record of Arrow-layout buffers, so that it crosses to a Worker by transfer.
 * Layout: https://arrow.apache.org/docs/format/Columnar.html, little-endian, offsets of 32 bits.
 */
import type { Column } from "../types/types.ts";
import { giveBuffer } from "./buffers.ts";

/** The buffers of one column. All start at an 8-byte aligned offset of their ArrayBuffer. */
export interface ColumnData {
  readonly length: number;
  readonly nullCount: number;
  /** Bit i (least significant first) is 1 when row i is not NULL. Absent when `nullCount` is 0. */
  readonly validity: Uint8Array | null;
  /**
   * Raw little-endian values, `length` of them, by the column type's `layoutOf`:
   * `bit` is packed bits, fixed widths stand side by side (a NULL keeps its slot, zeroed),
   * `bytes` is the concatenated data that `offsets` cuts (a NULL has none), `list` is empty (see `child`).
   */
  readonly values: Uint8Array;
  /** `length + 1` offsets, for `bytes` (into `values`) and `list` (into `child`). */
  readonly offsets: Int32Array | null;
  /** Elements of a `list`. */
  readonly child: ColumnData | null;
}

/** Some rows, a column at a time. Whoever is handed one owns it. */
export interface Batch {
  readonly columns: readonly Column[];
  readonly rows: number;
  readonly data: readonly ColumnData[];
  /** Bytes of all buffers: what the batch costs in memory. */
  readonly byteLength: number;
}

/** Whether the row is not NULL. */
export function isValid(data: ColumnData, row: number): boolean {
  return data.validity === null || (data.validity[row >> 3] & (1 << (row & 7))) !== 0;
}

function columnBuffers(data: ColumnData, into: Set<ArrayBuffer>): void {
  into.add(data.values.buffer as ArrayBuffer);
  if (data.validity !== null) into.add(data.validity.buffer as ArrayBuffer);
  if (data.offsets !== null) into.add(data.offsets.buffer as ArrayBuffer);
  if (data.child !== null) columnBuffers(data.child, into);
}

/** The buffers to name in `postMessage(batch, transferables(batch))`. The batch is unusable afterwards. */
export function transferables(batch: Batch): ArrayBuffer[] {
  const buffers = new Set<ArrayBuffer>();
  for (const data of batch.data) columnBuffers(data, buffers);
  return [...buffers];
}

/** Gives the memory of a batch to the next ones. For its last owner; the batch is unusable afterwards. */
export function release(batch: Batch): void {
  transferables(batch).forEach(giveBuffer);
}

/** Bytes of a column's buffers, those of its elements included. */
export function columnByteLength(data: ColumnData): number {
  return data.values.byteLength + (data.validity?.byteLength ?? 0) +
    (data.offsets?.byteLength ?? 0) + (data.child === null ? 0 : columnByteLength(data.child));
}

/** A batch of these buffers, its size counted. */
export function makeBatch(columns: readonly Column[], rows: number, data: ColumnData[]): Batch {
  let byteLength = 0;
  for (const d of data) byteLength += columnByteLength(d);
  return { columns, rows, data, byteLength };
}
