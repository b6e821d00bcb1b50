/** What decodes a column: an engine's kernel where all values are ordinary, else a loop in TypeScript. */
import type {
  BitBuilder,
  BytesBuilder,
  ColumnBuilder,
  FixedArray,
  FixedBuilder,
} from "../../../../core/batch/builders.ts";
import { type BinaryBlock, decodeBytes } from "../block.ts";
import type { FixedInKernel, RowBlock, RowKernelCode } from "./row_kernel.ts";

/** Appends one column's values to its builder. */
export interface ColumnDecoder<C extends RowKernelCode = RowKernelCode> {
  readonly builder: ColumnBuilder;
  /** Appends the fields described at `[from, to)` of the block's positions. */
  decode(block: RowBlock<C>, from: number, to: number): void;
}

/** Appends the same, wherever the rows lie. */
export type Loop<B extends ColumnBuilder> = (
  block: BinaryBlock,
  from: number,
  to: number,
  builder: B,
) => void;

/** In the kernel where its loop meets nothing unusual, else by `loop`. Both make the same of every value. */
export function fixedDecoder<C extends RowKernelCode, B extends FixedBuilder<FixedArray>>(
  builder: B,
  inKernel: FixedInKernel<C>,
  loop: Loop<B>,
): ColumnDecoder<C> {
  return {
    builder,
    decode(block, from, to) {
      const { kernel } = block;
      if (kernel === null || !kernel.fixed(inKernel, from, to, builder)) {
        loop(block, from, to, builder);
      }
    },
  };
}

/** The same for bits. @param zero the byte that is false; true is one more. */
export function bitDecoder(
  builder: BitBuilder,
  zero: number,
  loop: Loop<BitBuilder>,
): ColumnDecoder {
  return {
    builder,
    decode(block, from, to) {
      const { kernel } = block;
      if (kernel === null || !kernel.bits(from, to, zero, builder)) loop(block, from, to, builder);
    },
  };
}

/** The same for bytes as they are. @param skip bytes in front of each value that are none of it. */
export function bytesDecoder(builder: BytesBuilder, skip = 0): ColumnDecoder {
  return {
    builder,
    decode(block, from, to) {
      const { kernel } = block;
      if (kernel === null || !kernel.text(from, to, skip, builder)) {
        decodeBytes(block, from, to, builder, skip);
      }
    },
  };
}
