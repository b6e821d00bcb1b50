/** The Parquet format: what `formats` registers. */
import type { Column, RivetType } from "../../../core/types/types.ts";
import type { EncoderOptions, Format, FormatEncoder } from "../../../core/ports/format.ts";
import { ARROW_SCHEMA_KEY, encodeArrowSchema } from "./arrow_schema.ts";
import { openCodec } from "./codecs.ts";
import { countRows } from "./count_rows.ts";
import { ParquetEncoder } from "./encoder.ts";
import { fileStatistics } from "./file_statistics.ts";
import { leafOf } from "./schema.ts";

function withoutJson(column: Column): Column {
  const text = (type: RivetType): RivetType => {
    if (type.kind === "json") return { kind: "text" };
    return type.kind === "list" ? { kind: "list", element: text(type.element) } : type;
  };
  return { ...column, type: text(column.type) };
}

/** Parquet, as the port has it. */
export const parquet: Format = {
  name: "parquet",
  extension: "parquet",

  async open(given: readonly Column[], options: EncoderOptions): Promise<FormatEncoder> {
    const idsOf = ({ name }: Column) => options.fieldIds?.get(name);
    const columns = given.map((column) => idsOf(column)?.jsonAsText ? withoutJson(column) : column);
    const leaves = columns.map((column) => leafOf(column, idsOf(column)));
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
