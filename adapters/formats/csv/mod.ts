/**
 * The CSV format: RFC 4180 fields under a header (contracts section 9).
 *
 * - NULL is an empty field, an empty string is `""`; fields are quoted only when they must be.
 * - Rows end in a line feed alone: readers take it as they take CR LF, and line counts come out right.
 * - Booleans are `true` / `false`; decimals have all digits of their scale; floats are the shortest text that
 *   reads back equal, `NaN`, `inf` or `-inf`; binary is lowercase hex; lists are JSON arrays (`lists.ts`);
 *   dates and times are ISO 8601, timestamps with `Z` when they are UTC (`temporal.ts`).
 * - `escape_formulas` puts a `'` before text, a column's name too, that a spreadsheet would calculate.
 * - Compression is around the file as a whole; row groups do not apply.
 */
import type { Format } from "../../../core/ports/format.ts";
import { CsvEncoder } from "./encoder.ts";

/**
 * A part is its rows as UTF-8 under one header line; a gzip or zstd file is compressed as a whole.
 */
export const csv: Format = {
  name: "csv",
  extension: "csv",
  wholeFile: { gzip: "gz", zstd: "zst" },
  open: (columns, { csv: options }) => Promise.resolve(new CsvEncoder(columns, options)),
  async check(file, expected) {
    const { check }: typeof import("./check.ts") = await import("./check.ts" as string);
    return await check(file, expected);
  },
};
