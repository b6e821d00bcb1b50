/** The loops over PostgreSQL's rows in WebAssembly (`kernel.as`). */
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
    type: number,
    columns: number,
    stride: number,
    row: number,
    bytes: number,
    maxRowBytes: number,
    maxBytes: number,
  ): number;
  readonly fixed2: DecodeFixed;
  readonly fixed4: DecodeFixed;
  readonly fixed8: DecodeFixed;
  readonly date: DecodeFixed;
  readonly time: DecodeFixed;
  readonly timestamp: DecodeFixed;
  decimal(from: number, to: number, precision: number, scale: number): number;
}

/** A memory that rows are received into. */
export type Kernel = RowKernel<KernelCode>;

/** One for a connection, as long as it is open. */
export const kernels: RowKernels<KernelCode> = new RowKernels(WASM);
