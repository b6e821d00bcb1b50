/** Blocks of an export about what its files hold: `parquet:`, `quality:`, `meta_columns:`. */
import type { Infer } from "../../base/shape.ts";
import { s } from "../../base/shapes.ts";
import { nonNegative, positive, text } from "./fields.ts";

/** `target_row_group_mb` when it is not chosen. */
export const DEFAULT_ROW_GROUP_MB = 128;

/** `parquet:`, ignored with a warning for other formats. */
export const parquetSchema = s.strictObject({
  row_group_strategy: s.enum(["auto", "fixed_rows", "fixed_memory"]).default("auto").describe(
    "auto: sized by the writer. fixed_rows: row_group_rows each. fixed_memory: about target_row_group_mb each. Default: auto.",
  ),
  row_group_rows: positive.optional().describe("Rows per row group, with fixed_rows."),
  target_row_group_mb: positive.default(DEFAULT_ROW_GROUP_MB).describe(
    `Uncompressed size of a row group to aim for, in MiB. Default: ${DEFAULT_ROW_GROUP_MB}.`,
  ),
  max_row_group_mb: positive.optional().describe(
    "Uncompressed size that no row group exceeds, in MiB. Default: no limit beyond the target.",
  ),
  encoding: s.enum(["auto", "smallest", "plain"]).default("auto").describe(
    "auto: per column, a dictionary or the smaller of plain and delta forms. smallest: floats as streams of their bytes and JSON in delta form too, which fewer readers open. plain: dictionaries and plain values alone, for readers that know no others. Default: auto.",
  ),
  bloom_filter_columns: s.array(text).min(1).optional().describe(
    "Columns with a Bloom filter per row group, by which readers that look for single values skip row groups. Not for booleans and floats. Default: none.",
  ),
}).describe("Layout of Parquet files.");

export const csvSchema = s.strictObject({
  escape_formulas: s.boolean().default(false).describe(
    "Puts a ' before text that a spreadsheet would take for a formula: one that begins with =, +, -, @, a tab or a line end. Default: false.",
  ),
  null: s.string().regex(
    /^(?:[^",\s](?:[^",\r\n]*[^",\s])?)?$/,
    "must have no quote, comma or line end in it, and no space at either end",
  ).optional().describe(
    'What stands for NULL, e.g. "\\N"; a value that is this very text is quoted. Default: an empty field.',
  ),
  fractions: s.enum(["always", "when_needed"]).default("always").describe(
    "Fractions of a second: always six digits (nine for nanoseconds), or none where they are zero. Default: always.",
  ),
}).describe("What CSV files look like.");

/** `quality:`; defaults are filled in by `resolveQuality`. */
export const qualitySchema = s.strictObject({
  row_count_min: nonNegative.optional().describe("Fail when the run reads fewer rows."),
  row_count_max: nonNegative.optional().describe("Fail when the run reads more rows."),
  null_ratio_max: s.record(s.number().min(0).max(1)).optional().describe(
    "Per column: fail when more than this share of its values (0..1) is NULL.",
  ),
  unique_columns: s.array(text).min(1).optional().describe(
    "Columns whose values must not repeat within a run, each on its own.",
  ),
  unique_max_entries: positive.optional().describe(
    "Distinct values remembered per unique column; beyond it the check is given up with a warning. Default: 10,000,000.",
  ),
}).describe(
  "Checks over the rows of a run. A failed one fails the run after the parts are written and before the cursor moves.",
);

/** `meta_columns:`. */
export const metaColumnsSchema = s.strictObject({
  exported_at: s.boolean().default(false).describe(
    "Adds _rivet_exported_at, Timestamp(us, UTC): when the run read the row. Default: false.",
  ),
  row_hash: s.union([s.boolean(), s.array(text).min(1)]).default(false).describe(
    "Adds _rivet_row_hash, Int64: the low 64 bits of xxh3-128 over all columns (true) or the listed ones. Default: false.",
  ),
}).describe("Columns that Rivet adds to every row.");

/** The block after parsing, with its defaults. */
export type ParquetConfig = Infer<typeof parquetSchema>;
/** The block after parsing, as it is written. */
export type QualityConfig = Infer<typeof qualitySchema>;
/** The block after parsing, with its defaults. */
export type MetaColumnsConfig = Infer<typeof metaColumnsSchema>;
