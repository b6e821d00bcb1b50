/** The loops over rows of TDS in WebAssembly (`kernel.as`). */
import {
  type DecodeFixed,
  type RowKernel,
  type RowKernelCode,
  RowKernels,
} from "../../kit/kernel/row_kernel.ts";
import { WASM } from "./wasm.ts";

/** Where parts of the memory that are this engine's own begin, as in `kernel.as`. */
const PREFIXES = 0x54000;
const CODE_PAGE = 0x58000;
const CODE_PAGE_ENTRIES = 128;
/** More than a SELECT may have. */
export const MAX_COLUMNS = 4096;

/** What `kernel.as` exports. */
export interface KernelCode extends RowKernelCode {
  layOut(
    start: number,
    end: number,
    columns: number,
    stride: number,
    row: number,
    bytes: number,
    maxRowBytes: number,
    maxBytes: number,
  ): number;
  readonly int16: DecodeFixed;
  readonly int32: DecodeFixed;
  int64(from: number, to: number, signed: number): number;
  readonly float32: DecodeFixed;
  readonly float64: DecodeFixed;
  readonly decimal: DecodeFixed;
  readonly money: DecodeFixed;
  readonly date: DecodeFixed;
  time(from: number, to: number, times: number, by: number): number;
  moment(
    from: number,
    to: number,
    tail: number,
    times: number,
    by: number,
    nanos: number,
  ): number;
  datetime(from: number, to: number, nanos: number): number;
  utf16(from: number, to: number, used: number, maxBytes: number): number;
  codePage(from: number, to: number, used: number, maxBytes: number): number;
}

/** A memory that rows are received into. */
export type Kernel = RowKernel<KernelCode>;

/** One for a statement, as long as it runs. */
export const kernels: RowKernels<KernelCode> = new RowKernels(WASM);

/** How the lengths of the columns' values are written, for `layOut`. */
export function setPrefixes({ code }: Kernel, prefixes: Int32Array): void {
  new Int32Array(code.memory.buffer, PREFIXES, MAX_COLUMNS).set(prefixes);
}

/** The code page of the next `codePage`. */
export function setCodePage({ memory }: KernelCode, table: Uint32Array): void {
  new Uint32Array(memory.buffer, CODE_PAGE, CODE_PAGE_ENTRIES).set(table);
}
