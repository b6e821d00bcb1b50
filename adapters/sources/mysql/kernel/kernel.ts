/** The loops over MySQL's rows in WebAssembly (`kernel.as`). */
import {
  type DecodeFixed,
  type RowKernel,
  type RowKernelCode,
  RowKernels,
} from "../../kit/kernel/row_kernel.ts";
import { WASM } from "./wasm.ts";

/** What `kernel.as` exports. */
export interface KernelCode extends RowKernelCode {
  layOut(
    start: number,
    end: number,
    columns: number,
    stride: number,
    row: number,
    bytes: number,
    sequence: number,
    maxRowBytes: number,
    maxBytes: number,
  ): number;
  readonly int16: DecodeFixed;
  readonly int32: DecodeFixed;
  int64(from: number, to: number, signed: number): number;
  readonly float64: DecodeFixed;
  float32(from: number, to: number, exact: number): number;
  decimal(from: number, to: number, precision: number, scale: number): number;
  readonly uuidText: DecodeFixed;
  readonly date: DecodeFixed;
  readonly time: DecodeFixed;
  timestamp(from: number, to: number, ticks: number): number;
}

/** A memory that rows are received into. */
export type Kernel = RowKernel<KernelCode>;

/** One for a statement, as long as it runs. */
export const kernels: RowKernels<KernelCode> = new RowKernels(WASM);
