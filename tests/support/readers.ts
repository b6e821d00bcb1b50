/**
 * Parquet and CSV files read by programs that we did not write, for comparing with what was meant.
 *
 * Each reader takes its column types from the file alone and returns values as `batches.ts` writes them
 * (decimals unscaled, times in ticks), so that `type` and `rows` can be compared exactly. `textRows` prints
 * them as PostgreSQL's `::text` would.
 */
import type { RivetType } from "../../core/types/types.ts";
import type { Value } from "./batches.ts";
import { postgresText } from "./postgres_text.ts";
import { readDuckdb } from "./read_duckdb.ts";
import { readHyparquet } from "./read_hyparquet.ts";
import { readParquetWasm } from "./read_parquet_wasm.ts";

export { queryDuckdb, readCsv, readDuckdb } from "./read_duckdb.ts";
export { readHyparquet } from "./read_hyparquet.ts";
export { arrowSchemaOf, readParquetWasm } from "./read_parquet_wasm.ts";

export interface ReadColumn {
  readonly name: string;
  /** As the reader understood the column. */
  readonly type: RivetType;
}

export interface ReadFile {
  readonly columns: readonly ReadColumn[];
  readonly rows: readonly (readonly Value[])[];
}

export type ParquetReader = (path: string) => Promise<ReadFile>;

/** By name, for a test per reader. */
export const PARQUET_READERS: Readonly<Record<string, ParquetReader>> = {
  duckdb: readDuckdb,
  "parquet-wasm": readParquetWasm,
  hyparquet: readHyparquet,
};

/** Every value as PostgreSQL's `::text` prints it (time zone UTC, bytea as hex, no padding of fractions). */
export function textRows(file: ReadFile): (string | null)[][] {
  return file.rows.map((row) => row.map((value, c) => postgresText(file.columns[c].type, value)));
}
