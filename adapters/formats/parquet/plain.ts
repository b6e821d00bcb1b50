/**
 * PLAIN encoding: values side by side, little-endian, NULLs left out.
 * https://github.com/apache/parquet-format/blob/master/Encodings.md#plain-plain--0
 */
import type { ColumnData } from "../../../core/batch/batch.ts";
import { layoutOf } from "../../../core/types/types.ts";
import type { ByteBuilder } from "../byte_builder.ts";
import { input, kernel, output } from "./kernel/memory.ts";
import type { Leaf } from "./schema.ts";

/** Writes `count` values of the kernel's memory in another width. All but the count are addresses. */
type Convert = (values: number, count: number, out: number) => void;

/** What turns values [start, end) of a column of fixed width, none of them NULL, into PLAIN. */
export class PlainWriter {
  /** Bytes of a value in the column, and as PLAIN. */
  readonly #stride: number;
  readonly #width: number;
  readonly #convert: Convert | null;

  /** @param convert null: the column's bytes are Parquet's */
  constructor(stride: number, width: number, convert: Convert | null) {
    this.#stride = stride;
    this.#width = width;
    this.#convert = convert;
  }

  /** Puts them into the kernel. @returns their address, good until the next call of this folder's. */
  put({ values }: ColumnData, start: number, end: number): number {
    const at = input.put(values.subarray(start * this.#stride, end * this.#stride));
    if (this.#convert === null) return at;
    const out = output.reserve((end - start) * this.#width);
    this.#convert(at, end - start, out);
    return out;
  }

  append(out: ByteBuilder, data: ColumnData, start: number, end: number): void {
    const { values } = data;
    if (this.#convert === null) {
      out.appendRange(values, start * this.#stride, end * this.#stride);
      return;
    }
    const at = this.put(data, start, end);
    out.append(kernel().view(at, (end - start) * this.#width));
  }
}

function same(width: number): PlainWriter {
  return new PlainWriter(width, width, null);
}

/** Precision bounds a decimal's value, so that its low bytes hold all of it. */
function decimal(stride: number, width: number): PlainWriter {
  const { run } = kernel();
  if (width === 4) {
    return new PlainWriter(stride, 4, (at, count, out) => run.low32(at, stride, count, out));
  }
  if (width === 8) {
    return new PlainWriter(stride, 8, (at, count, out) => run.low64(at, stride, count, out));
  }
  // DECIMAL on FIXED_LEN_BYTE_ARRAY: most significant byte first.
  return new PlainWriter(
    stride,
    width,
    (at, count, out) => run.bigEndian(at, stride, width, count, out),
  );
}

/** The PLAIN writer of a leaf of fixed width. BOOLEAN is packed across runs, see `BooleanValues`. */
export function plainWriter(leaf: Leaf): PlainWriter {
  const layout = layoutOf(leaf.type);
  switch (layout) {
    case "i16":
      return new PlainWriter(2, 4, (at, count, out) => kernel().run.widen16(at, count, out));
    case "i32":
    case "f32":
      return same(4);
    case "i64":
    case "u64":
    case "f64":
      return same(8);
    case "fixed16":
      return same(16);
    case "dec128":
      return decimal(16, leaf.width);
    case "dec256":
      return decimal(32, leaf.width);
    case "bytes":
    case "bit":
    case "list":
      throw new TypeError(`${layout} has no fixed width`);
  }
}
