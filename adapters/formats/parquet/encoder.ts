/** Batches to the bytes of one Parquet file. */
import type { Batch } from "../../../core/batch/batch.ts";
import { RivetError } from "../../../core/base/errors.ts";
import type { RowGroupOptions } from "../../../core/config/loaded.ts";
import type { EncoderOptions, FormatEncoder } from "../../../core/ports/format.ts";
import type { Codec } from "./codecs.ts";
import { ColumnChunkWriter, pageBytes } from "./column_chunk.ts";
import {
  type ChunkIndexes,
  chunkMetadata,
  encodeFooter,
  type FooterConstants,
  type Location,
  type RowGroup,
} from "./footer.ts";
import { columnIndex, offsetIndex } from "./page_index.ts";
import { mayPack } from "./packings.ts";
import type { Leaf } from "./schema.ts";
import { batchBytes, endWithin } from "./sizes.ts";

const MAGIC = new TextEncoder().encode("PAR1");

/** `auto`: enough rows for good pages, few enough that readers of a file work in parallel. */
const AUTO_ROWS = 131_072;
/** `auto`, for wide rows. PLAIN bytes; what is held is compressed. */
const AUTO_BYTES = 64 << 20;

/** About what footer and page index hold for one column chunk. */
const METADATA_BYTES_PER_CHUNK = 250;

interface RowGroupLimits {
  readonly rows: number;
  /** PLAIN bytes. A single row above it is a row group of its own. */
  readonly bytes: number;
}

/** When a row group is complete, in rows and PLAIN bytes. */
export function rowGroupLimits(options: RowGroupOptions): RowGroupLimits {
  switch (options.strategy) {
    case "auto":
      return { rows: AUTO_ROWS, bytes: AUTO_BYTES };
    case "fixed_rows":
      return { rows: options.rows, bytes: Infinity };
    case "fixed_memory":
      return { rows: Infinity, bytes: options.bytes };
  }
}

/** One file's columns, codec and metadata. */
export interface ParquetEncoderOptions {
  readonly leaves: readonly Leaf[];
  readonly codec: Codec;
  readonly rowGroup: RowGroupOptions;
  readonly encoding: EncoderOptions["encoding"];
  readonly bloomFilterColumns: EncoderOptions["bloomFilterColumns"];
  /** Of the same leaves. */
  readonly footer: FooterConstants;
}

/**
 * Rows are encoded into pages as they come, so that what is held of an open row group is compressed;
 * its bytes are handed out when it is complete, because a column chunk must lie in one piece.
 */
export class ParquetEncoder implements FormatEncoder {
  readonly #options: ParquetEncoderOptions;
  readonly #limits: RowGroupLimits;
  readonly #columns: readonly ColumnChunkWriter[];
  readonly #rowGroups: RowGroup[] = [];
  #out: Uint8Array[] = [];
  #groupBytes = 0;
  #rows = 0;
  heldRows = 0;
  bytesWritten = 0;

  constructor(options: ParquetEncoderOptions) {
    this.#options = options;
    this.#limits = rowGroupLimits(options.rowGroup);
    this.#columns = options.leaves.map((leaf) =>
      new ColumnChunkWriter(leaf, options.codec, {
        plainOnly: !mayPack(leaf, options.encoding),
        bloomFilter: options.bloomFilterColumns.includes(leaf.column.name),
        pageBytes: pageBytes(options.leaves.length),
      })
    );
    this.#emit(MAGIC);
  }

  get estimatedBytes(): number {
    const open = this.#columns.reduce((bytes, column) => bytes + column.estimatedBytes, 0);
    const chunks = (this.#rowGroups.length + 1) * this.#columns.length;
    return Math.round(this.bytesWritten + open + chunks * METADATA_BYTES_PER_CHUNK);
  }

  write(batch: Batch): Uint8Array[] {
    this.#checkNulls(batch);
    const { leaves } = this.#options;
    let from = 0;
    while (from < batch.rows) {
      const room = Math.min(batch.rows, from + this.#limits.rows - this.heldRows);
      const budget = this.#limits.bytes - this.#groupBytes;
      let to = endWithin(from, room, budget, (end) => batchBytes(leaves, batch, from, end));
      if (to === from) {
        if (this.heldRows > 0) {
          this.#closeRowGroup();
          continue;
        }
        to = from + 1;
      }
      this.#columns.forEach((column, c) => column.append(batch.data[c], from, to));
      this.heldRows += to - from;
      this.#groupBytes += batchBytes(leaves, batch, from, to);
      from = to;
      if (this.heldRows >= this.#limits.rows) this.#closeRowGroup();
    }
    for (const column of this.#columns) column.own();
    return this.#take();
  }

  flush(): Uint8Array[] {
    this.#closeRowGroup();
    return this.#take();
  }

  finish(): Uint8Array[] {
    this.#closeRowGroup();
    const indexes = this.#writeIndexes();
    const { codec, footer: constants } = this.#options;
    const footer = encodeFooter({
      constants,
      rows: this.#rows,
      rowGroups: this.#rowGroups,
      indexes,
      codec: codec.id,
    });
    this.#emit(footer);
    const length = new Uint8Array(4);
    new DataView(length.buffer).setUint32(0, footer.length, true);
    this.#emit(length);
    this.#emit(MAGIC);
    return this.#take();
  }

  #closeRowGroup(): void {
    if (this.heldRows === 0) return;
    const closed = this.#columns.map((column) => {
      const chunk = column.close();
      const offset = this.bytesWritten;
      for (const part of chunk.parts) this.#emit(part);
      return { chunk, offset };
    });
    // Filters behind the chunks, which a reader takes in one piece.
    const chunks = closed.map(({ chunk, offset }) =>
      chunkMetadata(chunk, offset, {
        columnIndex: columnIndex(chunk.leaf.order, chunk.pages),
        offsetIndex: offsetIndex(chunk.pages, offset),
        bloomFilter: chunk.bloomFilter === null ? null : this.#place(chunk.bloomFilter),
      })
    );
    this.#rowGroups.push({ rows: this.heldRows, chunks });
    this.#rows += this.heldRows;
    this.heldRows = 0;
    this.#groupBytes = 0;
  }

  /** All ColumnIndexes, then all OffsetIndexes, as PageIndex.md lays them out. */
  #writeIndexes(): ChunkIndexes[][] {
    const columns = this.#rowGroups.map((group) =>
      group.chunks.map(({ columnIndex }) => columnIndex === null ? null : this.#place(columnIndex))
    );
    const offsets = this.#rowGroups.map((group) =>
      group.chunks.map(({ offsetIndex }) => this.#place(offsetIndex))
    );
    return columns.map((group, g) => group.map((column, c) => ({ column, offset: offsets[g][c] })));
  }

  #place(bytes: Uint8Array): Location {
    const offset = this.bytesWritten;
    this.#emit(bytes);
    return { offset, length: bytes.length };
  }

  /** A NULL in a required column cannot be written; it would shift every value after it. */
  #checkNulls(batch: Batch): void {
    this.#options.leaves.forEach(({ column }, c) => {
      if (column.nullable || batch.data[c].nullCount === 0) return;
      throw new RivetError("INTERNAL", `column "${column.name}" is NOT NULL but a NULL came`);
    });
  }

  #emit(bytes: Uint8Array): void {
    this.#out.push(bytes);
    this.bytesWritten += bytes.length;
  }

  #take(): Uint8Array[] {
    const out = this.#out;
    this.#out = [];
    return out;
  }
}
