/** What decodes a column: an engine's kernel where all values are ordinary, else a loop in TypeScript. */
import {
  type BitBuilder,
  type BytesBuilder,
  type ColumnBuilder,
  type FixedArray,
  type FixedBuilder,
  type Int16Builder,
  type Int32Builder,
  makeBuilder,
  type WordsBuilder,
} from "../../../../core/batch/builders.ts";
import type { RivetType } from "../../../../core/types/types.ts";
import { type BinaryBlock, decodeBytes } from "../block.ts";
import type { DecodeFixed, FixedInKernel, RowBlock, RowKernelCode } from "./row_kernel.ts";

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

/** What the module of an engine that sends integers of several sizes has. */
export interface IntKernelCode extends RowKernelCode {
  readonly int16: DecodeFixed;
  readonly int32: DecodeFixed;
  int64(from: number, to: number, signed: number): number;
}

/** The loops of such an engine. */
export interface IntLoops {
  narrow(
    ...args: [...Parameters<Loop<Int16Builder | Int32Builder>>, bits: 16 | 32]
  ): void;
  wide(...args: [...Parameters<Loop<WordsBuilder>>, signed: boolean]): void;
}

/** The same for integers, whatever size they were sent in. */
export function intDecoder<C extends IntKernelCode>(
  { bits, signed }: Extract<RivetType, { kind: "int" }>,
  { narrow, wide }: IntLoops,
): ColumnDecoder<C> {
  switch (bits) {
    case 16:
      return fixedDecoder(
        makeBuilder("i16"),
        (code: C, from, to) => code.int16(from, to),
        (block, from, to, builder) => narrow(block, from, to, builder, bits),
      );
    case 32:
      return fixedDecoder(
        makeBuilder("i32"),
        (code: C, from, to) => code.int32(from, to),
        (block, from, to, builder) => narrow(block, from, to, builder, bits),
      );
    case 64:
      return fixedDecoder(
        makeBuilder("i64"),
        (code: C, from, to) => code.int64(from, to, signed ? 1 : 0),
        (block, from, to, builder) => wide(block, from, to, builder, signed),
      );
  }
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
