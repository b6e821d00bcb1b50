/** The Parquet format: what `formats` registers. */
import type { Column } from "../../../core/types/types.ts";
import type { EncoderOptions, Format, FormatEncoder } from "../../../core/ports/format.ts";
import { openCodec } from "./codecs.ts";
import { ParquetEncoder } from "./encoder.ts";
import { fileConstants } from "./file_constants.ts";
import { fileStatistics } from "./file_statistics.ts";

/** Parquet, as the port has it. */
export const parquet: Format = {
  name: "parquet",
  extension: "parquet",

  async open(columns: readonly Column[], options: EncoderOptions): Promise<FormatEncoder> {
    const { leaves, footer } = fileConstants(columns, options);
    const codec = await openCodec(options);
    const { rowGroup, encoding, bloomFilterColumns } = options;
    return new ParquetEncoder({
      leaves,
      codec,
      rowGroup,
      encoding,
      bloomFilterColumns,
      footer,
    });
  },

  async check(file, expected) {
    const { check }: typeof import("./check.ts") = await import("./check.ts" as string);
    return await check(file, expected);
  },
  statistics: fileStatistics,
};
