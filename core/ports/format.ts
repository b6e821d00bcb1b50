/**
 * The format port: batches in, bytes of one file out. Pure: an encoder does no I/O, so that the same
 * code runs on the main thread, in a Worker and in tests.
 *
 * Order: `write`* -> `finish` once. The returned chunks, concatenated in order, are the file.
 */
import type { FileBytes } from "../base/file_bytes.ts";
import type { Batch } from "../batch/batch.ts";
import type { CsvOptions, ParquetEncoding, RowGroupOptions } from "../config/loaded.ts";
import type { Column } from "../types/types.ts";

/** What a file can be compressed with. */
export type CompressionName = "zstd" | "snappy" | "gzip" | "lz4" | "none";

/** What can compress a file as a whole, so that the usual programs open it. */
export type WholeFileCodec = Extract<CompressionName, "zstd" | "gzip">;

/** By which a table knows a column. */
export interface FieldIds {
  readonly id: number;
  /** Of a list's elements. */
  readonly elementId?: number;
  /** JSON goes as text, without a word of its own: the table has one type for both. */
  readonly jsonAsText: boolean;
  /** Readers of the table disagree about the order of its values: nothing is to be skipped by it. */
  readonly withoutBounds?: boolean;
}

/** How one file is encoded; what a format has no use for, it ignores. */
export interface EncoderOptions {
  readonly compression: CompressionName;
  /** zstd 1..22, gzip 0..10; ignored by the other codecs. */
  readonly compressionLevel: number;
  readonly rowGroup: RowGroupOptions;
  readonly encoding: ParquetEncoding;
  /** Those whose column chunks get a Bloom filter. */
  readonly bloomFilterColumns: readonly string[];
  readonly csv: CsvOptions;
  /** By column name, for files of a table that knows columns by number. */
  readonly fieldIds?: ReadonlyMap<string, FieldIds>;
  /** File-level key-value metadata. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** The encoder of one file; used by one caller at a time. */
export interface FormatEncoder {
  /**
   * Encodes what completes; of the rest a copy is kept, so that the batch's buffers are free afterwards. What is handed
   * out, here and by the others, is the caller's: the encoder does not look at it again.
   */
  write(batch: Batch): Uint8Array[];
  /** The last bytes of the file (rows still held, footer). */
  finish(): Uint8Array[];
  /** Bytes handed out so far. */
  readonly bytesWritten: number;
  /**
   * Bytes the file would have if finished now, rows still held included as an estimate. A file is split
   * only between row groups, and only when `heldRows` is 0.
   */
  readonly estimatedBytes: number;
  /** Rows given but not yet encoded. */
  readonly heldRows: number;
  /** Encodes the held rows as a row group of their own. */
  flush(): Uint8Array[];
}

/** The least or the greatest value of a column in a file, or one beyond it. */
export interface StoredBound {
  /** Base64 of the value in Parquet's PLAIN encoding, without a length before it. */
  readonly value: string;
  /** Some row has this very value. */
  readonly exact: boolean;
}

/** What a file says of one of its columns. Of a list: of its elements. */
export interface ColumnStatistics {
  /** The names from the column down to the values: one, but for a list. */
  readonly path: readonly string[];
  /** NULLs included. */
  readonly values: number;
  readonly nulls: number;
  /** Compressed. */
  readonly bytes: number;
  /** null: there is no value, or none but NaN. */
  readonly min: StoredBound | null;
  readonly max: StoredBound | null;
  /** By which a table knows the values; null where the file has no numbers. */
  readonly fieldId?: number | null;
}

/** What a finished file says of its content, by which readers skip it. JSON keeps it. */
export interface FileStatistics {
  readonly columns: readonly ColumnStatistics[];
  /** Where its row groups begin: a reader may start there. */
  readonly splits: readonly number[];
}

/** What is wrong with a file, and where. Property names are those of the JSON that reports it. */
export interface FileProblem {
  /** One sentence, which names the place. */
  readonly message: string;
  readonly column: string | null;
  /** From 0, as the file counts them. */
  readonly row_group: number | null;
  /** Of the column in its row group, the dictionary not counted: from 0. */
  readonly page: number | "dictionary" | null;
  /** From the file's beginning; of a file that is compressed as a whole, as it is unpacked. */
  readonly offset: number | null;
}

/** What a file is checked against. */
export interface ExpectedFile {
  /** A `CompressionName`, of whatever version. */
  readonly compression: string;
  /** Names of the columns, in their order; null: not known. */
  readonly columns: readonly string[] | null;
}

/** A file that was gone through from its first byte to its last. */
export type CheckedFile =
  | { readonly rows: number; readonly problem: null }
  | { readonly rows: null; readonly problem: FileProblem };

/** A file format, and the way back that `--validate` takes. */
export interface Format {
  readonly name: "parquet" | "csv";
  readonly extension: string;
  /**
   * Present where compression is not the encoder's: whoever writes the file compresses it as a whole, and
   * its name goes on with what the codec has here.
   */
  readonly wholeFile?: Readonly<Record<WholeFileCodec, string>>;
  /** Loads what the options need (codecs, Arrow schema) and opens an encoder for one file. */
  open(columns: readonly Column[], options: EncoderOptions): Promise<FormatEncoder>;
  /**
   * Goes through a finished file as a reader would, in bounded memory: that it has the format's structure from end to
   * end, that what it says of itself is so, and how many rows it holds. What is wrong is an answer; only what kept it
   * from being read is thrown.
   */
  check(file: FileBytes, expected: ExpectedFile): Promise<CheckedFile>;
  /** Read back from a finished local file; absent where files say nothing of their content. */
  readonly statistics?: (path: string) => Promise<FileStatistics>;
}

/** What compresses the format's files as a whole; null: nothing does. */
export function wholeFileCodec(
  { wholeFile }: Pick<Format, "wholeFile">,
  compression: CompressionName,
): WholeFileCodec | null {
  if (wholeFile === undefined) return null;
  return compression === "gzip" || compression === "zstd" ? compression : null;
}

/** What the names of the format's files end in, without the first point. */
export function fileExtension(
  format: Pick<Format, "extension" | "wholeFile">,
  compression: CompressionName,
): string {
  const codec = wholeFileCodec(format, compression);
  return codec === null ? format.extension : `${format.extension}.${format.wholeFile?.[codec]}`;
}
