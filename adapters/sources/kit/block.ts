/** Rows of the wire, laid out so that they are decoded a column at a time; and their bytes as they are. */
import { copyRange, viewOf } from "../../../core/base/copy_range.ts";
import { giveBuffer, takeBuffer } from "../../../core/batch/buffers.ts";
import type { BytesBuilder } from "../../../core/batch/builders.ts";

/** Where the fields of some rows lie: field c of row r is described at index `c * stride + r`. */
export interface Block {
  readonly bytes: Uint8Array;
  readonly positions: Int32Array;
  /** -1 for NULL. */
  readonly lengths: Int32Array;
  readonly stride: number;
}

/** A block whose numbers are read as words. */
export interface BinaryBlock extends Block {
  /** Over `bytes`. */
  readonly view: DataView;
}

/** Rows in a cache line of positions. */
const LINE_ROWS = 16;

/**
 * Rows of one block: more than usually arrive in one piece, and enough to make the decoders' loops long. An odd
 * number of cache lines: at a power of two, what is written of one row goes to the same place of the
 * cache for every column, and columns push each other out.
 */
export const BLOCK_ROWS = 127 * LINE_ROWS;

/** Fields of one block: tables of many columns have fewer rows in it. */
export const BLOCK_FIELDS = 128 * BLOCK_ROWS;
/** A block of wide rows ends here, so that batches end near their size. */
export const BLOCK_BYTES = 64 * 1024;

/** Rows of a block of so many columns. */
export function rowsPerBlock(columns: number): number {
  const rows = Math.min(BLOCK_ROWS, BLOCK_FIELDS / Math.max(1, columns));
  const lines = Math.max(1, Math.floor(rows / LINE_ROWS));
  return (lines % 2 === 0 ? lines - 1 : lines) * LINE_ROWS;
}

/** Room for the positions or lengths of a block. Nothing is read of what has not been written yet. */
export function blockWords(count: number): Int32Array<ArrayBuffer> {
  return new Int32Array(takeBuffer(count * 4), 0, count);
}

/** What a statement that is over was laid out in is the next one's place; for whoever holds it, it is empty. */
export function giveBack(...arrays: readonly { readonly buffer: ArrayBuffer }[]): void {
  for (const { buffer } of arrays) if (buffer.byteLength > 0) giveBuffer(buffer);
}

/** Bytes that one large value has grown are given back above this size. */
const KEEP_BYTES = 4 * 1024 * 1024;

/**
 * Moves `[start, end)` to the front of what is returned, which has room for `needed` bytes: `bytes` itself, or
 * another for which `bytes` is given back. Grows by what has come, never by what a length promises.
 * @param usual the size that is enough for most rows.
 */
export function roomFor(
  needed: number,
  bytes: Uint8Array<ArrayBuffer>,
  start: number,
  end: number,
  usual: number,
): Uint8Array<ArrayBuffer> {
  const size = bytes.length;
  const tooSmall = needed > size;
  if (!tooSmall && (size <= KEEP_BYTES || needed > usual)) return bytes.copyWithin(0, start, end);
  const moved = new Uint8Array(tooSmall ? Math.max(needed, size * 2) : usual);
  moved.set(bytes.subarray(start, end));
  giveBack(bytes);
  return moved;
}

/** What the rows of a statement must fit. */
export interface RowLimits {
  readonly columnNames: readonly string[];
  readonly maxValueBytes: number;
}

/** Rows that are laid out. */
export interface LaidOut {
  /** Valid until bytes are read again. */
  readonly block: BinaryBlock;
  readonly rows: number;
  /** Bytes of these rows as they came. */
  readonly byteLength: number;
}

/** Longer values are copied by `set`, whose call costs more than a loop over fewer bytes. */
const LOOP_BYTES = 32;

/** Copies `[from, to)` of `source` to `at` of `target`. Returns where it ends there. */
export function copyBytes(
  source: Uint8Array,
  from: number,
  to: number,
  target: Uint8Array,
  at: number,
): number {
  if (to - from > LOOP_BYTES) {
    target.set(source.subarray(from, to), at);
    return at + to - from;
  }
  for (let i = from; i < to; i++) target[at++] = source[i];
  return at;
}

/**
 * Appends the bytes of the fields described at `[from, to)`: binary, and text that is UTF-8 already.
 * @param skip bytes in front of each value that are none of it.
 */
export function decodeBytes(
  block: Block,
  from: number,
  to: number,
  builder: BytesBuilder,
  skip = 0,
): void {
  const { bytes, positions, lengths } = block;
  let total = 0;
  for (let i = from; i < to; i++) if (lengths[i] > 0) total += lengths[i];
  builder.reserve(to - from);
  builder.reserveBytes(total);
  const { data, offsets } = builder;
  const view = viewOf(bytes);
  const dataView = viewOf(data);
  let row = builder.length;
  let used = builder.used;
  for (let i = from; i < to; i++) {
    if (lengths[i] < 0) builder.markNull(row);
    else {
      const at = positions[i];
      used = copyRange(bytes, view, at + skip, at + lengths[i], data, dataView, used);
    }
    offsets[++row] = used;
  }
  builder.length = row;
  builder.used = used;
}
