/** Row tokens in, batches out. */
import type { Batch } from "../../../core/batch/batch.ts";
import { BatchBuilder } from "../../../core/batch/batch_builder.ts";
import { SourceError } from "../../../core/base/errors.ts";
import type { ReadRequest } from "../../../core/ports/source.ts";
import type { Column } from "../../../core/types/types.ts";
import { checkNotNull } from "../kit/not_null.ts";
import { ChecksumForm } from "./checksum.ts";
import { type ColumnDecoder, columnDecoder } from "./decoders.ts";
import { type ColumnMetadata, type Field, fieldOf } from "./fields.ts";
import { type Kernel, kernels } from "./kernel/kernel.ts";
import { RowBuffer } from "./rows.ts";
import type { RowSink } from "./wire/tokens.ts";

export type DecodeOptions = Pick<ReadRequest, "batchBytes" | "batchRows" | "maxValueBytes"> & {
  /** The columns of a result with these fields. */
  readonly columns: (fields: readonly Field[]) => readonly Column[];
} & Pick<ReadRequest, "checksum">;

/** The decoders of one result, made when its first row comes. */
interface Result {
  readonly metadata: readonly ColumnMetadata[];
  readonly columns: readonly Column[];
  readonly buffer: RowBuffer;
  readonly decoders: readonly ColumnDecoder[];
  readonly batch: BatchBuilder;
  readonly form: ChecksumForm | null;
}

/**
 * Decodes rows as they arrive, a column at a time, so that every loop is of one kind. After a failure,
 * which is reported once, rows are only measured, so that the tokens behind them are still found.
 */
export class RowDecoder implements RowSink {
  readonly #options: DecodeOptions;
  readonly #onBatch: (batch: Batch) => void;
  readonly #onFailure: (error: unknown) => void;
  /** What is ordinary is done in its memory; undefined until there are rows. */
  #kernel: Kernel | null | undefined;
  #result: Result | null = null;
  #dropping = false;

  /** @param kernel default: one that nobody uses. */
  constructor(
    options: DecodeOptions,
    onBatch: (batch: Batch) => void,
    onFailure: (error: unknown) => void,
    kernel?: Kernel | null,
  ) {
    this.#kernel = kernel;
    this.#options = options;
    this.#onBatch = onBatch;
    this.#onFailure = onFailure;
  }

  get withinRow(): boolean {
    return (this.#result?.buffer.pending ?? 0) > 0;
  }

  append(columns: readonly ColumnMetadata[], bytes: Uint8Array): void {
    this.#resultFor(columns).buffer.append(bytes);
  }

  take(): Uint8Array | null {
    const result = this.#result;
    if (result === null) return null;
    this.#decode(result);
    const { buffer } = result;
    return buffer.pending === 0 || buffer.withinRow ? null : buffer.rest();
  }

  /** From now on rows are dropped. */
  drop(): void {
    this.#dropping = true;
  }

  /** Hands over the rows of the last, incomplete batch. */
  finish(): void {
    const result = this.#result;
    if (result !== null && !this.#dropping && result.batch.rows > 0) this.#give(result);
  }

  /** Idempotent. The statement is over: where it was laid out is the next one's place. */
  release(): void {
    this.drop();
    this.#result?.buffer.release();
    if (this.#kernel) kernels.close(this.#kernel);
    this.#kernel = null;
  }

  #resultFor(metadata: readonly ColumnMetadata[]): Result {
    if (this.#result?.metadata === metadata) return this.#result;
    this.#result?.buffer.release();
    const fields = metadata.map(fieldOf);
    const { batchBytes, batchRows, maxValueBytes } = this.#options;
    let columns: readonly Column[] = [];
    let decoders: ColumnDecoder[] = [];
    try {
      columns = this.#options.columns(fields);
      if (columns.length !== fields.length) {
        throw new SourceError(
          "SOURCE_QUERY",
          `SQL Server sent ${fields.length} columns instead of ${columns.length}`,
          { hint: "Did the table change while it was read? Run the export again." },
        );
      }
      decoders = columns.map((column, i) => columnDecoder(column, fields[i], maxValueBytes));
    } catch (error) {
      this.#fail(error);
    }
    const batch = new BatchBuilder(columns, decoders.map((decoder) => decoder.builder), {
      bytes: batchBytes,
      rows: batchRows,
    });
    if (this.#kernel === undefined) this.#kernel = kernels.open();
    const buffer = new RowBuffer(fields, maxValueBytes, this.#kernel);
    if (this.#dropping) buffer.unlimit();
    const { checksum } = this.#options;
    const form = checksum === undefined ? null : new ChecksumForm(checksum, fields);
    this.#result = { metadata, columns, buffer, decoders, batch, form };
    return this.#result;
  }

  #decode(result: Result): void {
    for (;;) {
      try {
        const { block, rows, byteLength } = result.buffer.next();
        if (rows === 0) return;
        if (this.#dropping) continue;
        result.form?.add(block, rows);
        if (result.batch.wouldOverflow(byteLength * 2)) this.#give(result);
        for (let from = 0; from < rows;) {
          const to = Math.min(rows, from + result.batch.freeRows);
          for (let c = 0; c < result.decoders.length; c++) {
            const base = c * block.stride;
            result.decoders[c].decode(block, base + from, base + to);
          }
          from = to;
          if (result.batch.full) this.#give(result);
        }
      } catch (error) {
        this.#fail(error);
        result.buffer.unlimit();
      }
    }
  }

  #fail(error: unknown): void {
    if (!this.#dropping) this.#onFailure(error);
    this.#dropping = true;
  }

  #give(result: Result): void {
    const batch = result.batch.finish();
    checkNotNull(batch, result.columns);
    this.#onBatch(batch);
  }
}
