/** The Parquet format: what `formats` registers. */
import type { Column } from "../../../core/types/types.ts";
import type { EncoderOptions, Format, FormatEncoder } from "../../../core/ports/format.ts";
import { ARROW_SCHEMA_KEY, encodeArrowSchema } from "./arrow_schema.ts";
import { openCodec } from "./codecs.ts";
import { countRows } from "./count_rows.ts";
import { ParquetEncoder } from "./encoder.ts";
import { fileStatistics } from "./file_statistics.ts";
import { leafOf } from "./schema.ts";

/** Parquet, as the port has it. */
export const parquet: Format = {
  name: "parquet",
  extension: "parquet",

  async open(columns: readonly Column[], options: EncoderOptions): Promise<FormatEncoder> {
    const leaves = columns.map(leafOf);
    const codec = await openCodec(options);
    const keyValues = { ...options.metadata, [ARROW_SCHEMA_KEY]: encodeArrowSchema(columns) };
    const { rowGroup, encoding, bloomFilterColumns } = options;
    return new ParquetEncoder({
      leaves,
      codec,
      rowGroup,
      encoding,
      bloomFilterColumns,
      keyValues,
    });
  },

  countRows,
  statistics: fileStatistics,
};
