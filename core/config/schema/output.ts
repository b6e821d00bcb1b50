/** Blocks of an export about what its files hold: `parquet:`, `quality:`, `meta_columns:`. */
import * as v from "valibot";
import { nonNegative, number, positive, record, strictObject, text } from "../../base/schema.ts";
import { defaulted, described, optional } from "./fields.ts";

/** `target_row_group_mb` when it is not chosen. */
export const DEFAULT_ROW_GROUP_MB = 128;

/** `parquet:`, ignored with a warning for other formats. */
export const parquetSchema = described(
  strictObject({
    row_group_strategy: defaulted(
      v.picklist(["auto", "fixed_rows", "fixed_memory"]),
      "auto",
      "auto: sized by the writer. fixed_rows: row_group_rows each. fixed_memory: about target_row_group_mb each. Default: auto.",
    ),
    row_group_rows: optional(positive, "Rows per row group, with fixed_rows."),
    target_row_group_mb: defaulted(
      positive,
      DEFAULT_ROW_GROUP_MB,
      `Uncompressed size of a row group to aim for, in MiB. Default: ${DEFAULT_ROW_GROUP_MB}.`,
    ),
    max_row_group_mb: optional(
      positive,
      "Uncompressed size that no row group exceeds, in MiB. Default: no limit beyond the target.",
    ),
    encoding: defaulted(
      v.picklist(["auto", "smallest", "plain"]),
      "auto",
      "auto: per column, a dictionary or the smaller of plain and delta forms. smallest: floats as streams of their bytes and JSON in delta form too, which fewer readers open. plain: dictionaries and plain values alone, for readers that know no others. Default: auto.",
    ),
    bloom_filter_columns: optional(
      v.pipe(v.array(text), v.minLength(1)),
      "Columns with a Bloom filter per row group, by which readers that look for single values skip row groups. Not for booleans and floats. Default: none.",
    ),
  }),
  "Layout of Parquet files.",
);

export const csvSchema = described(
  strictObject({
    escape_formulas: defaulted(
      v.boolean(),
      false,
      "Puts a ' before text that a spreadsheet would take for a formula: one that begins with =, +, -, @, a tab or a line end. Default: false.",
    ),
    null: optional(
      v.pipe(
        v.string(),
        v.regex(
          /^(?:[^",\s](?:[^",\r\n]*[^",\s])?)?$/,
          "must have no quote, comma or line end in it, and no space at either end",
        ),
      ),
      'What stands for NULL, e.g. "\\N"; a value that is this very text is quoted. Default: an empty field.',
    ),
    fractions: defaulted(
      v.picklist(["always", "when_needed"]),
      "always",
      "Fractions of a second: always six digits (nine for nanoseconds), or none where they are zero. Default: always.",
    ),
  }),
  "What CSV files look like.",
);

/** `quality:`; defaults are filled in by `resolveQuality`. */
export const qualitySchema = described(
  strictObject({
    row_count_min: optional(nonNegative, "Fail when the run reads fewer rows."),
    row_count_max: optional(nonNegative, "Fail when the run reads more rows."),
    null_ratio_max: optional(
      record(v.pipe(number, v.minValue(0), v.maxValue(1))),
      "Per column: fail when more than this share of its values (0..1) is NULL.",
    ),
    unique_columns: optional(
      v.pipe(v.array(text), v.minLength(1)),
      "Columns whose values must not repeat within a run, each on its own.",
    ),
    unique_max_entries: optional(
      positive,
      "Distinct values remembered per unique column; beyond it the check is given up with a warning. Default: 10,000,000.",
    ),
  }),
  "Checks over the rows of a run. A failed one fails the run after the parts are written and before the cursor moves.",
);

/** `meta_columns:`. */
export const metaColumnsSchema = described(
  strictObject({
    exported_at: defaulted(
      v.boolean(),
      false,
      "Adds _rivet_exported_at, Timestamp(us, UTC): when the run read the row. Default: false.",
    ),
    row_hash: defaulted(
      v.union([v.boolean(), v.pipe(v.array(text), v.minLength(1))]),
      false,
      "Adds _rivet_row_hash, Int64: the low 64 bits of xxh3-128 over all columns (true) or the listed ones. Default: false.",
    ),
  }),
  "Columns that Rivet adds to every row.",
);

/** The block after parsing, with its defaults. */
export type ParquetConfig = v.InferOutput<typeof parquetSchema>;
/** The block after parsing, as it is written. */
export type QualityConfig = v.InferOutput<typeof qualitySchema>;
/** The block after parsing, with its defaults. */
export type MetaColumnsConfig = v.InferOutput<typeof metaColumnsSchema>;
